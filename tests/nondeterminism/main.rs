//! Every way in which a build is known to betray its machine, built twice by the real program.
//!
//! A folder beside this file is a seed: a recipe with one defect, and in `expected.toml` what must
//! be said of it. Each is built under the profile `strict`, where a defect must be found, named
//! and placed; then the advice that was given is applied, and the same recipe must be reproducible.
//! `scripts/bench detect` repeats this ten times, under both profiles, beside another tool.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod expected;
mod seed;
mod trial;

use std::process::ExitCode;

fn main() -> ExitCode {
    trial::main()
}
