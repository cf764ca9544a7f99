//! The limits that the kernel does not keep by itself, and the names of those it does.

mod effort;
pub(crate) mod places;
pub(crate) mod processes;
mod sockets;
mod tree_size;
mod unlinked;
pub(crate) mod watcher;
