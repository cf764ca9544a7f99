//! Bundles, whoever wrote them: read, written and read again they are the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zwieback_attest::bundle::Bundle;
use zwieback_attest::claimed::Claimed;
use zwieback_attest::import::import;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(bundle) = Bundle::parse(bytes) {
        let again = Bundle::parse(&bundle.to_bytes()).expect("what is written reads");
        assert_eq!(again, bundle);
    }
    drop(Claimed::read(bytes));
    drop(import(bytes, &[]));
});
