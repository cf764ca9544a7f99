//! Policies: plain text, and the envelope of a signed one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zwieback_attest::trust_root::Quorum;
use zwieback_attest::policy::file::Policy;
use zwieback_attest::policy::signed;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        drop(Policy::parse(text));
    }
    let nobody = Quorum {
        keys: Vec::new(),
        threshold: 1,
    };
    assert!(signed::open(bytes, &nobody, 0).is_err());
});
