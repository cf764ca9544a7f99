//! The limits that the kernel does not keep by itself, and the names of those it does.

mod effort;
pub(crate) mod places;
pub(crate) mod processes;
pub(crate) mod watcher;
