//! The `zwieback` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    zwieback::cli::run::run()
}
