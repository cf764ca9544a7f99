//! Inputs made to exhaust memory, depth or patience.

use std::io::Write as _;

use zwieback_explain::limits::ExplainLimits;

use crate::inputs::{Chance, all_explained, explained, tight};

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

/// An object file of blobs and of sections that stand in them: type, flags, blob, link and size of an entry.
fn elf(blobs: &[&[u8]], sections: &[(u32, u64, usize, u32, u64)]) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(64, 0);
    let mut places = Vec::new();
    for blob in blobs {
        places.push((bytes.len() as u64, blob.len() as u64));
        bytes.extend(*blob);
    }
    let headers = bytes.len() as u64;
    bytes.resize(bytes.len() + 64, 0);
    for (kind, flags, blob, link, entry) in sections {
        let (start, size) = places[*blob];
        bytes.extend([1, *kind].map(u32::to_le_bytes).concat());
        bytes.extend([*flags, 0, start, size].map(u64::to_le_bytes).concat());
        bytes.extend([*link, 0].map(u32::to_le_bytes).concat());
        bytes.extend([1, *entry].map(u64::to_le_bytes).concat());
    }
    let count = u16::try_from(sections.len() + 1).expect("a test has few sections");
    bytes[16..24].copy_from_slice(&[1, 0, 62, 0, 1, 0, 0, 0]);
    bytes[40..48].copy_from_slice(&headers.to_le_bytes());
    bytes[52..54].copy_from_slice(&64_u16.to_le_bytes());
    bytes[58..60].copy_from_slice(&64_u16.to_le_bytes());
    bytes[60..62].copy_from_slice(&count.to_le_bytes());
    bytes[62..64].copy_from_slice(&(count - 1).to_le_bytes());
    bytes
}

/// The last section holds the names of all.
const NAMES: (&[u8], u32) = (b"\0.x\0", 3);

fn is_cut_off(program: &[u8]) -> bool {
    let other = [program, b"x"].concat();
    let limits = ExplainLimits::default();
    let report = explained("x.o", &program.to_vec(), &other, &limits);
    let told = |reason: &str| reason.contains("more bytes than are read of one program");
    report
        .unexamined
        .iter()
        .any(|skipped| told(&skipped.reason))
}

#[test]
fn sections_that_share_one_compressed_range_are_inflated_within_one_budget() {
    let mut packed = [1_u32, 0].map(u32::to_le_bytes).concat();
    packed.extend([32_u64 << 20, 1].map(u64::to_le_bytes).concat());
    let mut encoder = flate2::write::ZlibEncoder::new(packed, flate2::Compression::fast());
    encoder
        .write_all(&vec![0; 32 << 20])
        .expect("memory takes all bytes");
    let packed = encoder.finish().expect("memory takes all bytes");
    let mut sections = vec![(1, 0x800, 0, 0, 0); 2000];
    sections.push((NAMES.1, 0, 1, 0, 0));
    assert!(is_cut_off(&elf(&[&packed, NAMES.0], &sections)));
}

#[test]
fn symbols_that_share_one_long_name_are_read_within_one_budget() {
    let mut symbol = vec![0, 0, 0, 0, 1, 0, 1, 0];
    symbol.extend([0_u64, 1].map(u64::to_le_bytes).concat());
    let names = vec![b'A'; 4 << 20];
    let blobs = [&symbol.repeat(100_000), &[&*names, b"\0"].concat(), NAMES.0];
    let sections = [(2, 0, 0, 2, 24), (3, 0, 1, 0, 0), (NAMES.1, 0, 2, 0, 0)];
    assert!(is_cut_off(&elf(&blobs, &sections)));
}

/// Two lines of hexadecimal digits that have nothing in common.
fn digits(bytes: usize) -> [Vec<u8>; 2] {
    let mut chance = Chance(7);
    [(); 2].map(|()| {
        let digit = |_| b"0123456789abcdef"[chance.below(16)];
        (0..bytes).map(digit).collect()
    })
}

#[test]
fn a_file_that_is_one_line_is_judged_in_pieces_and_the_report_says_so() {
    let [a, b] = digits(4 << 20);
    // All of the line would take more than a thousand times as many steps.
    let limits = ExplainLimits {
        judged: 128 << 20,
        ..ExplainLimits::default()
    };
    for (b, ending) in [(b.clone(), "of one length"), (b[1..].to_vec(), "shorter")] {
        let report = explained("x.txt", &a, &b, &limits);
        let reasons: Vec<_> = report.unexamined.iter().map(|one| &*one.reason).collect();
        assert!(
            reasons.iter().any(|reason| reason.contains("8192 bytes")),
            "{ending}: {reasons:?}"
        );
        assert!(!report.findings.is_empty());
    }
}

#[test]
fn the_lines_of_all_outputs_share_the_steps_of_judging() {
    let [a, b] = digits(256 << 10);
    let lines = |bytes: &[u8]| -> Vec<u8> {
        bytes
            .chunks(1000)
            .flat_map(|line| [line, b"\n"].concat())
            .collect()
    };
    let (a, b) = (lines(&a), lines(&b));
    let limits = ExplainLimits {
        judged: 32 << 20,
        ..ExplainLimits::default()
    };
    let report = all_explained(
        &[("a.txt", &a, &b), ("b.txt", &a, &b), ("c.bin", &a, &b)],
        &limits,
    );
    let told: Vec<_> = report
        .unexamined
        .iter()
        .filter(|one| one.reason.contains("used up"))
        .map(|one| &*one.place)
        .collect();
    assert_eq!(told, ["a.txt", "b.txt", "c.bin"]);
    // Each has its finding all the same, without a name.
    for path in ["a.txt", "b.txt", "c.bin"] {
        assert!(
            report
                .findings
                .iter()
                .any(|finding| finding.path.as_str() == path),
            "{path}"
        );
    }
}

#[test]
fn what_is_held_of_all_outputs_has_one_limit() {
    let (a, b) = (b"one\n".repeat(1 << 16), b"two\n".repeat(1 << 16));
    let limits = ExplainLimits {
        held: 300 << 10,
        ..ExplainLimits::default()
    };
    let report = all_explained(
        &[("a.txt", &a, &b), ("b.txt", &a, &b), ("c.txt", &a, &b)],
        &limits,
    );
    let told: Vec<_> = report
        .unexamined
        .iter()
        .filter(|one| one.reason.contains("not to its end"))
        .map(|one| &*one.place)
        .collect();
    assert_eq!(told, ["b.txt", "c.txt"]);
}

#[test]
fn many_times_of_day_in_one_line_are_held_against_the_clocks_once_each() {
    let line = |minute: usize| -> Vec<u8> {
        let time = |second| format!("{:02}:{minute:02}:{second:02} ", second % 24).into_bytes();
        (0..5000).flat_map(|at| time(at % 60)).collect()
    };
    let report = explained("x.txt", &line(11), &line(12), &ExplainLimits::default());
    assert!(!report.findings.is_empty());
}
