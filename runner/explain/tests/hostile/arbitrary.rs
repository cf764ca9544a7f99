//! Arbitrary bytes behind the magic of every format.

use proptest::prelude::*;
use zwieback_explain::limits::ExplainLimits;

use crate::inputs::{explained, tight};

const MAGICS: [(&str, &[u8]); 15] = [
    ("x.a", b"!<arch>\n"),
    (
        "x.a",
        b"!<arch>\na/              1           0     0     100644  4         `\nabcd",
    ),
    (
        "x.cpio",
        b"07070100000001000081A40000000000000000000000010000000700000004\
          000000000000000000000000000000000000000200000000a\0abcd070701",
    ),
    ("x.zip", b"PK\x03\x04PK\x01\x02"),
    ("x.gz", b"\x1f\x8b\x08\x08\0\0\0\0\0\x03"),
    ("x.xz", b"\xfd7zXZ\0"),
    ("x.zst", b"\x28\xb5\x2f\xfd"),
    ("x.bz2", b"BZh9"),
    (
        "x.o",
        b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x01\0\x3e\0\x01\0\0\0",
    ),
    ("x.pyc", b"\xa7\x0d\x0d\x0a\0\0\0\0"),
    ("x.png", b"\x89PNG\r\n\x1a\n\0\0\0\x07tIME"),
    ("x.pdf", b"%PDF-1.4\n/ID[<"),
    ("X.class", b"\xca\xfe\xba\xbe\0\0\0\x3d\0\x10"),
    ("x.html", b"<html>"),
    ("x", b""),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_two_contents(kind in 0..MAGICS.len(), a: Vec<u8>, b: Vec<u8>) {
        let (name, magic) = MAGICS[kind];
        let whole = |rest: &[u8]| [magic, rest].concat();
        let report = explained(name, &whole(&a), &whole(&b), &tight());
        prop_assert!(a == b || !report.findings.is_empty() || !report.unexamined.is_empty());
    }

    #[test]
    fn any_two_texts(a in "[a-c0-9 :/\n-]{0,80}", b in "[a-c0-9 :/\n-]{0,80}") {
        let report = explained("x.txt", &a.clone().into_bytes(), &b.clone().into_bytes(), &ExplainLimits::default());
        prop_assert_eq!(a == b, report.findings.is_empty());
    }
}
