//! Commands that speak the protocol, and commands that do not.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use zwieback_test_world::skip::skip;

use super::*;
use crate::keys::private_key::PrivateKey;
use crate::launch::error::LaunchError;

/// The protocol in shell, with openssl as the one that knows the key.
const ADAPTER: &str = r#"
read -r greeting && [ "$greeting" = "zwieback-signer v1" ] || exit 9
read -r verb id
case $verb in
  public-key) echo "ok $(openssl pkey -in "$1" -pubout -outform DER | base64 -w0)" ;;
  sign) read -r _ digest; read -r _ message
    echo "ok $(echo "$message" | base64 -d | openssl dgst -sha256 -sign "$1" | base64 -w0)" ;;
esac
"#;

fn shell(script: &str, argument: &Path) -> Vec<OsString> {
    let words = ["sh", "-c", script, "sh"].map(OsString::from);
    words.into_iter().chain([argument.into()]).collect()
}

#[test]
fn a_command_signs() {
    if std::process::Command::new("openssl")
        .arg("version")
        .output()
        .is_err()
    {
        skip("a_command_signs", "there is no openssl");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let key = PrivateKey::generate(Algorithm::EcdsaP256).unwrap();
    fs::write(&path, key.to_pem(None).unwrap().as_bytes()).unwrap();
    let signer = ExternalSigner::open(&shell(ADAPTER, &path)).unwrap();
    assert_eq!(signer.public_key(), key.public_key());
    let signature = signer.sign(b"message").unwrap();
    assert_eq!(key.public_key().confirm(b"message", &signature), Ok(()));
}

/// Answers with one line, and keeps what it was asked.
fn recorder(folder: &Path, answer: &str) -> Vec<OsString> {
    let script = format!("cat > \"$1/asked\"; echo '{answer}'");
    shell(&script, folder)
}

#[test]
fn a_command_is_told_what_it_signs_once_it_says_that_it_listens() {
    let folder = tempfile::tempdir().unwrap();
    let key = PrivateKey::generate(Algorithm::EcdsaP256).unwrap();
    let spki = base64::encode(key.public_key().as_der());
    let id = key.public_key().id();
    let message = b"DSSEv1 1 a 46 {\"predicateType\":\"p\",\"subject\":[{\"name\":\"s\"}]}";
    let asked = || fs::read_to_string(folder.path().join("asked")).unwrap();
    for (answer, greeting, name) in [
        (format!("ok {spki}"), "zwieback-signer v1", id.former_name()),
        (format!("ok {spki} v2"), "zwieback-signer v2", id.name()),
    ] {
        let signer = ExternalSigner::open(&recorder(folder.path(), &answer)).unwrap();
        assert_eq!(asked(), "zwieback-signer v1\npublic-key\n");
        // The answer is no signature, which is for the caller to find out.
        drop(signer.sign(message));
        let begins = format!("{greeting}\nsign {name}\nsha256 ");
        assert!(asked().starts_with(&begins), "{}", asked());
        let purpose = "\npurpose {\"builder\":null,\"kind\":\"a\",\"predicateType\":\"p\"";
        let is_told = asked().contains(purpose);
        assert_eq!(is_told, greeting.ends_with("v2"), "{}", asked());
    }
    for version in ["v3", "v2 v3", ""] {
        let answer = format!("ok {spki} {version}.");
        let refused = ExternalSigner::open(&recorder(folder.path(), &answer));
        assert!(
            matches!(refused, Err(ExternalError::Version(_))),
            "{version}"
        );
    }
}

#[test]
fn raw_signatures_become_der() {
    let key = PrivateKey::generate(Algorithm::EcdsaP256).unwrap();
    let der = key.sign(b"message").unwrap();
    let raw = p256::ecdsa::Signature::from_der(&der).unwrap().to_bytes();
    assert_eq!(ecdsa_der(raw.to_vec()), der);
    assert_eq!(ecdsa_der(der.clone()), der);
}

#[test]
fn other_answers_are_refused() {
    let open = |script| {
        let error = ExternalSigner::open(&shell(script, Path::new("x"))).unwrap_err();
        error.to_string()
    };
    for (script, expected) in [
        (
            "echo 'error the card is locked'",
            "declined: the card is locked",
        ),
        ("echo hello", "answered \"hello\""),
        ("echo 'ok *'", "answered \"ok *\""),
        ("echo 'ok AAAA'", "no SubjectPublicKeyInfo"),
        (
            "echo 'no \u{1b}[2Jtoken' >&2; exit 3",
            "exit status: 3): no \\u{1b}[2Jtoken",
        ),
        ("true", "answered \"\""),
    ] {
        let said = open(script);
        assert!(said.contains(expected), "{script}: {said}");
    }
    assert!(matches!(
        ExternalSigner::open(&[]),
        Err(ExternalError::NoCommand)
    ));
    let absent = ExternalSigner::open(&["/no/such/program".into()]);
    assert!(matches!(
        absent,
        Err(ExternalError::Program(LaunchError::Absent { .. }))
    ));
}
