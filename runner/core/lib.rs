//! Values and total functions: no disk, network, clock, environment or randomness.

#![forbid(unsafe_code)]

pub mod build;
pub mod digest;
pub mod event;
pub mod glob;
pub mod json;
pub mod locked_input;
pub mod manifest;
pub mod name;
pub mod purl;
pub mod rel_path;
pub mod tree;
pub mod twin;
