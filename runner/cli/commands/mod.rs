//! From arguments to functions of the pipeline, in the groups of [`super::args`].

pub mod build;

pub mod plan;

pub mod shell;

pub mod init;

pub mod inspect;

pub mod sign;

pub mod verify;

pub mod recheck;

pub mod key;

pub mod policy;

pub mod bundle;

pub mod release;

pub mod log;

pub mod machine;
