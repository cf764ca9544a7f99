//! Where releases go: a folder with a link that is switched, or a command that is handed the file.
//!
//! What is deployed is what was verified: the file is opened once, copied while its digest is taken,
//! and only that copy is ever used. The log speaks first and the target follows: after a crash
//! between the two, [`settle`] brings the target to what the log says.

pub mod error;
pub mod staged;
pub mod target;

pub mod home;
pub mod copy;
pub mod folder;
pub mod command;
pub mod hook;

pub mod health;
pub mod unhealthy;
pub mod settle;
