//! Envelopes: whatever is read has one encoding to sign, and nobody's key has signed it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zwieback_attest::dsse::Envelope;
use zwieback_attest::public_key::PublicKey;
use zwieback_attest::trust_root::Quorum;
use zwieback_model::json::fields::Fields;
use zwieback_model::json::strict;

/// The public half of a key whose private half was never kept.
const KEY: &str = include_str!("../nobody.pem");

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = strict::parse(bytes) else {
        return;
    };
    let Ok(envelope) = Fields::of(&document, "").and_then(|fields| Envelope::read(&fields)) else {
        return;
    };
    let value = envelope.to_value();
    let again = Fields::of(&value, "").and_then(|fields| Envelope::read(&fields));
    assert_eq!(again.map(|it| it.pae()), Ok(envelope.pae()));
    let nobody = Quorum {
        keys: vec![PublicKey::from_pem(KEY).expect("the file above is a key")],
        threshold: 1,
    };
    assert_eq!(nobody.signers(&envelope), 0);
});
