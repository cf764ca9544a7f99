//! The command line: arguments in, exit codes out, screens in between.

pub mod args;

pub mod commands;

pub mod config;

pub mod env;

pub mod error;

pub mod exit;

pub mod screen;
