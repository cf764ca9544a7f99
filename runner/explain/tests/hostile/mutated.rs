//! Real artifacts with bytes changed, removed and repeated.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use zwieback_explain::limits::ExplainLimits;

use zwieback_test_world::skip::skip;

use crate::inputs::{Chance, explained, tight};

/// Rounds for each artifact: enough to reach every reader, few enough for each commit.
const ROUNDS: usize = 150;

const SCRIPT: &str = "
printf 'int f(int x){return x*3;} static const char s[] = __FILE__; const char *g(void){return s;}' > x.c
gcc -g -c x.c -o x.o
ar Ucr x.a x.o
mkdir d; seq 300 > d/one; cp x.o d/two
tar -cf x.tar d; tar --format=pax -czf x.tgz d; tar -cJf x.txz d
python3 -m zipfile -c x.zip d/one x.o
python3 -c 'import py_compile; open(\"m.py\",\"w\").write(\"def f(): return {1,2}\"); py_compile.compile(\"m.py\", cfile=\"x.pyc\")'
rm -r d m.py x.c
";

fn artifacts() -> Option<BTreeMap<String, Vec<u8>>> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let done = Command::new("sh")
        .args(["-euc", SCRIPT])
        .current_dir(folder.path())
        .output()
        .expect("sh starts");
    if !done.status.success() {
        skip("explain/hostile", &String::from_utf8_lossy(&done.stderr));
        return None;
    }
    let entries = fs::read_dir(folder.path())
        .expect("the folder is there")
        .flatten();
    let files = entries.filter(|entry| entry.path().is_file());
    Some(
        files
            .map(|entry| {
                (
                    entry.file_name().to_string_lossy().into_owned(),
                    fs::read(entry.path()).expect("it was just written"),
                )
            })
            .collect(),
    )
}

fn mutate(bytes: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=chance.below(12) {
        let at = chance.below(bytes.len());
        let extreme = [0, 1, 0x7f, 0x80, 0xff, b'9'][chance.below(6)];
        match chance.below(5) {
            0 => bytes.truncate(at.max(8)),
            1 => bytes.extend_from_within(at..),
            2 => bytes[at] = extreme,
            3 => {
                let end = (at + 8).min(bytes.len());
                bytes[at..end].fill(extreme);
            }
            _ => bytes[at] ^= 1 << chance.below(8),
        }
        bytes.truncate(1 << 20);
    }
    bytes
}

#[test]
fn mutated_artifacts_are_explained_or_named_as_unreadable() {
    let Some(artifacts) = artifacts() else { return };
    assert!(artifacts.len() >= 7);
    let mut chance = Chance(0x5eed);
    for (name, bytes) in &artifacts {
        for round in 0..ROUNDS {
            let a = if round % 2 == 0 {
                bytes.clone()
            } else {
                mutate(bytes, &mut chance)
            };
            let b = mutate(bytes, &mut chance);
            let limits = if round % 3 == 0 {
                tight()
            } else {
                ExplainLimits::default()
            };
            let report = explained(name, &a, &b, &limits);
            assert!(
                a == b || !report.findings.is_empty() || !report.unexamined.is_empty(),
                "{name} {round}"
            );
        }
    }
}
