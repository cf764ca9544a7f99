//! The system calls a build does not need, as a program computed when this crate is compiled.

#[cfg_attr(target_arch = "x86_64", path = "x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "aarch64.rs")]
pub(crate) mod arch;
#[cfg(all(test, target_arch = "x86_64"))]
pub(crate) mod answers;
#[cfg(test)]
pub(crate) mod interpreter;
pub(crate) mod instruction;
pub(crate) mod program;
pub(crate) mod ranges;
pub(crate) mod rules;
