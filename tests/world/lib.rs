//! What whole-program tests stand on: the real binary in a home, a project and a store of its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

pub mod site;

pub mod larder;

pub mod world;

pub mod company;

pub mod outcome;

pub mod page;

pub mod source;

pub mod mirror;

pub mod authority;

pub mod skip;
pub mod tells;
