//! Keys and signatures: those of other tools, and hostile ones.

use p256::ecdsa::signature::Signer as _;
use zwieback_model::base64;

use super::*;

fn secret() -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap()
}

fn public(secret: &p256::ecdsa::SigningKey) -> PublicKey {
    let der = secret.verifying_key().to_public_key_der().unwrap();
    PublicKey::from_der(der.as_bytes()).unwrap()
}

/// The `SubjectPublicKeyInfo` of a P-256 point in any of its spellings.
fn spki_of(point: &[u8]) -> Vec<u8> {
    let bits = [&[0x03, u8::try_from(point.len() + 1).unwrap(), 0], point].concat();
    let algorithm = base64::decode("MBMGByqGSM49AgEGCCqGSM49AwEH").unwrap();
    let length = u8::try_from(algorithm.len() + bits.len()).unwrap();
    [vec![0x30, length], algorithm, bits].concat()
}

#[test]
fn pem_and_der_are_one_key() {
    let key = public(&secret());
    assert_eq!(PublicKey::from_pem(key.as_pem()), Ok(key.clone()));
    assert_eq!(PublicKey::from_der(key.as_der()), Ok(key));
}

#[test]
fn a_compressed_point_is_the_same_key() {
    let secret = secret();
    let compressed = secret.verifying_key().to_sec1_point(true);
    let key = PublicKey::from_der(&spki_of(compressed.as_bytes())).unwrap();
    assert_eq!(key.id(), public(&secret).id());
}

/// The expected names are those that OpenSSH 9.2 printed for these keys.
#[test]
fn a_key_is_named_as_openssh_names_it() {
    for (der, fingerprint) in [
        (
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaTeq79un7Qcp+IAuFfwleF9Zsxs3RPg2Ax/++zaQnX+S+UJ2mphNuCQe\
             55WPeEE2KVAGDy7nigArLGSeGo77ug==",
            "SHA256:heRxXglyQGh+r7l/qGMKPrRFzNPz2TeW233+8RXwiuk",
        ),
        (
            "MCowBQYDK2VwAyEAPQVywkvHVN17pSG+Z5liaPX7CXXhO6EXsSp/EQYTekk=",
            "SHA256:oys7FvGKpNVsIU/TKjmwRJEWk1PJeImwKmkpZgK+tQo",
        ),
    ] {
        let key = PublicKey::from_der(&base64::decode(der).unwrap()).unwrap();
        assert_eq!(key.id().to_string(), fingerprint);
    }
}

#[test]
fn other_files_are_refused_with_advice() {
    let private = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
    let error = PublicKey::from_pem(private).unwrap_err();
    assert_eq!(error, PublicKeyError::Label("PRIVATE KEY".into()));
    assert!(error.hint().unwrap().contains("secret"));
    assert_eq!(PublicKey::from_pem("hello"), Err(PublicKeyError::Pem));
    assert_eq!(PublicKey::from_der(b"\x30\x00"), Err(PublicKeyError::Der));
}

#[test]
fn a_file_holds_one_key() {
    let pem = public(&secret()).as_pem().to_owned();
    assert_eq!(
        PublicKey::from_pem(&pem.repeat(2)),
        Err(PublicKeyError::Pem)
    );
    let longer = [public(&secret()).as_der(), b"\0"].concat();
    assert_eq!(PublicKey::from_der(&longer), Err(PublicKeyError::Der));
}

#[test]
fn points_off_the_curve_are_refused() {
    let mut point = secret()
        .verifying_key()
        .to_sec1_point(false)
        .as_bytes()
        .to_vec();
    point[64] ^= 1;
    assert!(PublicKey::from_der(&spki_of(&point)).is_err());
}

#[test]
fn a_key_of_low_order_is_refused() {
    let der = [
        &base64::decode("MCowBQYDK2VwAyEA").unwrap()[..],
        &[1],
        &[0; 31],
    ]
    .concat();
    assert_eq!(PublicKey::from_der(&der), Err(PublicKeyError::Weak));
}

#[test]
fn an_rsa_key_is_named_in_the_refusal() {
    // rsaEncryption with an empty key: the algorithm alone decides.
    let der = base64::decode("MBMwDQYJKoZIhvcNAQEBBQADAgAA").unwrap();
    let error = PublicKey::from_der(&der).unwrap_err();
    assert_eq!(
        error,
        PublicKeyError::Algorithm("1.2.840.113549.1.1.1".into())
    );
}

#[test]
fn only_der_of_this_key_over_these_bytes_counts() {
    let (secret, message) = (secret(), b"message");
    let signature: p256::ecdsa::Signature = secret.sign(message);
    let der = signature.to_der().as_bytes().to_vec();
    let key = public(&secret);
    assert_eq!(key.confirm(message, &der), Ok(()));
    assert_eq!(key.confirm(b"other", &der), Err(SignatureError::Mismatch));
    let other = public(&p256::ecdsa::SigningKey::from_slice(&[8; 32]).unwrap());
    assert_eq!(other.confirm(message, &der), Err(SignatureError::Mismatch));
    let raw = signature.to_bytes().to_vec();
    let junk = [&der[..], b"\0"].concat();
    for bad in [&raw[..], &junk, &der[..der.len() - 1], b""] {
        let refusal = key.confirm(message, bad);
        assert!(
            matches!(refusal, Err(SignatureError::Malformed(_))),
            "{bad:?}"
        );
    }
}

#[test]
fn ed25519_signs_too() {
    let secret = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let der = secret.verifying_key().to_public_key_der().unwrap();
    let key = PublicKey::from_der(der.as_bytes()).unwrap();
    assert_eq!(key.algorithm(), Algorithm::Ed25519);
    assert_eq!(PublicKey::from_pem(key.as_pem()), Ok(key.clone()));
    let signature = ed25519_dalek::Signer::sign(&secret, b"m").to_bytes();
    assert_eq!(key.confirm(b"m", &signature), Ok(()));
    assert_eq!(key.confirm(b"n", &signature), Err(SignatureError::Mismatch));
    let short = key.confirm(b"m", &signature[1..]);
    assert!(matches!(short, Err(SignatureError::Malformed(_))));
}

#[test]
fn both_implementations_agree() {
    use p256::ecdsa::signature::Verifier as _;

    let key = secret();
    let message = b"message";
    let good: p256::ecdsa::Signature = key.sign(message);
    let mut signatures = vec![good];
    let (r, s) = good.split_scalars();
    // Whoever has (r, s) can make (r, -s): both are taken, as ECDSA says, and neither is another message's.
    signatures.extend(p256::ecdsa::Signature::from_scalars(r, -s));
    signatures.extend(p256::ecdsa::Signature::from_scalars(s, r));
    for bit in [0, 7, 128, 255, 256, 300, 511] {
        let mut bytes = good.to_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        signatures.extend(p256::ecdsa::Signature::from_slice(&bytes));
    }
    assert!(signatures.len() > 5);
    for signature in signatures {
        for said in [&message[..], b"another"] {
            let theirs = key.verifying_key().verify(said, &signature).is_ok();
            let der = signature.to_der();
            let ours = public(&key).confirm(said, der.as_bytes());
            let expected = theirs.then_some(()).ok_or(SignatureError::Mismatch);
            assert_eq!(ours, expected, "{signature}");
        }
    }
}
