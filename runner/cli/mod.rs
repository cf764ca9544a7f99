//! The command line: arguments in, exit codes out, screens in between.

pub mod run;

pub mod args;

pub mod commands;

pub mod session;

pub mod interrupt;

pub mod env;

pub mod error;

pub mod exit;

pub mod screen;
