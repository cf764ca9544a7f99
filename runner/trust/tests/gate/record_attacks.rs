//! Records that were changed on the disk: every reader stops, and none takes silence for an answer.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use zwieback_host::keys::private_key::PrivateKey;
use zwieback_host::keys::signer::Signer as _;
use zwieback_model::json::canonical;
use zwieback_trust::command::error::CommandError;
use zwieback_trust::command::explain_decision::explain_decision;
use zwieback_trust::command::promote::{Promote, dry_run};
use zwieback_trust::command::revoke::{Revoke, blast_radius, revoke};
use zwieback_trust::command::rollback::{RollBack, rollback};
use zwieback_trust::command::statements;
use zwieback_trust::command::status::status;
use zwieback_trust::command::submit;
use zwieback_trust::command::trace::trace;
use zwieback_trust::command::watch::watch;
use zwieback_trust::ledger::Ledger;
use zwieback_trust::log::error::LogError;
use zwieback_trust::log::memory::Memory;
use zwieback_trust::reason::Why;
use zwieback_trust::screen::json;
use zwieback_trust::snapshot::follow::Query;
use zwieback_trust::state::blast::BlastRadius;
use zwieback_trust::statement::revocation::Revoked;
use zwieback_trust::statement::rollback::Trigger;

use crate::world::{World, artifact, name};

/// A release that is in staging and was revoked: the last record says so.
fn revoked() -> World {
    let world = World::new();
    world.approved("1.0");
    world.promote("1.0", "staging").unwrap();
    revoke(&world.session("sam"), &a_revocation()).unwrap();
    world
}

fn a_revocation() -> Revoke {
    Revoke {
        revoked: Revoked::Artifact(artifact("1.0").sha256),
        from: None,
        reason: "a test".to_owned(),
    }
}

/// The same company, seen by someone who never looked at it.
fn fresh(world: &World) -> World {
    for file in ["seen", "verified"] {
        drop(fs::remove_file(world.home.join(file)));
    }
    drop(fs::remove_dir_all(world.home.join("snapshot")));
    World::open(&world.home)
}

const PAYLOAD: &[u8] = b"\"payload\":\"";

/// Changes one character inside the payload of the last record.
fn change_the_last(world: &World) {
    let path = world.home.join("log/statements/000");
    let bytes = fs::read(&path).unwrap();
    let mut windows = bytes.windows(PAYLOAD.len());
    let at = windows.rposition(|window| window == PAYLOAD).unwrap();
    change(&path, at + 200);
}

/// Changes one byte of a file in its place, and puts the time of the change back.
fn change(path: &Path, at: usize) {
    let file = fs::File::options().read(true).write(true).open(path);
    let file = file.unwrap();
    let before = file.metadata().unwrap().modified().unwrap();
    let (mut byte, at) = ([0], at as u64);
    file.read_exact_at(&mut byte, at).unwrap();
    let other = if byte == *b"A" { b"B" } else { b"A" };
    file.write_all_at(other, at).unwrap();
    file.set_modified(before).unwrap();
}

/// Until the files are old enough that one more change would show.
fn settle(world: &World) {
    std::thread::sleep(std::time::Duration::from_millis(150));
    world.about("1.0");
}

fn of_log<T>(result: Result<T, LogError>) -> String {
    match result {
        Ok(_) => "accepted".to_owned(),
        Err(LogError::Refused(refusal)) => refusal.reason.code().to_owned(),
        Err(error) => error.to_string(),
    }
}

fn of_command<T>(result: Result<T, CommandError>) -> String {
    match result {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error
            .why()
            .map_or(error.to_string(), |why: Why| why.code().to_owned()),
    }
}

