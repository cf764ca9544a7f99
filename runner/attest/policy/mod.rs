//! Policy: what a verified build must be like before it may be used.
//!
//! Verification says who vouches for what; a policy says whether that is enough. It is a value read
//! from `policy.toml`, and a decision is a pure function of it, the verified builds and the clock.

pub mod file;
pub mod rules;

pub mod question;
pub mod decide;
pub mod summary;

pub mod environment;
pub mod input_address;
pub mod rego;
pub mod rego_engine;
pub mod rego_input;
pub mod rego_names;
pub mod rego_reads;
pub mod rego_shape;
pub mod reproduction;
pub mod sandbox_report;
pub mod signed;
pub mod source_pattern;

#[cfg(test)]
pub(crate) mod fixture;
