//! Answers of time stamp authorities, one of which is trusted: no other signature gets a time.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use zwieback_attest::trust_root::{Quorum, TrustRoot};
use zwieback_attest::trusted_time::token::{answers, check};
use zwieback_model::timestamp::Timestamp;

/// The authority whose answer stands in the corpus, over the bytes `signature`.
const AUTHORITY: &[u8] = include_bytes!("../authority.der");

/// A root that trusts it, and nobody else.
static ROOT: LazyLock<TrustRoot> = LazyLock::new(|| TrustRoot {
    version: 1,
    line: None,
    expires: Timestamp::from_unix(4_070_908_800).expect("a time in this century"),
    quorum: Quorum {
        keys: Vec::new(),
        threshold: 1,
    },
    builders: Vec::new(),
    verifiers: Vec::new(),
    revoked: Vec::new(),
    time_stampers: vec![AUTHORITY.to_vec()],
});

fuzz_target!(|bytes: &[u8]| {
    drop(check(bytes, b"signature", &ROOT));
    drop(answers(bytes, b"signature", [0; 8]));
    let other = check(bytes, b"another signature", &ROOT);
    assert!(other.is_err(), "a time was given to a signature nobody stamped");
});
