//! Looks around where a step is about to begin: what would its program see? A program of the sandbox's own
//! is started there and asked, and the files are read that programs read.

pub(crate) mod answers;
pub(crate) mod around;
pub(crate) mod child;
pub(crate) mod folder;
#[cfg(target_arch = "x86_64")]
#[path = "program_x86_64.rs"]
pub(crate) mod program;
#[cfg(not(target_arch = "x86_64"))]
#[path = "no_program.rs"]
pub(crate) mod program;
