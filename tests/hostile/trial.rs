//! Runs trials one after another in a world that they share, and names those that fail.

use std::io::Write as _;
use std::panic;
use std::process::ExitCode;
use std::time::Instant;

use zwieback_test_world::larder::Larder;
use zwieback_test_world::site;
use zwieback_test_world::skip::{is_root, skip};
use zwieback_test_world::world::World;

use crate::host::Host;
use crate::{corpus, outputs, resources};

/// A test with a name.
pub(crate) type Trial = (&'static str, fn(&Host));

/// Runs every trial whose name holds one of the arguments.
pub(crate) fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        trials().for_each(|(name, _)| say(&format!("{name}: test")));
        return ExitCode::SUCCESS;
    }
    let filters: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let own = if is_root() { "root" } else { "user" };
    let mut passed = run(own, &filters, World::new(site!(), Larder::Compilers));
    if is_root() {
        let world = World::of_stranger(site!(), Larder::Compilers);
        passed &= run("user", &filters, world);
    } else {
        skip("hostile, as root", "this is not root");
    }
    if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Says it on the standard output.
pub(crate) fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("somebody listens");
}

fn trials() -> impl Iterator<Item = Trial> {
    [corpus::TRIALS, outputs::TRIALS, resources::TRIALS]
        .into_iter()
        .flatten()
        .copied()
}

fn run(who: &str, filters: &[&str], world: World) -> bool {
    let host = Host::new(world);
    let mut failed = Vec::new();
    let mut passed = 0;
    for (name, trial) in trials() {
        if !filters.is_empty() && !filters.iter().any(|filter| name.contains(filter)) {
            continue;
        }
        let started = Instant::now();
        let ended = panic::catch_unwind(|| {
            trial(&host);
            host.is_untouched();
        });
        match ended {
            Ok(()) => passed += 1,
            Err(_) => failed.push(name),
        }
        say(&format!(
            "{who} {name} ({} ms)",
            started.elapsed().as_millis()
        ));
    }
    if panic::catch_unwind(|| host.store_is_sound()).is_err() {
        failed.push("store");
    }
    let word = if failed.is_empty() { "ok" } else { "FAILED" };
    say(&format!(
        "test result: {word}. {passed} passed; {} failed; 0 ignored; as {who} {failed:?}",
        failed.len()
    ));
    failed.is_empty()
}
