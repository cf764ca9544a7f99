//! The `zwieback` program.

use std::process::ExitCode;

use zwieback_host::fs::mode::keep_others_out;
use zwieback_host::rego;

fn main() -> ExitCode {
    // The program starts itself again for what may end before its time; that must cost as little as
    // possible.
    let first = std::env::args_os().nth(1);
    if first.is_some_and(|first| first == rego::ARGUMENT) {
        return rego::main();
    }
    keep_others_out();
    zwieback::cli::run::run()
}
