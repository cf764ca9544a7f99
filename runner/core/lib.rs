//! Values and total functions: no disk, network, clock, environment or randomness.

#![forbid(unsafe_code)]

pub mod attest;
pub mod base64;
pub mod digest;
pub mod json;
pub mod name;
pub mod policy;
pub mod rel_path;
pub mod timestamp;
pub mod tree;
pub mod trusted_time;
