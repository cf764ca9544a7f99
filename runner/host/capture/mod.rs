//! Reading the trees that steps leave behind, as if a step had laid traps in them.

pub mod error;
pub mod outputs;
pub mod rules;
mod seen_tree;
pub mod snapshot;
