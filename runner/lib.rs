//! Zwieback: hermetic builds, baked twice.
//!
//! Read `pipeline` first: it tells the stories. `cli` turns what a user types into a story and
//! shows how it goes.

#![forbid(unsafe_code)]

pub mod pipeline;

pub mod cli;