/// What every command says that reads the log.
fn commands(world: &World) -> Vec<(&'static str, String)> {
    let (reader, staging) = (world.reader(), name("staging"));
    let promotion = Promote {
        artifact: world.file("app", "app 1.0"),
        environment: name("prod"),
    };
    let back = RollBack {
        environment: staging.clone(),
        trigger: Trigger::Asked,
        reason: "a test".to_owned(),
    };
    let provenance = [world.provenance("acme", "9.9")];
    vec![
        ("dry run", of_command(dry_run(&reader, &promotion))),
        ("promote", world.refused("1.0", "prod")),
        ("status", of_command(status(&reader))),
        ("trace", of_command(trace(&reader, artifact("1.0").sha256))),
        ("watch", of_command(watch(&world.session("gate"), &staging))),
        (
            "rollback",
            of_command(rollback(&world.session("gate"), &back)),
        ),
        ("approve", of_command(world.approve("cy", "1.0", "prod"))),
        (
            "reach",
            of_command(blast_radius(&reader, &a_revocation().revoked)),
        ),
        (
            "revoke",
            of_command(revoke(&world.session("sam"), &a_revocation())),
        ),
        (
            "submit",
            of_command(submit::submit(&reader, &world.log_key, &provenance)),
        ),
        (
            "explain-decision",
            of_command(explain_decision(&reader, promoted_at(world))),
        ),
        ("log show", of_log(world.ledger.lines(world.now))),
        ("log verify", verified(&world.ledger, world)),
    ]
}

fn verified(ledger: &Ledger, world: &World) -> String {
    of_log(ledger.believe(world.now).and_then(|log| log.verify()))
}

/// The promotion is the last but one.
fn promoted_at(world: &World) -> u64 {
    world
        .ledger
        .believe(world.now)
        .map_or(0, |log| log.head().size - 2)
}

#[test]
fn a_changed_byte_hides_no_revocation() {
    let world = revoked();
    change_the_last(&world);
    for (command, verdict) in commands(&fresh(&world)) {
        assert_eq!(verdict, "log-edited", "{command}");
    }
    let saw = world.ledger.lines(world.now).unwrap_err();
    let last = world.size() - 1;
    let (error, hint) = (saw.to_string(), saw.hint().unwrap());
    assert!(error.contains(&format!("entry {last} in")), "{error}");
    assert!(error.contains("statements/000"), "{error}");
    assert!(hint.contains("it is evidence"), "{hint}");
    let log = world.ledger.believe(world.now).unwrap();
    assert_eq!(of_log(log.record(last)), "log-edited");
    assert_eq!(of_log(log.proven_bundle(last)), "log-edited");
    let position = Memory::new(world.home.join("position"));
    let watched = log.monitor(&world.ledger.witnesses, &position, drop);
    assert_eq!(of_log(watched), "log-edited");
}

/// A snapshot knows what the log said, and still believes only what the log can show.
#[test]
fn a_snapshot_hides_no_old_record_that_was_changed() {
    let world = revoked();
    world.about("1.0");
    settle(&world);
    let path = world.home.join("log/statements/000");
    let whole = fs::read(&path).unwrap();
    let first = whole.windows(PAYLOAD.len()).position(|it| it == PAYLOAD);
    change(&path, first.unwrap() + 200);
    for (command, verdict) in commands(&world) {
        assert_eq!(verdict, "log-edited", "{command}");
    }
    let wish = Promote {
        artifact: world.file("app", "app 1.0"),
        environment: name("prod"),
    };
    let saw = dry_run(&world.reader(), &wish).unwrap_err().to_string();
    assert!(saw.contains("entry 0 in"), "{saw}");
    assert!(saw.contains("statements/000"), "{saw}");
    // Once the file is what it was, all is well, and what it looks like now is remembered.
    fs::write(&path, whole).unwrap();
    assert_eq!(world.refused("1.0", "prod"), "artifact-revoked");
}

