//! `zwieback doctor`: what this machine can enforce, found out by doing.

use crate::cli::args::global::Global;
use crate::cli::args::machine::DoctorArgs;
use crate::cli::env;
use crate::cli::screen::answers::{self, Answers};
use crate::pipeline::context::failure::Failure;
use crate::pipeline::machine::doctor;

/// Runs the command.
pub fn run(global: &Global, _args: &DoctorArgs) -> Result<u8, Failure> {
    let end = doctor::run(env::path(env::STORE), &Answers::new(global))?;
    Ok(answers::code(end))
}
