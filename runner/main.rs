//! The `zwieback` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    // The program starts itself again inside its sandbox; that must cost as little as possible.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == "__init")
    {
        return zwieback_sandbox::zygote::main();
    }
    zwieback::cli::run::run()
}
