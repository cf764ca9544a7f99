//! Pairs of artifacts made by real tools, each with one known defect: cause, factor and place must be right.

mod archives;
mod documents;
mod programs;
mod texts;
mod twin;
