//! Runs trials one after another, and the whole once more as an ordinary user.

use std::os::unix::process::CommandExt as _;
use std::panic;
use std::process::{Command, ExitCode};
use std::time::Instant;

use zwieback_test_world::skip::skip;

use crate::world::World;
use crate::{
    clock, factors, file_times, inodes, kernel, lifecycle, limits, namespaces, network, processes,
    reaping, shared, shell, shift, terminal, writes,
};

/// A test with a name.
pub(crate) type Trial = (&'static str, fn(&World));

/// Somebody who owns nothing on any machine.
pub(crate) const ORDINARY: u32 = 64_999;

/// Tells the second life that root has had its turn.
const AGAIN: &str = "--again";

/// Runs every trial whose name holds one of `filters`.
pub(crate) fn main(arguments: &[String]) -> ExitCode {
    let filters: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    if arguments.iter().any(|argument| argument == "--list") {
        trials().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let world = World::new();
    let own = run(&world, &filters);
    let other = if nix::unistd::geteuid().is_root() {
        run_as_ordinary_user(&world, arguments)
    } else {
        if !arguments.iter().any(|argument| argument == AGAIN) {
            skip("kernel, as root", "this is not root");
        }
        true
    };
    if own && other {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn trials() -> impl Iterator<Item = Trial> {
    [
        lifecycle::TRIALS,
        file_times::TRIALS,
        reaping::TRIALS,
        network::TRIALS,
        namespaces::TRIALS,
        kernel::TRIALS,
        terminal::TRIALS,
        writes::TRIALS,
        limits::TRIALS,
        processes::TRIALS,
        shell::TRIALS,
        clock::TRIALS,
        shift::TRIALS,
        inodes::TRIALS,
        shared::TRIALS,
        factors::TRIALS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// Whether every trial passed.
fn run(world: &World, filters: &[&str]) -> bool {
    let who = if nix::unistd::geteuid().is_root() {
        "root"
    } else {
        "user"
    };
    let mut failed = Vec::new();
    let mut passed = 0;
    for (name, trial) in trials() {
        if !filters.is_empty() && !filters.iter().any(|filter| name.contains(filter)) {
            continue;
        }
        let started = Instant::now();
        match panic::catch_unwind(|| trial(world)) {
            Ok(()) => passed += 1,
            Err(_) => failed.push(name),
        }
        println!("{who} {name} ({} ms)", started.elapsed().as_millis());
    }
    let verdict = if failed.is_empty() { "ok" } else { "FAILED" };
    println!(
        "test result: {verdict}. {passed} passed; {} failed; 0 ignored; as {who} {failed:?}",
        failed.len()
    );
    failed.is_empty()
}

fn run_as_ordinary_user(world: &World, arguments: &[String]) -> bool {
    let status = Command::new(world.program())
        .args(arguments)
        .arg(AGAIN)
        .uid(ORDINARY)
        .gid(ORDINARY)
        .status();
    status
        .expect("the test program starts as an ordinary user")
        .success()
}
