//! JSON and lines of it: what reads has one canonical spelling, which reads as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zwieback_attest::json_lines;
use zwieback_model::json::{canonical, strict};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = strict::parse(bytes) {
        let again = canonical::to_bytes(&value);
        assert_eq!(strict::parse(&again), Ok(value));
    }
    let envelopes = json_lines::read(bytes);
    assert_eq!(json_lines::read(&json_lines::write(&envelopes)), envelopes);
});
