//! Bundles and keys in the hands of tools that nobody here wrote.

use std::fs;
use std::path::Path;
use std::process::Command;

use zwieback_attest::public_key::Algorithm;
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_model::digest::Fingerprint;
use zwieback_model::json::value::Value;
use zwieback_test_world::skip::skip;

use super::*;
use crate::keys::passphrase::Passphrase;
use crate::keys::private_key::PrivateKey;

/// Recomputes the PAE with jq and has openssl check signature, key id and subject. The key id is the
/// SHA-256 of the key as RFC 4253 and RFC 5656 write it: type, curve and point, each with its length.
const CHECK: &str = r#"
set -eu
payload=$(jq -r .dsseEnvelope.payload bundle | base64 -d)
type=$(jq -r .dsseEnvelope.payloadType bundle)
printf 'DSSEv1 %d %s %d %s' "${#type}" "$type" "$(printf %s "$payload" | wc -c)" "$payload" > pae
jq -r '.dsseEnvelope.signatures[0].sig' bundle | base64 -d > sig
openssl dgst -sha256 -verify pub -signature sig pae
blob() {
  printf '\000\000\000\023ecdsa-sha2-nistp256\000\000\000\010nistp256\000\000\000\101'
  openssl pkey -pubin -in pub -outform DER | tail -c 65
}
hint=SHA256:$(blob | openssl dgst -sha256 -binary | base64 | tr -d =)
test "$hint" = "$(jq -r .verificationMaterial.publicKey.hint bundle)"
test "$hint" = "$(jq -r '.dsseEnvelope.signatures[0].keyid' bundle)"
test "$(openssl dgst -sha256 -r artifact | cut -c1-64)" = \
     "$(printf %s "$payload" | jq -r '.subject[0].digest.sha256')"
test "$payload" = "$(printf %s "$payload" | jq -cS .)"
test "$(cat bundle)" = "$(jq -cS . bundle)"
"#;

fn is_there(tool: &str) -> bool {
    let found = Command::new(tool).arg("--version").output().is_ok();
    if !found {
        skip("signer", &format!("there is no {tool}"));
    }
    found
}

fn shell(folder: &Path, script: &str) -> String {
    let output = Command::new("bash")
        .args(["-c", script])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn statement() -> Statement {
    Statement {
        subject: vec![ResourceDescriptor::named(
            "artifact",
            &Fingerprint::of(b"bytes"),
        )],
        predicate_type: "https://example.com/v1".into(),
        predicate: Value::object([("text", "\"ü\\ \n".into())]),
    }
}

#[test]
fn openssl_and_jq_accept_a_bundle() {
    if !is_there("openssl") || !is_there("jq") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let key = PrivateKey::generate(Algorithm::EcdsaP256).unwrap();
    write("bundle", &seal(&statement(), &key).unwrap().to_bytes());
    write("pub", key.public_key().as_pem().as_bytes());
    write("artifact", b"bytes");
    assert_eq!(shell(folder.path(), CHECK), "Verified OK\n");
}

#[test]
fn openssl_reads_our_keys_and_we_read_its() {
    if !is_there("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let passphrase = Passphrase::new("pass".into());
    for algorithm in [Algorithm::EcdsaP256, Algorithm::Ed25519] {
        let key = PrivateKey::generate(algorithm).unwrap();
        let pem = key.to_pem(Some(&passphrase)).unwrap();
        fs::write(path("ours"), pem.as_bytes()).unwrap();
        let public = shell(
            folder.path(),
            "openssl pkey -in ours -passin pass:pass -pubout",
        );
        assert_eq!(public, key.public_key().as_pem());
    }
    for kind in ["EC -pkeyopt ec_paramgen_curve:P-256", "ED25519"] {
        let make = format!(
            "openssl genpkey -algorithm {kind} -out plain 2>/dev/null
             openssl pkcs8 -topk8 -in plain -out theirs -passout pass:pass
             openssl pkey -in plain -pubout"
        );
        let public = shell(folder.path(), &make);
        let read = |name: &str, passphrase| {
            let pem = fs::read_to_string(path(name)).unwrap();
            PrivateKey::from_pem(&pem, passphrase).unwrap()
        };
        assert_eq!(read("plain", None).public_key().as_pem(), public);
        let theirs = read("theirs", Some(&passphrase));
        assert_eq!(theirs.public_key().as_pem(), public);
    }
}
