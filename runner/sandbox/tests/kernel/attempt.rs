//! The hostile program: makes the attempt that its arguments name, and prints what came of it.

use std::process::ExitCode;

use nix::errno::Errno;

use crate::{inside, kernel, namespaces, network, processes, terminal, writes};

/// The first argument by which this program knows that it is inside.
pub(crate) const ARGUMENT: &str = "__attempt";

/// What an attempt comes to: a word on success.
pub(crate) type Attempt = Result<String, Errno>;

/// An attempt that must fail, and with what.
pub(crate) type Forbidden = (&'static str, fn() -> Attempt, &'static [Errno]);

/// Makes one attempt.
pub(crate) fn main(arguments: &[String]) -> ExitCode {
    let (name, rest) = arguments.split_first().expect("the name of an attempt");
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let outcome = match forbidden().find(|(known, _, _)| known == name) {
        Some((_, attempt, _)) => attempt(),
        None => inside::perform(name, &rest),
    };
    match outcome {
        Ok(word) => println!("did {word}"),
        Err(errno) => println!("failed {errno:?}"),
    }
    ExitCode::SUCCESS
}

/// Every attempt of every area that must fail.
pub(crate) fn forbidden() -> impl Iterator<Item = &'static Forbidden> {
    [
        network::FORBIDDEN,
        namespaces::FORBIDDEN,
        kernel::FORBIDDEN,
        terminal::FORBIDDEN,
        writes::FORBIDDEN,
        processes::FORBIDDEN,
    ]
    .into_iter()
    .flatten()
}

/// Makes each attempt of a list in a sandbox, and panics over those that do not fail as listed.
pub(crate) fn all_fail(world: &crate::world::World, list: &[Forbidden]) {
    let mut sandbox = world.sandbox(crate::world::limits());
    let mut wrong = Vec::new();
    for (name, _, errnos) in list {
        let (outcome, output) = crate::world::run(&mut sandbox, name, &[]);
        let allowed: Vec<String> = errnos
            .iter()
            .map(|errno| format!("failed {errno:?}"))
            .collect();
        if !allowed.iter().any(|line| line == output.trim_end()) {
            wrong.push(format!(
                "{name}: {} ({}), not {allowed:?}",
                output.trim_end(),
                outcome.ending
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A raw system call.
pub(crate) fn call(number: libc::c_long, arguments: &[i64]) -> Result<i64, Errno> {
    let mut six = [0; 6];
    six[..arguments.len()].copy_from_slice(arguments);
    // SAFETY: every caller passes integers, or pointers to statics and to locals that outlive
    // the call; the call is expected to be refused before it reads them.
    Errno::result(unsafe { libc::syscall(number, six[0], six[1], six[2], six[3], six[4], six[5]) })
}

/// A raw system call whose success is the whole attempt.
pub(crate) fn just(number: libc::c_long, arguments: &[i64]) -> Attempt {
    call(number, arguments).map(|result| result.to_string())
}

/// The address of a C string that lives for ever.
pub(crate) fn text(string: &'static std::ffi::CStr) -> i64 {
    string.as_ptr() as i64
}

/// The errno of a failed operation of the standard library.
pub(crate) fn io<T>(result: std::io::Result<T>) -> Result<T, Errno> {
    result.map_err(|error| {
        error
            .raw_os_error()
            .map_or(Errno::UnknownErrno, Errno::from_raw)
    })
}
