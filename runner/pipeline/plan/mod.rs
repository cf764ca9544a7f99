//! What is to be built, as the files of a project say it. Nothing is fetched here.

pub mod read;
pub mod graph;
pub mod built;
