//! Builds the seeds, several at once, and compares what is said of each with what must be.
//!
//! A twin sleeps most of its three seconds, so that eight at a time keep two CPUs busy.

use std::io::Write as _;
use std::panic;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use zwieback_explain::finding::Explanation;
use zwieback_test_world::larder::Larder;
use zwieback_test_world::outcome::Outcome;
use zwieback_test_world::site;
use zwieback_test_world::skip::skip_here;
use zwieback_test_world::world::World;

use crate::expected::{Finding, Verdict};
use crate::seed::{self, Seed};

/// How many seeds are built at once.
const AT_ONCE: usize = 8;
const SAME: i32 = 0;
const DIFFERS: i32 = 104;

/// Tries every seed whose name holds one of the arguments.
pub(crate) fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut seeds = seed::all(&site!().file("tests/nondeterminism"));
    if arguments.iter().any(|argument| argument == "--list") {
        for seed in &seeds {
            say(&format!("{}: test", seed.name));
        }
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<_> = arguments
        .iter()
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    seeds.retain(|seed| wanted.is_empty() || wanted.iter().any(|it| seed.name.contains(*it)));
    let failed = all(&seeds, &world());
    let passed = seeds.len() - failed.len();
    let (word, code) = match failed.as_slice() {
        [] => ("ok", ExitCode::SUCCESS),
        _ => ("FAILED", ExitCode::FAILURE),
    };
    say(&format!(
        "test result: {word}. {passed} passed; {} failed; 0 ignored; {failed:?}",
        failed.len()
    ));
    code
}

/// A project of its own for git, too: the scratch folder of a checkout is ignored in it.
fn world() -> World {
    let world = World::new(site!(), Larder::Seeds);
    let made = world.command("git").args(["init", "--quiet"]).status();
    assert!(made.unwrap().success());
    // Eight first builds at once would each make the key.
    world.run(&["key", "generate"]).expect(0, &[]);
    world
}

/// Tries them side by side; answers the names of those that failed.
fn all(seeds: &[Seed], world: &World) -> Vec<String> {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
            let ended = panic::catch_unwind(panic::AssertUnwindSafe(|| one(seed, world)));
            if ended.is_err() {
                failed.lock().unwrap().push(seed.name.clone());
            }
            let word = if ended.is_ok() { "ok" } else { "FAILED" };
            say(&format!("{word} {}", seed.name));
        }
    };
    thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
    failed.into_inner().unwrap()
}

/// A defect is found, explained and mended; a control is left in peace.
fn one(seed: &Seed, world: &World) {
    seed.plant(world);
    let built = twin(world, &seed.name);
    match seed.expected.strict {
        Verdict::Detected => is_explained(seed, world, built.expect(DIFFERS, &[])),
        Verdict::Quiet | Verdict::Fixed => drop(built.expect(SAME, &[])),
        Verdict::Uncontrolled if can_fault_cpuid() => {
            is_explained(seed, world, built.expect(DIFFERS, &[]));
        }
        Verdict::Uncontrolled => skip_here(&seed.name, seed.expected.why.as_deref().unwrap()),
    }
    if let Some(mended) = seed.plant_mended(world) {
        twin(world, &mended).expect(SAME, &[]);
    }
}

/// Whether run B can be shown another CPU.
fn can_fault_cpuid() -> bool {
    let told = std::fs::read_to_string("/proc/cpuinfo").unwrap();
    told.contains(" cpuid_fault ")
}

fn twin(world: &World, name: &str) -> Outcome {
    world.run(&[
        "build",
        name,
        "--profile",
        "strict",
        "--rebuild",
        "--no-progress",
    ])
}

#[expect(clippy::needless_pass_by_value, reason = "the last to look at it")]
fn is_explained(seed: &Seed, world: &World, built: Outcome) {
    let told = world.run(&["explain", &seed.name, "--format", "json"]);
    let report: Explanation = serde_json::from_str(&told.stdout).unwrap();
    let expected = seed.expected.finding.as_ref().unwrap();
    let first = report.groups()[0].findings[0];
    let found = report
        .findings
        .iter()
        .find(|finding| is_it(finding, expected));
    let found = found.unwrap_or_else(|| panic!("{}: no {expected:?} in\n{built}", seed.name));
    assert_eq!(
        first.cause, expected.cause,
        "{}: told first in\n{built}",
        seed.name
    );
    let advice = found.fix.as_deref().unwrap_or_default();
    let hint = &seed.expected.fix.as_ref().unwrap().hint;
    assert!(
        advice.contains(hint.as_str()),
        "{}: {hint:?} in {advice:?}",
        seed.name
    );
}

fn is_it(found: &zwieback_explain::finding::Finding, expected: &Finding) -> bool {
    found.cause == expected.cause
        && found.factors.contains(&expected.factor)
        && found.place().starts_with(&expected.place)
        && found.detail.contains(&expected.detail)
}

/// Says it on the standard output.
fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("somebody listens");
}
