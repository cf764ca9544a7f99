//! Values and total functions: no disk, network, clock, environment or randomness.

#![forbid(unsafe_code)]

pub mod digest;
pub mod locked_input;
pub mod name;
pub mod purl;
pub mod rel_path;
pub mod tree;
