//! The `zwieback` program.

use std::process::ExitCode;

use zwieback_sandbox::nursery;

fn main() -> ExitCode {
    // The program starts itself again to fork its sandboxes; that must cost as little as possible.
    let first = std::env::args_os().nth(1);
    if first.is_some_and(|argument| argument == nursery::ARGUMENT) {
        return nursery::main();
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
