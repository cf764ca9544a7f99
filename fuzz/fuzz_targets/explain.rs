//! Explanations: two contents, cut from one input, under a name that its first byte picks.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zwieback_model::digest::Fingerprint;
use zwieback_model::tree::Entry;
use zwieback_explain::explain::explain;
use zwieback_explain::knowledge::Knowledge;
use zwieback_explain::limits::ExplainLimits;
use zwieback_explain::pair::{Pair, Side};

const NAMES: [&str; 8] = ["x.a", "x.zip", "x.tar.gz", "x.so", "x.pyc", "x.png", "x.pdf", "x"];

fuzz_target!(|bytes: &[u8]| {
    let [name, cut, rest @ ..] = bytes else {
        return;
    };
    let name = NAMES[usize::from(*name) % NAMES.len()];
    let (a, b) = rest.split_at(rest.len() * usize::from(*cut) / 256);
    let (a, b) = (a.to_vec(), b.to_vec());
    let entry = |bytes: &[u8]| Entry::File {
        content: Fingerprint::of(bytes),
        executable: false,
    };
    let (entry_a, entry_b) = (entry(&a), entry(&b));
    let pair = Pair {
        path: name.parse().expect("the names above are paths"),
        a: Side::file(&entry_a, &a),
        b: Side::file(&entry_b, &b),
    };
    let report = explain(&[pair], &Knowledge::default(), &ExplainLimits::default());
    let is_told = !report.findings.is_empty() || !report.unexamined.is_empty();
    assert!(a == b || is_told, "two contents differ, and nothing is said");
});
