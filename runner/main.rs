//! The `zwieback` program.

use std::process::ExitCode;

use zwieback_host::rego;
use zwieback_sandbox::nursery;

fn main() -> ExitCode {
    // The program starts itself again, to fork its sandboxes and for what may end before its time;
    // that must cost as little as possible.
    let first = std::env::args_os().nth(1);
    match first.as_ref().and_then(|it| it.to_str()) {
        Some(nursery::ARGUMENT) => return nursery::main(),
        Some(rego::ARGUMENT) => return rego::main(),
        _ => {}
    }
    // A shell is one sandbox and little else. What is called so may be something else, and then
    // a process has been forked that is not needed.
    if std::env::args_os().any(|argument| argument == "shell")
        && let Some(code) = nursery::plant()
    {
        return code;
    }
    zwieback::cli::run::run()
}
