//! One script executed twice under different conditions, and the explanation of what came out.

#![expect(
    clippy::unwrap_used,
    reason = "a tool that cannot be started fails the test"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use zwieback_explain::explain::explain;
use zwieback_explain::finding::{Explanation, Finding};
use zwieback_explain::knowledge::{Knowledge, RunFacts, TimeSpan};
use zwieback_explain::limits::ExplainLimits;
use zwieback_explain::pair::{Pair, Side};
use zwieback_explain::screen;
use zwieback_model::digest::Fingerprint;
use zwieback_model::tree::Entry;
use zwieback_model::variation::factor::Factor;
use zwieback_test_world::skip::skip;

/// The clocks the scripts are told: `$NOW` is the wall clock, `$MADE` stamps created files.
const NOW: [i64; 2] = [1_795_360_848, 1_829_946_845];
const MADE: [i64; 2] = [1_795_361_000, 1_795_361_037];

/// One run: its folder and the files it left in `$OUT`.
struct Run {
    files: BTreeMap<String, Vec<u8>>,
}

/// Executes a script twice and explains the difference; nothing, and the reason printed, where a
/// tool is missing on this machine.
pub(crate) fn explained(tools: &[&str], script: &str) -> Option<Explanation> {
    for tool in tools {
        let found = Command::new("sh")
            .args(["-c", &format!("command -v {tool}")])
            .output()
            .unwrap();
        if !found.status.success() {
            skip("explain/seeds", &format!("`{tool}` is not installed"));
            return None;
        }
    }
    let scratch = tempfile::tempdir().unwrap();
    let folders = [
        scratch.path().join("a"),
        scratch.path().join("rather/longer/b"),
    ];
    let runs = [0, 1].map(|at| run(&folders[at], script, at));
    let facts = |at: usize| facts(&folders[at], at);
    let knowledge = Knowledge {
        a: facts(0),
        b: facts(1),
        varied: None,
        ..Knowledge::default()
    };
    Some(report(&runs, &knowledge))
}

/// The finding for a place that ends like this; fails with the whole screen where there is none.
pub(crate) fn find<'r>(report: &'r Explanation, place: &str) -> &'r Finding {
    let found = report
        .findings
        .iter()
        .find(|finding| finding.place().ends_with(place));
    found.unwrap_or_else(|| {
        panic!(
            "nothing at {place}:\n{}",
            screen::plain(&screen::full(report))
        )
    })
}

fn run(folder: &Path, script: &str, at: usize) -> Run {
    let (work, out) = (folder.join("work"), folder.join("out"));
    fs::create_dir_all(&work).unwrap();
    fs::create_dir_all(&out).unwrap();
    let done = Command::new("sh")
        .args(["-euc", script])
        .current_dir(&work)
        .env("OUT", &out)
        .env("NOW", NOW[at].to_string())
        .env("MADE", MADE[at].to_string())
        .env("SIDE", ["a", "b"][at])
        .env("SOME_HOST", ["build-one", "another-machine"][at])
        .env("PYTHONHASHSEED", ["1", "7"][at])
        .env("TZ", "UTC")
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(&out).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        files.insert(name, fs::read(entry.path()).unwrap());
    }
    Run { files }
}

fn facts(folder: &Path, at: usize) -> RunFacts {
    let span = |start| {
        Some(TimeSpan {
            start,
            end: start + 4,
        })
    };
    let facts = RunFacts {
        clock: span(NOW[at]),
        created: span(MADE[at]),
        umask: Some([0o022, 0o002][at]),
        source_mtime: Some([1_600_000_000, 1_600_500_000][at]),
        source_date_epoch: Some(1_700_000_000),
        utc_offset: Some([0, 14 * 3600][at]),
        pids: Some([(100, 400), (7777, 8100)][at]),
        ..RunFacts::default()
    };
    facts
        .with(
            Factor::BuildPath,
            "root",
            folder.join("work").to_str().unwrap(),
        )
        .with(
            Factor::Hostname,
            "name",
            ["build-one", "another-machine"][at],
        )
        .with(Factor::HashSeed, "PYTHONHASHSEED", ["1", "7"][at])
        .with(Factor::User, "uid", ["1000", "1234"][at])
        .with(Factor::CpuCount, "count", ["2", "1"][at])
}

fn report(runs: &[Run; 2], knowledge: &Knowledge) -> Explanation {
    let entry = |bytes: &Vec<u8>| Entry::File {
        content: Fingerprint::of(bytes),
        executable: false,
    };
    let entries = [0, 1].map(|at| {
        runs[at]
            .files
            .iter()
            .map(|(name, bytes)| (name.clone(), entry(bytes)))
            .collect::<BTreeMap<_, _>>()
    });
    let side = |at: usize, name: &str| match (entries[at].get(name), runs[at].files.get(name)) {
        (Some(entry), Some(bytes)) => Side::file(entry, bytes),
        _ => Side::absent(),
    };
    let names = runs[0].files.keys().chain(
        runs[1]
            .files
            .keys()
            .filter(|name| !runs[0].files.contains_key(*name)),
    );
    let differing = names.filter(|name| runs[0].files.get(*name) != runs[1].files.get(*name));
    let pairs: Vec<_> = differing
        .map(|name| Pair {
            path: name.parse().unwrap(),
            a: side(0, name),
            b: side(1, name),
        })
        .collect();
    explain(&pairs, knowledge, &ExplainLimits::default())
}
