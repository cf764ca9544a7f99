//! Measures the gate: `cargo bench -p zwieback-trust --bench gate [-- ENTRIES…]` prints its figures.
//!
//! A log of so many entries is the life of a small company: every release has two builds, tests,
//! approvals and promotions, each signed (Ed25519) and each different. One release has 50 statements.
//! Each line is `NAME VALUE UNIT`, so that a script can hold it against its aim.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Instant;

use zwieback_attest::public_key::Algorithm;
use zwieback_trust::gate::question::Intent;
use zwieback_trust::log::append::Submission;
use zwieback_trust::snapshot::follow::Query;
use zwieback_trust::state::folded::State;

use crate::life::{Company, STATEMENTS, release, rich};
use crate::world::{World, artifact, name};

mod life;
#[path = "../../tests/gate/world.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod world;

/// Entries in one batch.
const BATCH: usize = 2048;
const PROOFS: u64 = 200;
/// Decisions of one process; the first has the cold caches.
const DECISIONS: usize = 15;
/// The release with many statements.
const RICH: &str = "3.0";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, word, home] = arguments.as_slice()
        && word == "--decide"
    {
        return decide(Path::new(home));
    }
    let mut sizes: Vec<u64> = arguments
        .iter()
        .filter_map(|argument| argument.parse().ok())
        .collect();
    if sizes.is_empty() {
        sizes = vec![10_000];
    }
    for size in sizes {
        let place = tempfile::tempdir().unwrap();
        let world = World::signing(place.path(), Algorithm::Ed25519, ToOwned::to_owned);
        println!("entries {size} in the log");
        fill(&world, size);
        first_reading(&world);
        prove(&world);
        let own = std::env::current_exe().unwrap();
        let child = Command::new(own).arg("--decide").arg(place.path()).status();
        assert!(child.unwrap().success());
    }
}

/// Appends release after release, by all processors; the log's writer is one.
fn fill(world: &World, size: u64) {
    let releases = usize::try_from(size).unwrap() / STATEMENTS;
    let start = Instant::now();
    let workers = thread::available_parallelism().unwrap().get();
    let company = Company::of(world);
    let (mut waiting, mut appending, mut appended) = (rich(company, RICH), 0.0, 0);
    let numbers: Vec<usize> = (0..releases).collect();
    for chunk in numbers.chunks(BATCH / STATEMENTS * workers) {
        let made = thread::scope(|scope| {
            let shares = chunk.chunks(chunk.len().div_ceil(workers));
            let make = |share: &[usize]| -> Vec<Submission> {
                share
                    .iter()
                    .flat_map(|it| release(company, *it as u64))
                    .collect()
            };
            let threads: Vec<_> = shares
                .map(|share| scope.spawn(move || make(share)))
                .collect();
            let made = threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap());
            made.collect::<Vec<_>>()
        });
        waiting.extend(made);
        for batch in waiting.chunks(BATCH) {
            let start = Instant::now();
            world.append(batch).unwrap();
            appending += start.elapsed().as_secs_f64();
            appended += batch.len();
        }
        waiting.clear();
    }
    println!("generation {:.1} s", start.elapsed().as_secs_f64());
    println!("append {:.0} entries/s", appended as f64 / appending);
}

/// What a reader pays once that has no snapshot yet: every entry is checked and folded.
fn first_reading(world: &World) {
    let start = Instant::now();
    let state = about(world);
    let seconds = start.elapsed().as_secs_f64();
    println!("first-reading {seconds:.1} s");
    println!("first-rate {:.0} entries/s", state.size() as f64 / seconds);
    let snapshot = fs::read_dir(world.home.join("snapshot")).unwrap();
    let bytes: u64 = snapshot
        .map(|snapshot| snapshot.unwrap().metadata().unwrap().len())
        .sum();
    println!("snapshot {:.1} MB", bytes as f64 / 1e6);
    println!("first-memory {} MB", peak_memory());
}

fn about(world: &World) -> State {
    let wish = Query {
        artifact: artifact(RICH).sha256,
        name: "app",
        now: world.now,
    };
    world.ledger.load_about(&wish).unwrap()
}

fn prove(world: &World) {
    let log = world.ledger.believe(world.now).unwrap();
    let head = log.head();
    let mut slowest = 0.0_f64;
    let start = Instant::now();
    for number in 0..PROOFS {
        let index = number * 7919 % head.size;
        let one = Instant::now();
        let proof = log.prove(index).unwrap();
        slowest = slowest.max(one.elapsed().as_secs_f64());
        if number == 0 {
            let leaf = log.record(index).unwrap().leaf();
            head.includes(leaf, &proof.inclusion).unwrap();
        }
    }
    let mean = start.elapsed().as_secs_f64() / PROOFS as f64;
    println!("inclusion {:.3} ms", mean * 1e3);
    println!("inclusion-slowest {:.3} ms", slowest * 1e3);
}

/// Decides as a fresh process does; everything from the checkpoint to the verdict counts.
fn decide(home: &Path) {
    let mut times = Vec::new();
    for _ in 0..DECISIONS {
        let start = Instant::now();
        let world = World::open(home);
        let state = about(&world);
        let reader = world.reader();
        let decision = reader.decide(&state, &artifact(RICH), &name("staging"), Intent::Promote);
        assert!(decision.unwrap().verdict().is_ok());
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    println!("decision-first {:.2} ms", times[0]);
    times.sort_by(f64::total_cmp);
    println!("decision {:.2} ms", times[DECISIONS / 2]);
    println!("decision-least {:.2} ms", times[0]);
    println!("decision-memory {} MB", peak_memory());
}

/// The most memory this process ever had, in megabytes.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:"));
    let kilobytes: u64 = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kilobytes / 1024
}
