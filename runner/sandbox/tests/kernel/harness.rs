//! Runs trials one after another, and the whole once more as an ordinary user.

use std::os::unix::process::CommandExt as _;
use std::panic;
use std::process::{Command, ExitCode};
use std::time::Instant;

use zwieback_sandbox::nursery;
use zwieback_test_world::skip::skip;

use crate::world::World;
use crate::{
    clock, kernel, lifecycle, limits, namespaces, network, processes, shell, shift, terminal,
    writes,
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
    let own = run(&world, &filters, Origin::Nursery).and_then(|nursed| {
        let planted = run(&world, &filters, Origin::Planted)?;
        Ok(nursed && planted)
    });
    let own = match own {
        Ok(own) => own,
        Err(code) => {
            // The world is the parent's.
            std::mem::forget(world);
            return code;
        }
    };
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
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// Where the first sandbox of a trial comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Nursery,
    Planted,
}

/// What is tried in a planted sandbox as well: what a step finds around it.
const PLANTED: [&str; 10] = [
    "lifecycle_locks",
    "lifecycle_processors",
    "lifecycle_left",
    "network_",
    "namespaces_",
    "kernel_",
    "terminal_",
    "writes_",
    "processes_daemon",
    // These need a zygote: what was planted gives way to one.
    "shift_of",
];

/// Whether every trial passed. In a process that was planted, the code to end with.
fn run(world: &World, filters: &[&str], origin: Origin) -> Result<bool, ExitCode> {
    let who = if nix::unistd::geteuid().is_root() {
        "root"
    } else {
        "user"
    };
    let how = match origin {
        Origin::Nursery => "",
        Origin::Planted => " planted",
    };
    let mut failed = Vec::new();
    let mut passed = 0;
    for (name, trial) in trials() {
        if !filters.is_empty() && !filters.iter().any(|filter| name.contains(filter)) {
            continue;
        }
        if origin == Origin::Planted {
            if !PLANTED.iter().any(|start| name.starts_with(start)) {
                continue;
            }
            plant()?;
        }
        let started = Instant::now();
        match panic::catch_unwind(|| trial(world)) {
            Ok(()) => passed += 1,
            Err(_) => failed.push(name),
        }
        println!("{who}{how} {name} ({} ms)", started.elapsed().as_millis());
    }
    let verdict = if failed.is_empty() { "ok" } else { "FAILED" };
    println!(
        "test result: {verdict}. {passed} passed; {} failed; 0 ignored; as {who}{how} {failed:?}",
        failed.len()
    );
    Ok(failed.is_empty())
}

fn plant() -> Result<(), ExitCode> {
    let before = lifecycle::children().len();
    if let Some(code) = nursery::plant() {
        return Err(code);
    }
    // Else the trial would be that of a nursery once more, of which a seed may be born just now.
    assert!(lifecycle::children().len() > before, "nothing was planted");
    Ok(())
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
