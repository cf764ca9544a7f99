//! The commands about a log, as its keeper, its witnesses and its readers see it.

pub mod session;
pub mod init;
pub mod add;
pub mod prove;
pub mod read;
pub mod witness;
pub mod show;
pub mod restore;
