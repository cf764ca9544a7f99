//! The doors to the kernel: one file for each kind of call, errors typed, unsafe code explained.

pub(crate) mod capabilities;
pub(crate) mod file;
pub(crate) mod filter;
pub(crate) mod mount;
pub(crate) mod network;
pub(crate) mod process;
pub(crate) mod terminal;
pub(crate) mod trace;
pub(crate) mod user_ids;
