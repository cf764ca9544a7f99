//! Values and total functions: no disk, network, clock, environment or randomness.

#![forbid(unsafe_code)]

pub mod digest;
pub mod enforcement;
pub mod name;
pub mod rel_path;
pub mod sandbox_spec;
pub mod tree;
