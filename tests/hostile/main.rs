//! Hostile recipes against the real kernel, run by the real program: as whoever runs the tests,
//! and once more as an ordinary user where that is root.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod corpus;
mod host;
mod outputs;
mod resources;
mod trial;

use std::process::ExitCode;

fn main() -> ExitCode {
    trial::main()
}
