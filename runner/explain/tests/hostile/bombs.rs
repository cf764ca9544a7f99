//! Inputs made to exhaust memory, depth or patience.

use std::io::Write as _;

use zwieback_explain::limits::ExplainLimits;

use crate::inputs::{explained, tight};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes all bytes");
    encoder.finish().expect("memory takes all bytes")
}

#[test]
fn a_bomb_is_cut_off_and_the_report_says_so() {
    let zeros = vec![0; 64 << 20];
    let mut other = zeros.clone();
    other.push(1);
    let report = explained("bomb.gz", &gzip(&zeros), &gzip(&other), &tight());
    assert!(
        report
            .unexamined
            .iter()
            .any(|skipped| skipped.reason.contains("decompressed")),
        "{report:?}"
    );
}

#[test]
fn containers_do_not_nest_without_end() {
    let (mut a, mut b) = (b"one\n".to_vec(), b"two\n".to_vec());
    for _ in 0..40 {
        (a, b) = (gzip(&a), gzip(&b));
    }
    let report = explained("x.gz", &a, &b, &ExplainLimits::default());
    assert!(
        report
            .unexamined
            .iter()
            .any(|skipped| skipped.reason.contains("nest")),
        "{report:?}"
    );
}

#[test]
fn a_million_equal_lines_are_no_trouble() {
    let line =
        |count: usize, last: &str| ["x\n".repeat(count), last.to_owned()].concat().into_bytes();
    let report = explained(
        "x.txt",
        &line(1_000_000, "a"),
        &line(1_000_001, "b"),
        &ExplainLimits::default(),
    );
    assert!(!report.findings.is_empty());
}

#[test]
fn one_endless_line_is_no_trouble() {
    let line = |last: &str| {
        [
            "2026-11-22 15:20:48 /build ".repeat(100_000),
            last.to_owned(),
        ]
        .concat()
        .into_bytes()
    };
    let report = explained("x.txt", &line("a"), &line("b c"), &ExplainLimits::default());
    assert_eq!(report.findings.len(), 1);
}

#[test]
fn ten_thousand_members_that_differ_are_counted() {
    let archive = |time: u32| {
        let mut bytes = b"!<arch>\n".to_vec();
        for member in 0..10_000 {
            bytes.extend(
                format!(
                    "{:<16}{time:<12}0     0     100644  0         `\n",
                    format!("m{member}/")
                )
                .into_bytes(),
            );
        }
        bytes
    };
    let report = explained("x.a", &archive(1), &archive(2), &ExplainLimits::default());
    assert_eq!(
        report.findings.len(),
        ExplainLimits::default().findings_of_one
    );
    assert!(report.unexamined[0].reason.contains("more differences"));
}