/// Each of the files that a record lies in, and a record that the question has nothing to do with.
#[test]
fn a_snapshot_looks_at_every_file_of_records() {
    let world = World::new();
    let (bundle, key) = world.provenance("acme", "1.0");
    let one = zwieback_trust::log::append::Submission::new(&bundle, &key).unwrap();
    world.append(&vec![one; 600]).unwrap();
    world.about("1.0");
    settle(&world);
    let head = || fs::read(world.home.join("snapshot/head")).unwrap();
    for file in ["statements/001", "tile/entries/001", "tile/0/001"] {
        let path = world.home.join("log").join(file);
        let (whole, settled) = (fs::read(&path).unwrap(), head());
        change(&path, whole.len() / 2);
        let read = world.ledger.load_about(&about("1.0", &world));
        assert_eq!(of_log(read), "log-edited", "{file}");
        assert!(head() == settled, "what was refused changes no memory");
        // A copy of what was there is another file: it is read once more, and then known.
        let other = path.with_extension("other");
        fs::write(&other, &whole).unwrap();
        fs::rename(&other, &path).unwrap();
        settle(&world);
        assert!(head() != settled, "it is another file");
        fs::remove_file(&path).unwrap();
        let read = world.ledger.load_about(&about("1.0", &world));
        assert_eq!(of_log(read), "log-edited", "{file} is missing");
        std::os::unix::fs::symlink(world.home.join("kept"), &path).unwrap();
        fs::write(world.home.join("kept"), &whole).unwrap();
        settle(&world);
        change(&world.home.join("kept"), whole.len() / 2);
        let read = world.ledger.load_about(&about("1.0", &world));
        assert_eq!(of_log(read), "log-edited", "{file} is a link");
        fs::remove_file(&path).unwrap();
        fs::write(&path, &whole).unwrap();
        settle(&world);
    }
}

fn about(version: &str, world: &World) -> Query<'static> {
    Query {
        artifact: artifact(version).sha256,
        name: "app",
        now: world.now,
    }
}

type Change = fn(&Path);

/// Every file that a reader of the records needs, and what may be done to it.
#[test]
fn records_that_are_missing_moved_or_too_many() {
    let world = World::new();
    let (bundle, key) = world.provenance("acme", "1.0");
    let one = zwieback_trust::log::append::Submission::new(&bundle, &key).unwrap();
    world.append(&vec![one; 300]).unwrap();
    let statements = |name: &str| world.home.join("log/statements").join(name);
    let changes: [(PathBuf, Change); 6] = [
        (statements("000"), |path| fs::remove_file(path).unwrap()),
        (statements("001"), |path| fs::remove_file(path).unwrap()),
        (statements("000"), |path| cut(path, 1)),
        (statements("001"), |path| cut(path, 1)),
        // A file that is full never grows again.
        (statements("000"), |path| lengthen(path)),
        // The records of the second file in place of the first.
        (statements("000"), |path| {
            fs::copy(path.with_file_name("001"), path).unwrap();
        }),
    ];
    for (number, (path, change)) in changes.into_iter().enumerate() {
        let kept = fs::read(&path).unwrap();
        change(&path);
        assert_eq!(verified(&world.ledger, &world), "log-edited", "{number}");
        let lines = fresh(&world).ledger.lines(world.now);
        assert_eq!(of_log(lines), "log-edited", "{number}");
        fs::write(&path, kept).unwrap();
    }
    // Behind the end a crash may have left what no checkpoint speaks of.
    lengthen(&statements("001"));
    assert_eq!(verified(&world.ledger, &world), "accepted");
}

fn cut(path: &Path, bytes: usize) {
    let content = fs::read(path).unwrap();
    fs::write(path, &content[..content.len() - bytes]).unwrap();
}

fn lengthen(path: &Path) {
    let mut content = fs::read(path).unwrap();
    content.extend_from_slice(b"\0\0\0\x02{}");
    fs::write(path, content).unwrap();
}

/// What was said is remembered like what was seen: a log that was put back to just before is refused.
#[test]
fn ones_own_last_word_cannot_be_taken_back() {
    let world = World::new();
    world.approved("1.0");
    let (log, kept) = (world.home.join("log"), world.home.join("kept"));
    copy(&log, &kept);
    revoke(&world.session("sam"), &a_revocation()).unwrap();
    fs::remove_dir_all(&log).unwrap();
    copy(&kept, &log);
    assert_eq!(world.refused("1.0", "staging"), "log-rolled-back");
}

