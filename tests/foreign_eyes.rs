//! What a build signs is checked by openssl, jq and coreutils alone: nothing of zwieback's own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::process::Command;

use zwieback_test_world::larder::Larder;
use zwieback_test_world::site;
use zwieback_test_world::skip::skip;
use zwieback_test_world::world::World;

/// The commands of docs/verify.md: the page and this test must not part.
const CHECK: &str = r#"
set -euo pipefail
bundle=$(ls out/*.sigstore.json)
jq -r .dsseEnvelope.payload $bundle | base64 -d > payload
jq -r '.dsseEnvelope.signatures[0].sig' $bundle | base64 -d > signature
type=$(jq -r .dsseEnvelope.payloadType $bundle)
{ printf 'DSSEv1 %d %s %d ' ${#type} "$type" $(stat -c %s payload); cat payload; } > signed
openssl dgst -sha256 -verify builder.pem -signature signature signed
jq -r '.subject[] | "\(.digest.sha256)  out/\(.name)"' payload | sha256sum --check --strict
"#;

/// The command of docs/verify.md for what the tree says: above a thousand outputs it is the only subject.
const CHECK_TREE: &str = r"sed -nE 's/^[fx] (.*)\x00([0-9a-f]{64}) .*/\2  out\/\1/p' out/*.tree | sha256sum --check --strict --quiet";

/// The line of docs/verify.md that names a key.
const FINGERPRINT: &str =
    "ssh-keygen -i -m PKCS8 -f builder.pem | ssh-keygen -lf - | cut -d' ' -f2";

fn built() -> World {
    let world = World::new(site!(), Larder::Shell);
    world.recipe(
        "words",
        "echo one > $OUT/one\nmkdir $OUT/more\necho two > $OUT/more/two",
    );
    world
        .run(&["build", "words", "--export", "out"])
        .expect(0, &["words 1 is reproducible"]);
    let key = world.run(&["key", "show"]).expect(0, &["BEGIN PUBLIC KEY"]);
    world.write("project/builder.pem", key.stdout);
    world
}

fn check(world: &World) -> zwieback_test_world::outcome::Outcome {
    world
        .command("bash")
        .args(["-c", CHECK])
        .output()
        .unwrap()
        .into()
}

#[test]
fn the_page_in_the_docs_has_these_commands() {
    let page = fs::read_to_string(site!().file("docs/verify.md")).unwrap();
    for line in CHECK.lines().chain([CHECK_TREE]) {
        assert!(page.contains(line), "docs/verify.md lacks: {line}");
    }
}

#[test]
fn openssl_verifies_the_signature_and_sha256sum_the_subjects() {
    let world = built();
    check(&world).expect(0, &["Verified OK", "out/one: OK", "out/more/two: OK"]);
    let sums = world
        .command("sha256sum")
        .args(["--check", "SHA256SUMS"])
        .current_dir(world.path("project/out"))
        .output();
    zwieback_test_world::outcome::Outcome::from(sums.unwrap()).expect(0, &["one: OK"]);
}

#[test]
fn the_tree_is_checked_by_sed_and_sha256sum() {
    let world = built();
    check(&world).expect(0, &["out/words-1.tree: OK"]);
    let check = || {
        let mut bash = world.command("bash");
        let script = format!("set -o pipefail; {CHECK_TREE}");
        zwieback_test_world::outcome::Outcome::from(bash.args(["-c", &script]).output().unwrap())
    };
    check().expect(0, &[]);
    world.write("project/out/more/two", "three");
    check().expect(1, &["out/more/two: FAILED"]);
}

#[test]
fn a_changed_payload_or_artifact_is_seen() {
    let world = built();
    let bundle = world.path("project/out/words-1.sigstore.json");
    let honest = fs::read_to_string(&bundle).unwrap();
    let payload = "\"payload\":\"";
    let at = honest.find(payload).unwrap() + payload.len() + 40;
    let other = if honest.as_bytes()[at] == b'A' {
        "B"
    } else {
        "A"
    };
    let mut forged = honest.clone();
    forged.replace_range(at..=at, other);
    fs::write(&bundle, forged).unwrap();
    check(&world).expect(1, &["Verification"]);
    fs::write(&bundle, honest).unwrap();
    world.write("project/out/one", "three");
    check(&world).expect(1, &["Verified OK", "out/one: FAILED"]);
}

#[test]
fn the_key_is_named_by_its_fingerprint() {
    let world = built();
    let fingerprint = fs::read_to_string(site!().file("docs/verify.md")).unwrap();
    assert!(fingerprint.contains(FINGERPRINT), "docs/verify.md lacks it");
    if Command::new("ssh-keygen").arg("-?").output().is_err() {
        return skip(
            "the_key_is_named_by_its_fingerprint",
            "there is no ssh-keygen (package openssh-client)",
        );
    }
    let said = world.command("bash").args(["-c", FINGERPRINT]).output();
    let said = String::from_utf8(said.unwrap().stdout).unwrap();
    let query = ".dsseEnvelope.signatures[0].keyid, .verificationMaterial.publicKey.hint";
    let named = world
        .command("jq")
        .args(["-r", query, "out/words-1.sigstore.json"])
        .output()
        .unwrap();
    let named = String::from_utf8(named.stdout).unwrap();
    assert_eq!(named, format!("{said}{said}"));
    assert!(said.starts_with("SHA256:"), "{said}");
    world
        .run(&["key", "show"])
        .expect(0, &["BEGIN PUBLIC KEY", said.trim()]);
    world
        .run(&["key", "list"])
        .expect(0, &[&said["SHA256:".len()..][..8], "default"]);
}
