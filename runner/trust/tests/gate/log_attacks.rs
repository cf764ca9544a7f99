//! Logs that were edited, forked, cut or held back, and bundles with proofs of something else.

use std::fs;
use std::path::Path;

use zwieback_attest::bundle::Bundle;
use zwieback_attest::known_keys::KnownKeys;
use zwieback_attest::public_key::Algorithm;
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::statement::Statement;
use zwieback_host::keys::private_key::PrivateKey;
use zwieback_host::keys::signer::{Signer as _, seal};
use zwieback_model::digest::Digest;
use zwieback_model::digest_set::DigestSet;
use zwieback_model::json::value::Value;
use zwieback_trust::command::submit;
use zwieback_trust::log::append::Submission;
use zwieback_trust::log::place::LogDir;
use zwieback_trust::tlog::logged;
use zwieback_trust::tlog::note_key::{NoteKey, NoteKind};
use zwieback_trust::tlog::view::Expectation;
use zwieback_trust::tlog::witness_policy::WitnessPolicy;

use crate::world::{ORIGIN, World};

fn code<T>(result: Result<T, zwieback_trust::log::error::LogError>) -> String {
    match result {
        Ok(_) => "accepted".to_owned(),
        Err(zwieback_trust::log::error::LogError::Refused(it)) => it.reason.code().to_owned(),
        Err(error) => error.to_string(),
    }
}

fn loaded(world: &World) -> String {
    code(world.ledger.load(world.now))
}

fn copy(from: &Path, to: &Path) {
    let mut cp = std::process::Command::new("cp");
    assert!(cp.arg("-rT").args([from, to]).status().unwrap().success());
}

#[test]
fn files_that_were_edited() {
    let world = World::new();
    world.approved("1.0");
    world.state();
    let log = world.home.join("log");
    let kept = world.home.join("kept");
    copy(&log, &kept);
    let size = world.size();
    for (file, expected) in [
        (format!("tile/entries/000.p/{size}"), "log-edited"),
        ("statements/000".to_owned(), "log-edited"),
        (format!("tile/0/000.p/{size}"), "log-edited"),
        ("checkpoint".to_owned(), "log-signature"),
    ] {
        let path = log.join(&file);
        let mut bytes = fs::read(&path).unwrap();
        let at = bytes
            .windows(4)
            .position(|it| it == b"cHJl" || it == b"\n8\nx")
            .unwrap_or(40);
        let at = if file == "checkpoint" {
            ORIGIN.len() + 1
        } else {
            at
        };
        bytes[at] = if bytes[at] == b'7' { b'8' } else { b'7' };
        fs::write(&path, &bytes).unwrap();
        assert_eq!(loaded(&world), expected, "{file}");
        fs::remove_dir_all(&log).unwrap();
        copy(&kept, &log);
    }
    fs::remove_file(log.join("statements/000")).unwrap();
    assert_eq!(loaded(&world), "log-edited");
    fs::remove_file(log.join("checkpoint")).unwrap();
    assert_eq!(loaded(&world), "log-missing");
    fs::remove_dir_all(&log).unwrap();
    assert_eq!(code(LogDir::open(&log)), "log-missing");
}

#[test]
fn names_that_forge_a_screen_stay_outside() {
    let world = World::new();
    for name in ["\u{202e}gpj.app", "../../etc/passwd", "app\u{1b}[2J"] {
        let statement = Statement {
            subject: vec![ResourceDescriptor::named(
                name,
                DigestSet::sha256(Digest::sha256(b"app")),
            )],
            predicate_type: "https://example.com/anything/v1".to_owned(),
            predicate: Value::object([]),
        };
        let (bundle, key) = world.sealed("acme", &statement);
        let refusal = Submission::new(&bundle, &key).unwrap_err();
        assert_eq!(refusal.reason.code(), "name-unsafe", "{name:?}");
    }
}

#[test]
fn a_log_that_was_rolled_back_or_forked() {
    let world = World::new();
    let (log, kept) = (world.home.join("log"), world.home.join("kept"));
    copy(&log, &kept);
    world.approve("ada", "1.0", "staging").unwrap();
    world.state();
    fs::remove_dir_all(&log).unwrap();
    copy(&kept, &log);
    assert_eq!(loaded(&world), "log-rolled-back");
    // Another third entry, and one more: larger than what was seen, and not what was seen.
    let submit = |version| {
        let (bundle, key) = world.provenance("acme", version);
        let submission = Submission::new(&bundle, &key).unwrap();
        assert_eq!(
            code(world.append(std::slice::from_ref(&submission))),
            "log-rolled-back"
        );
        world.append_elsewhere(&[submission])
    };
    submit("6.6").unwrap();
    assert_eq!(loaded(&world), "log-forked");
    let (bundle, key) = world.provenance("acme", "6.7");
    let submission = Submission::new(&bundle, &key).unwrap();
    world
        .append_elsewhere(std::slice::from_ref(&submission))
        .unwrap();
    assert_eq!(loaded(&world), "log-forked");
    assert_eq!(code(world.append(&[submission])), "log-forked");
}