/// A signed statement that waits to be submitted stands nowhere yet.
#[test]
fn only_what_was_recorded_has_a_place() {
    let world = World::new();
    world.release("1.0");
    let wish = statements::Approve {
        artifact: artifact("1.0"),
        environment: name("staging"),
        expires: world.days(1),
        comment: None,
    };
    let statement = statements::approval(&world.reader(), &wish).unwrap();
    let signed = submit::sign(&world.reader(), &statement, &world.keys["ada"]);
    let waiting = canonical::to_string(&json::unrecorded(&signed.unwrap().1));
    assert!(waiting.contains("\"recorded\":false"), "{waiting}");
    assert!(!waiting.contains("\"index\""), "{waiting}");
    let recorded = world.say("ada", &statement).unwrap();
    let told = canonical::to_string(&json::line(&recorded));
    let index = world.size() - 1;
    assert!(told.contains(&format!("\"index\":{index},")), "{told}");
}

/// What a key reaches is all that it signed, and whoever it speaks for.
#[test]
fn the_reach_of_a_key_is_all_that_it_signed() {
    let world = World::new();
    world.approved("1.0");
    world.promote("1.0", "staging").unwrap();
    let promotion = world.size() - 1;
    world.promote("1.0", "prod").unwrap();
    let reach = |key: &PrivateKey| {
        let key = Revoked::Key(key.public_key().id().name());
        blast_radius(&world.reader(), &key).unwrap()
    };
    let gate = reach(&world.keys["gate"]);
    assert_eq!(gate.signed, [promotion, promotion + 1].into());
    assert_eq!(gate.speaks_for, ["the gate https://gate.example/v1"]);
    let keeper = reach(&world.keys["kim"]);
    assert_eq!(
        (keeper.signed, keeper.speaks_for),
        ([0].into(), vec!["kim".to_owned()])
    );
    let log = reach(&world.log_key);
    assert!(log.speaks_for[0].starts_with("the log log.example/releases"));
    let stranger = reach(&world.keys["stranger"]);
    assert_eq!(stranger, BlastRadius::default());
}

/// A memory that somebody else wrote is no memory: it is not passed over.
#[test]
fn a_memory_that_was_changed_is_refused() {
    let world = World::new();
    let path = world.home.join("seen");
    let honest = fs::read_to_string(&path).unwrap();
    let larger = honest.replacen("\n2\n", "\n1\n", 1);
    assert_ne!(larger, honest);
    fs::write(&path, larger).unwrap();
    assert_eq!(of_log(world.ledger.load(world.now)), "log-signature");
    fs::write(&path, "").unwrap();
    assert_eq!(of_log(world.ledger.load(world.now)), "note-malformed");
    fs::write(&path, honest).unwrap();
    assert_eq!(of_log(world.ledger.load(world.now)), "accepted");
}

/// Earlier versions remembered in several places: each of them still counts, and is taken over.
#[test]
fn memories_of_earlier_versions_are_taken_over() {
    let world = World::new();
    let (log, kept) = (world.home.join("log"), world.home.join("kept"));
    copy(&log, &kept);
    world.approved("1.0");
    let reader = world.home.join("reader");
    fs::rename(world.home.join("seen"), &reader).unwrap();
    fs::remove_dir_all(&log).unwrap();
    copy(&kept, &log);
    let mut ledger = world.ledger.clone();
    ledger.seen = Memory::new(world.home.join("one")).taking_over([reader.clone()]);
    assert_eq!(of_log(ledger.believe(world.now)), "log-rolled-back");
    assert!(reader.exists(), "what was refused stays remembered");
    fs::remove_dir_all(&log).unwrap();
    fs::remove_file(&reader).unwrap();
    assert_eq!(of_log(ledger.believe(world.now)), "log-missing");
}

fn copy(from: &Path, to: &Path) {
    let mut cp = std::process::Command::new("cp");
    assert!(cp.arg("-rT").args([from, to]).status().unwrap().success());
}
