//! What can be typed: subcommands, options and their help texts.

pub mod global;

pub mod alone;

pub mod command;

pub mod build;

pub mod inspect;

pub mod trust;
pub mod key;

pub mod release;
pub mod log;

pub mod machine;
