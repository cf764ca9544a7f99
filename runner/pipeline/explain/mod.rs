//! Why the two runs differ, and what was tried to be sure of it.

pub mod differences;
pub mod recorded;
pub mod claim_check;
pub mod confirm;
pub mod further_runs;
pub mod only_b;
mod suspects;
mod trial;
