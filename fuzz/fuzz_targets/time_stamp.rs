//! Answers of time stamp authorities, one of which is trusted: no other signature gets a time.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zwieback_attest::trusted_time::token::{answers, check};

/// The authority whose answer stands in the corpus, over the bytes `signature`.
const AUTHORITY: &[u8] = include_bytes!("../authority.der");

fuzz_target!(|bytes: &[u8]| {
    drop(check(bytes, b"signature", &[AUTHORITY.to_vec()]));
    drop(answers(bytes, b"signature", [0; 8]));
    let other = check(bytes, b"another signature", &[AUTHORITY.to_vec()]);
    assert!(other.is_err(), "a time was given to a signature nobody stamped");
});
