//! The sandbox against the real kernel, as root and as an ordinary user.
//!
//! This program has three lives: it runs the trials, it runs them again as an ordinary user, and inside
//! every sandbox it is the hostile program that makes attempts.

#![expect(
    clippy::print_stdout,
    clippy::exit,
    clippy::unwrap_used,
    clippy::unnecessary_wraps,
    reason = "a test program with a main of its own: it reports to people, panics to fail, and its attempts share one type"
)]

#[cfg(target_arch = "x86_64")]
#[path = "../../seccomp/answers.rs"]
mod answers;
mod attempt;
mod harness;
mod inside;
mod world;

mod clock;
mod factors;
mod file_times;
mod inodes;
mod kernel;
mod lifecycle;
mod limits;
mod namespaces;
mod network;
mod processes;
mod reaping;
mod shared;
mod shell;
mod shift;
mod terminal;
mod writes;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some(attempt::ARGUMENT) => attempt::main(&arguments[2..]),
        _ => harness::main(&arguments[1..]),
    }
}
