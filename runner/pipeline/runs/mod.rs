//! The two executions of an action, each in its own sandbox.

pub mod surroundings;
pub mod mounts;
pub mod log;
pub mod advice;
pub mod alone;
pub mod run;
pub mod twice;
pub mod trial_runs;
