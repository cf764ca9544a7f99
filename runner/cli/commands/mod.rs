//! One file a command: arguments to a function, its result to the screen.

pub mod build;

pub mod lock;

pub mod fetch;

pub mod plan;

pub mod shell;

pub mod init;

pub mod show;

pub mod diff;

pub mod explain;

pub mod logs;

pub mod sign;

pub mod verify;

pub mod recheck;

pub mod key;

pub mod policy;

pub mod bundle;

pub mod release;

pub mod log;

pub mod doctor;

pub mod store;

pub mod completions;
