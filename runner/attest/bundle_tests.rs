//! The bundle's form: what is written, and which forms are refused.

use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::EncodePublicKey as _;
use proptest::prelude::*;
use zwieback_model::digest::Fingerprint;

use super::*;
use crate::resource::ResourceDescriptor;
use crate::statement::Statement;

fn bundle() -> Bundle {
    let statement = Statement {
        subject: vec![ResourceDescriptor::named("a", &Fingerprint::of(b"a"))],
        predicate_type: "https://example.com/v1".into(),
        predicate: Value::object([]),
    };
    let secret = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let der = secret.verifying_key().to_public_key_der().unwrap();
    let key = PublicKey::from_der(der.as_bytes()).unwrap();
    let draft = Draft::of(&statement);
    let signature: p256::ecdsa::DerSignature = secret.sign(&draft.pae());
    Bundle::seal(draft, &key, signature.as_bytes().to_vec()).unwrap()
}

fn text() -> String {
    String::from_utf8(bundle().to_bytes()).unwrap()
}

#[test]
fn the_file_reads_back() {
    let plain = bundle();
    assert_eq!(Bundle::parse(&plain.to_bytes()), Ok(plain.clone()));
    let stamped = plain.with_timestamp(vec![1, 2, 3]);
    assert_eq!(Bundle::parse(&stamped.to_bytes()), Ok(stamped));
}

#[test]
fn a_signature_that_the_key_does_not_confirm_is_not_sealed() {
    let good = bundle();
    let secret = p256::ecdsa::SigningKey::from_slice(&[8; 32]).unwrap();
    let der = secret.verifying_key().to_public_key_der().unwrap();
    let other = PublicKey::from_der(der.as_bytes()).unwrap();
    let draft = Draft::of(&Statement::parse(&good.envelope().payload).unwrap());
    let refusal = Bundle::seal(draft, &other, good.signature().to_vec());
    assert_eq!(refusal, Err(SignatureError::Mismatch));
}

#[test]
fn hostile_forms() {
    let hint = bundle().hint().to_owned();
    let key = format!("\"publicKey\":{{\"hint\":\"{hint}\"}}");
    let again = "\"signatures\":[{\"sig\":\"AAAA\"},";
    for (from, to, expected) in [
        ("v0.3+json", "v0.9+json", "v0.9"),
        (
            "{\"dsseEnvelope\"",
            "{\"messageSignature\":{},\"dsseEnvelope\"",
            "has both",
        ),
        (
            "\"dsseEnvelope\"",
            "\"messageSignature\"",
            "a `dsseEnvelope` is expected",
        ),
        (&key, &format!("\"certificate\":{{}},{key}"), "has both"),
        (&key, "\"certificate\":{}", "a `publicKey` is expected"),
        (
            &key,
            "\"publicKey\":{\"hint\":\"other\"}",
            "hint names the key \"other\"",
        ),
        (
            &key,
            "\"publicKey\":null",
            "`verificationMaterial.publicKey` is missing",
        ),
        ("\"signatures\":[", again, "2 signatures"),
        ("\"signatures\"", "\"signaturez\"", "0 signatures"),
        ("\"sig\":\"", "\"sig\":\"*", "not base64"),
        ("\"payload\":\"", "\"payload\":\"A", "not base64"),
        (
            "{\"dsseEnvelope\"",
            "{\"mediaType\":\"\",\"dsseEnvelope\"",
            "second time",
        ),
    ] {
        let bad = text().replacen(from, to, 1);
        assert_ne!(bad, text(), "{from}");
        let error = Bundle::parse(bad.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
}

#[test]
fn an_absent_key_id_claims_nothing() {
    let hint = bundle().hint().to_owned();
    let with = format!("\"keyid\":\"{hint}\"");
    for without in ["\"keyid\":\"\"", "\"keyid\":null", "\"x\":1"] {
        let other = text().replacen(&with, without, 1);
        assert!(Bundle::parse(other.as_bytes()).is_ok(), "{without}");
    }
}

/// Each is a token of its own to be verified.
#[test]
fn time_stamps_have_an_end() {
    let with = |count: usize| {
        let stamps = (0..count).map(|_| vec![1, 2, 3]);
        stamps.fold(bundle(), Bundle::with_timestamp).to_bytes()
    };
    assert!(Bundle::parse(&with(16)).is_ok());
    let error = Bundle::parse(&with(17)).unwrap_err().to_string();
    assert!(error.contains("more than 16 time stamps"), "{error}");
}

#[test]
fn file_names_stay_in_their_folder() {
    let name = "zlib".parse().unwrap();
    assert_eq!(file_name(&name, "1.2.13"), "zlib-1.2.13.sigstore.json");
    assert_eq!(file_name(&name, "../x"), "zlib-.._x.sigstore.json");
}

proptest! {
    #[test]
    fn a_changed_byte_never_panics(at: prop::sample::Index, byte: u8) {
        let mut bytes = bundle().to_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        drop(Bundle::parse(&bytes));
    }
}
