//! What a sandbox is made of, as a value: readable, comparable, and without a kernel.
//!
//! [`spec::SandboxSpec`] is the whole; the crate `zwieback-sandbox` executes it.

pub mod environment;
pub mod identity;
pub mod inside_path;
pub mod limits;
pub mod operation;
pub mod screen;
pub mod spec;
pub mod standard;
pub mod tracing;