#[test]
fn another_log_in_its_place() {
    let world = World::new();
    let log = world.home.join("log");
    fs::remove_dir_all(&log).unwrap();
    let key = PrivateKey::generate(Algorithm::Ed25519).unwrap();
    LogDir::init(&log, ORIGIN.parse().unwrap(), &key, world.now).unwrap();
    let other = World::open(&world.home);
    let mut ledger = world.ledger.clone();
    ledger.log = other.ledger.log.clone();
    assert_eq!(code(ledger.load(world.now)), "log-key-unknown");
}

#[test]
fn a_log_that_is_held_back() {
    let world = World::new();
    let key = PrivateKey::generate(Algorithm::Ed25519).unwrap();
    let name = "w.example".parse().unwrap();
    let witness = NoteKey::new(NoteKind::Witness, name, key.public_key()).unwrap();
    let text = format!(
        "log {}\nwitness w {witness}\nquorum w\n",
        world.ledger.log.key()
    );
    let mut ledger = world.ledger.clone();
    ledger.witnesses = WitnessPolicy::parse(&text).unwrap();
    assert_eq!(code(ledger.load(world.now)), "witness-quorum");
    let memory = zwieback_trust::log::memory::Memory::new(world.home.join("w"));
    let witness = zwieback_trust::log::witness::Witness {
        key: &witness,
        signer: &key,
        memory: &memory,
        policy: &world.ledger.witnesses,
    };
    ledger
        .log
        .witness(&witness, &ledger.seen, || world.now)
        .unwrap();
    ledger.max_age = Some(3600);
    assert_eq!(code(ledger.load(world.now)), "accepted");
    assert_eq!(code(ledger.load(world.days(1))), "log-stale");
}

#[test]
fn proofs_of_something_else() {
    let world = World::new();
    let versions = ["1.0", "1.1"];
    let bundles = versions.map(|version| world.provenance("acme", version));
    submit::submit(&world.reader(), &world.log_key, &bundles).unwrap();
    let log = world.ledger.believe(world.now).unwrap();
    let [first, second] = [2, 3].map(|it| log.proven_bundle(it).unwrap());
    let expected = Expectation {
        policy: &world.ledger.witnesses,
        seen: None,
        max_age: None,
        now: world.now,
    };
    let verdict = |bundle: &Bundle| {
        let result = logged::verify(bundle, &expected);
        result.map_or_else(|result| result.reason.code(), |_| "accepted")
    };
    assert_eq!(verdict(&first), "accepted");
    assert_eq!(verdict(&bundles[0].0), "proof-missing");
    let swapped = bundles[0]
        .0
        .clone()
        .with_log_entry(second.log_entries()[0].clone());
    assert_eq!(verdict(&swapped), "entry-mismatch");
    let text = String::from_utf8(first.to_bytes()).unwrap();
    let edited = |from: &str, to: &str| {
        let edited = text.replacen(from, to, 1);
        assert_ne!(edited, text, "{from}");
        verdict(&Bundle::parse(edited.as_bytes()).unwrap())
    };
    assert_eq!(
        edited("\"hashes\":[", "\"hashes\":[\"AAAA\","),
        "proof-malformed"
    );
    let digest = format!("\"hashes\":[\"{}=\",", "A".repeat(43));
    assert_eq!(edited("\"hashes\":[", &digest), "proof-inclusion");
    assert_eq!(
        edited(
            "\"logIndex\":\"2\",\"rootHash\"",
            "\"logIndex\":\"3\",\"rootHash\""
        ),
        "proof-inclusion"
    );
    assert_eq!(edited("\\n4\\n", "\\n5\\n"), "log-signature");
    let stranger = World::new();
    let policy = &stranger.ledger.witnesses;
    let other = logged::verify(&first, &Expectation { policy, ..expected });
    assert_eq!(other.unwrap_err().reason.code(), "log-key-unknown");
}

#[test]
fn a_bundle_that_no_reader_takes_stays_outside() {
    let world = World::new();
    let (key, size) = (&world.keys["acme"], world.size());
    let logged = |length: usize| {
        let mut statement = crate::world::provenance("acme", "1.0").into_statement(vec![
            ResourceDescriptor::named("app", DigestSet::sha256(Digest::sha256(b"app"))),
        ]);
        statement.predicate = Value::object([("filling", "x".repeat(length).into())]);
        let bundle = seal(&statement, key).unwrap();
        let submission = Submission::new(&bundle, key.public_key());
        submission.map_err(|refusal| refusal.reason.code().to_owned())
    };
    // In base64 it is a third longer, and then 16 MiB and a little.
    let refused = logged(12 << 20).unwrap_err();
    assert_eq!(refused, "entry-too-large");
    let large = logged((12 << 20) - 4096).unwrap();
    world.append(&vec![large; 3]).unwrap();
    let log = world.ledger.believe(world.now).unwrap();
    let mut keys = KnownKeys::default();
    let entries = log.entries();
    let read = entries.map(|stored| stored.unwrap().prove(&mut keys).unwrap());
    assert_eq!(read.count() as u64, size + 3);
}
