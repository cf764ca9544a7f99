//! The log through the real command line: kept by one, witnessed, watched and read by others.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use zwieback_test_world::larder::Larder;
use zwieback_test_world::mirror::{Manner, Mirror};
use zwieback_test_world::outcome::Outcome;
use zwieback_test_world::site;
use zwieback_test_world::world::World;

const ORIGIN: &str = "log.example/test";

/// Runs a line of words; none of them holds a blank.
fn run(world: &World, line: &str) -> Outcome {
    world.run(&line.split_whitespace().collect::<Vec<_>>())
}

/// The code of the refusal, as a program reads it.
fn reason(world: &World, line: &str) -> (Option<i32>, String) {
    let outcome = run(world, &format!("--format json {line}"));
    let last = outcome.stdout.lines().last().unwrap_or("{}");
    let value: serde_json::Value = serde_json::from_str(last).unwrap();
    let reason = value["reason"].as_str().unwrap_or("accepted").to_owned();
    (outcome.code, reason)
}

fn accepted() -> (Option<i32>, String) {
    (Some(0), "accepted".to_owned())
}

fn refused(code: &str) -> (Option<i32>, String) {
    (Some(4), code.to_owned())
}

fn shell(world: &World, script: &str) {
    let mut bash = world.command("bash");
    let done = bash.args(["-ec", script]).output().unwrap();
    assert!(done.status.success(), "{script}: {done:?}");
}

/// Two builds with their bundles, the log's key in `vkey`, and both as entries of `log`.
fn logged() -> World {
    let world = World::new(site!(), Larder::Shell);
    for name in ["one", "two"] {
        world.recipe(name, &format!("echo {name} > $OUT/{name}"));
        world.run(&["build", name, "--export", name]).expect(0, &[]);
    }
    let key = world.run(&["key", "show"]).expect(0, &[]);
    world.write("project/builder.pem", key.stdout);
    let init = run(&world, &format!("log init log --name {ORIGIN}")).expect(0, &["Made"]);
    world.write("project/vkey", init.line());
    run(&world, "log init log --name other.example").expect(1, &["a log at log already"]);
    let add =
        "log add log one/one-1.sigstore.json two/two-1.sigstore.json --key builder.pem --in-place";
    run(&world, add).expect(0, &["as entry 0", "as entry 1"]);
    world
}

fn key(world: &World) -> String {
    fs::read_to_string(world.path("project/vkey"))
        .unwrap()
        .trim()
        .to_owned()
}

/// A key for a witness, and its name as policies have it.
fn witness(world: &World, name: &str) -> String {
    run(world, &format!("key generate {name} --kind ed25519")).expect(0, &[]);
    let vouch = vouch(world, name, "log");
    let said = run(world, &format!("--format json {vouch}")).expect(0, &[]);
    let value: serde_json::Value = serde_json::from_str(said.line()).unwrap();
    value["witness"].as_str().unwrap().to_owned()
}

fn vouch(world: &World, name: &str, log: &str) -> String {
    let key = key(world);
    format!("log witness {log} --signed-by {key} --name {name}.example --sign-key {name}")
}

/// What jq makes of an honest bundle's proof, and the reason for which that is refused.
fn tampered(honest: &str) -> [(String, &'static str); 7] {
    let proof = ".verificationMaterial.tlogEntries[0].inclusionProof";
    let other = "one/one-1.sigstore.json two/two-1.sigstore.json";
    let entries = ".verificationMaterial.tlogEntries";
    [
        (format!("jq 'del({entries})' {honest}"), "proof-missing"),
        (
            format!("jq -s '.[0]{entries} = .[1]{entries} | .[0]' {other}"),
            "entry-mismatch",
        ),
        (
            format!("jq '{proof}.hashes = []' {honest}"),
            "proof-inclusion",
        ),
        (
            format!("jq '{proof}.hashes[0] |= (.[:-4])' {honest}"),
            "proof-malformed",
        ),
        (
            format!("jq '{proof}.hashes = [\"{}=\"]' {honest}", "A".repeat(43)),
            "proof-inclusion",
        ),
        (
            format!("jq '{proof}.logIndex = \"1\"' {honest}"),
            "proof-inclusion",
        ),
        (
            format!("jq '{proof}.checkpoint.envelope |= sub(\"\\n2\\n\"; \"\\n3\\n\")' {honest}"),
            "log-signature",
        ),
    ]
}

#[test]
fn bundles_prove_offline_that_they_are_in_the_log() {
    let world = logged();
    let key = key(&world);
    let verify = |bundle: &str, more: &str| {
        format!("verify one/one --bundle {bundle} --key builder.pem {more}")
    };
    let asked = format!("--log-signed-by {key}");
    let honest = "one/one-1.sigstore.json";
    // The log itself is not needed any more.
    fs::rename(world.path("project/log"), world.path("project/gone")).unwrap();
    run(&world, &verify(honest, &asked)).expect(0, &["Logged as entry 0", "Verified"]);

    for (change, expected) in tampered(honest) {
        shell(&world, &format!("{change} > bad.json"));
        let came = reason(&world, &verify("bad.json", &asked));
        assert_eq!(came, refused(expected), "{change}");
    }
    let init = run(
        &world,
        &format!("log init other --name {ORIGIN} --sign-key log"),
    );
    assert_eq!(init.expect(0, &[]).line(), key, "one key is one log's name");
    run(&world, "key generate stranger --kind ed25519").expect(0, &[]);
    let stranger = run(
        &world,
        "log init strange --name log.example/strange --sign-key stranger",
    );
    let asked = format!("--log-signed-by {}", stranger.expect(0, &[]).line());
    assert_eq!(
        reason(&world, &verify(honest, &asked)),
        refused("log-key-unknown")
    );
}

#[test]
fn witnesses_vouch_and_their_word_grows_old() {
    let world = logged();
    let key = key(&world);
    let (ann, ben) = (witness(&world, "ann"), witness(&world, "ben"));
    let policy = |witnesses: &str, quorum: &str| {
        world.write(
            "project/policy",
            format!("log {key}\n{witnesses}group g {quorum}\nquorum g\n"),
        )
    };
    let both = format!("witness ann {ann}\nwitness ben {ben}\n");
    policy(&both, "2 ann ben");
    let verify = "log verify log --witnesses policy";
    assert_eq!(reason(&world, verify), accepted());
    assert_eq!(
        reason(&world, &format!("{verify} --max-age 1h")),
        accepted()
    );
    // A bundle that was proved before anyone vouched has nobody's word.
    let bundle = "verify one/one --bundle one/one-1.sigstore.json --key builder.pem";
    let asked = format!("{bundle} --log-witnesses policy");
    assert_eq!(reason(&world, &asked), refused("witness-quorum"));
    run(
        &world,
        "log prove log 0 --bundle -o one/one-1.sigstore.json",
    )
    .expect(0, &[]);
    assert_eq!(reason(&world, &asked), accepted());
    // The word is dated in whole seconds: one has to pass before it is old.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    assert_eq!(
        reason(&world, &format!("{asked} --log-max-age 0s")),
        refused("log-stale")
    );

    // One witness under two names is one witness.
    policy(
        &format!("witness ann {ann}\nwitness eve {ann}\n"),
        "2 ann eve",
    );
    assert_eq!(reason(&world, verify), refused("witness-policy-malformed"));
    policy(&both, "2 ann ben");
    run(
        &world,
        "log add log two/two-1.sigstore.json --key builder.pem",
    )
    .expect(0, &[]);
    assert_eq!(reason(&world, verify), refused("witness-quorum"));
    run(&world, &vouch(&world, "ann", "log")).expect(0, &["Vouched", "3 entries"]);
    assert_eq!(reason(&world, verify), refused("witness-quorum"));
    // The other one vouches elsewhere, and the keeper takes that.
    run(
        &world,
        &format!("{} -o ben.note", vouch(&world, "ben", "log")),
    )
    .expect(0, &[]);
    assert_eq!(reason(&world, verify), refused("witness-quorum"));
    run(&world, "log take log ben.note --witnesses policy").expect(0, &["1 cosignature"]);
    assert_eq!(reason(&world, verify), accepted());
}

#[test]
fn who_watches_sees_forks_and_what_is_gone() {
    let world = logged();
    let signed = format!("--signed-by {}", key(&world));
    let (monitor, verify) = (
        format!("log monitor log {signed}"),
        format!("log verify log {signed}"),
    );
    run(&world, &monitor).expect(0, &["built", "2 entries"]);
    run(&world, &verify).expect(0, &["Verified", "2 entries"]);
    run(&world, &monitor).expect(0, &["0 entries"]);
    run(&world, &vouch(&world, "log", "log")).expect(0, &[]);
    shell(&world, "cp -r log kept");
    run(
        &world,
        "log add log one/one-1.sigstore.json --key builder.pem",
    )
    .expect(0, &[]);
    run(&world, &monitor).expect(0, &["built", "1 entry"]);
    run(&world, &verify).expect(0, &[]);
    run(&world, &vouch(&world, "log", "log")).expect(0, &[]);

    shell(&world, "mv log grown; cp -r kept log");
    for line in [&monitor, &verify, &vouch(&world, "log", "log")] {
        assert_eq!(reason(&world, line), refused("log-rolled-back"), "{line}");
    }
    run(&world, &monitor).expect(4, &["hint: keep the folder as it is: it is evidence"]);
    // Those who name no key look through the same memory.
    for line in ["log show log", "log prove log 0"] {
        assert_eq!(reason(&world, line), refused("log-rolled-back"), "{line}");
    }
    let add = "log add log two/two-1.sigstore.json --key builder.pem";
    assert_eq!(reason(&world, add), refused("log-rolled-back"));
    let elsewhere = format!("XDG_STATE_HOME=$PWD/elsewhere zwieback {add}");
    for number in 0..2 {
        shell(&world, &elsewhere);
        for line in [&monitor, &verify, &vouch(&world, "log", "log")] {
            assert_eq!(
                reason(&world, line),
                refused("log-forked"),
                "{number} {line}"
            );
        }
    }
    shell(&world, "rm -r log; mv grown log");
    run(&world, &verify).expect(0, &[]);
    for (script, expected) in [
        ("sed -i s/cHJ/cHK/ log/statements/000", "log-edited"),
        (
            "sed -i s/hashed/hasHed/ log/tile/entries/000.p/3",
            "log-edited",
        ),
        ("rm log/statements/000", "log-edited"),
        ("sed -i 's/^3$/4/' log/checkpoint", "log-signature"),
        ("rm log/checkpoint", "log-missing"),
    ] {
        shell(&world, &format!("rm -rf good; cp -r log good; {script}"));
        assert_eq!(reason(&world, &verify), refused(expected), "{script}");
        shell(&world, "rm -r log; mv good log");
    }
}

#[test]
fn a_log_is_served_as_static_files() {
    let world = logged();
    let files = files(&world.path("project/log"), "");
    let mirror = Mirror::of(
        files
            .into_iter()
            .map(|(path, bytes)| (path, bytes, Manner::Honest)),
    );
    let url = mirror.root().trim_end_matches('/').to_owned();
    let signed = format!("--signed-by {}", key(&world));
    run(&world, &format!("log verify {url} {signed}")).expect(0, &["2 entries"]);
    run(&world, &format!("log monitor {url} {signed}")).expect(0, &["built"]);
    run(&world, &format!("log show {url}")).expect(0, &["built"]);
    let prove = run(&world, &format!("log prove {url} 1")).expect(0, &[]);
    let own = run(&world, "log prove log 1").expect(0, &["c2sp.org/tlog-proof@v1\nindex 1\n"]);
    assert_eq!(prove.stdout, own.stdout);
    run(&world, "log prove log 2").expect(1, &["there is no entry 2"]);
    run(&world, &format!("log verify {url}/elsewhere {signed}")).expect(1, &["answered 404"]);
}

#[test]
fn a_served_log_is_copied_only_as_far_as_it_is_signed() {
    let world = logged();
    let files = files(&world.path("project/log"), "").into_iter();
    let claimed = files.map(|(path, bytes)| match path.as_str() {
        "checkpoint" => {
            let text = String::from_utf8(bytes).unwrap();
            let claim = text.replacen("\n2\n", "\n4294967296\n", 1);
            assert_ne!(claim, text);
            (path, claim.into_bytes(), Manner::Honest)
        }
        _ => (path, bytes, Manner::Honest),
    });
    let mirror = Mirror::of(claimed);
    let url = mirror.root().trim_end_matches('/').to_owned();
    let signed = format!("--signed-by {}", key(&world));
    let refused = refused("log-signature");
    assert_eq!(
        reason(&world, &format!("log verify {url} {signed}")),
        refused
    );
    assert_eq!(reason(&world, &format!("log show {url}")), refused);
    let copies = world.path("home/.local/state/zwieback/log-copies");
    assert!(
        !copies.exists(),
        "not even a key is kept that signed nothing"
    );
}

/// Of two commands that copy one log the later one is told what is served later: what an earlier one was told does not
/// take its place, or the log would seem to have been rolled back.
#[test]
fn a_served_log_is_copied_by_one_command_at_a_time() {
    let world = logged();
    let files = files(&world.path("project/log"), "").into_iter();
    let mirror = Mirror::of(files.map(|(path, bytes)| (path, bytes, Manner::Honest)));
    let url = mirror.root().trim_end_matches('/').to_owned();
    let verify = format!("log verify {url} --signed-by {}", key(&world));
    run(&world, &verify).expect(0, &["2 entries"]);
    let locks = world.path("home/.local/state/zwieback/log-copy-locks");
    let lock = fs::read_dir(locks).unwrap().next().unwrap().unwrap();
    let held = fs::File::open(lock.path()).unwrap();
    held.lock().unwrap();
    let asked = mirror.asked().len();
    let mut waits = world.command("zwieback");
    let mut waits = waits.args(verify.split(' ')).spawn().unwrap();
    thread::sleep(Duration::from_millis(500));
    assert!(waits.try_wait().unwrap().is_none());
    assert_eq!(mirror.asked().len(), asked);
    drop(held);
    assert!(waits.wait().unwrap().success());
}

/// What was served wrong once, each file of the log in turn, is served right the next time; the file is kept for
/// good only after it was found in the tree.
#[test]
fn one_wrong_byte_that_was_served_once_is_not_kept() {
    let world = logged();
    let many = ["one/one-1.sigstore.json"; 255].join(" ");
    run(&world, &format!("log add log {many} --key builder.pem")).expect(0, &["as entry 256"]);
    let honest = files(&world.path("project/log"), "");
    let read = |name: &str| !name.ends_with("trusted_root.json") && !name.contains(".p/");
    let served: Vec<String> = honest
        .iter()
        .map(|(name, _)| name.clone())
        .filter(|name| read(name) || name.ends_with(".p/1"))
        .filter(|name| name != "lock")
        .collect();
    assert!(served.len() >= 9, "{served:?}");
    let signed = format!("--signed-by {}", key(&world));
    for wrong in served {
        let mirror = Mirror::of(honest.iter().map(|(path, bytes)| {
            let manner = if *path == wrong {
                Manner::WrongOnce
            } else {
                Manner::Honest
            };
            (path.clone(), bytes.clone(), manner)
        }));
        let url = mirror.root().trim_end_matches('/').to_owned();
        let verify = format!("log verify {url} {signed}");
        let first = reason(&world, &verify);
        assert_ne!(first, accepted(), "{wrong}");
        for _ in 0..2 {
            assert_eq!(reason(&world, &verify), accepted(), "{wrong}");
        }
        let asked = mirror.asked();
        let count = |name: &str| asked.iter().filter(|path| path.starts_with(name)).count();
        assert!(count("tile/entries/000 from") <= 2, "{wrong}: {asked:?}");
    }
}

#[test]
fn a_copy_of_a_served_log_has_an_end() {
    let world = logged();
    let served = |lie: bool| {
        let files = files(&world.path("project/log"), "").into_iter();
        Mirror::of(files.map(|(path, bytes)| {
            let is_short = lie && path.starts_with("tile/0/");
            let sent = if is_short { b"x".to_vec() } else { bytes };
            (path, sent, Manner::Honest)
        }))
    };
    let asked_for = |mirror: &Mirror, part: &str| {
        let asked = mirror.asked();
        asked.iter().any(|path| path.contains(part))
    };
    let show = |mirror: &Mirror| format!("log show {}", mirror.root().trim_end_matches('/'));

    let many = served(false);
    let outcome = run(
        &world,
        &format!("--config fetch.largest=8KiB {}", show(&many)),
    );
    outcome.expect(
        1,
        &["has 2 entries in 3 files", "`fetch.largest` allows 8192"],
    );
    assert!(!asked_for(&many, "tile/"));
    run(&world, &show(&many)).expect(0, &[]);

    let short = served(true);
    assert_eq!(reason(&world, &show(&short)), refused("log-edited"));
    assert!(asked_for(&short, "tile/0/") && !asked_for(&short, "tile/entries/"));
}

/// Every file below a folder, by its path from there.
fn files(folder: &Path, below: &str) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let each = entries.flat_map(|entry| {
        let name = format!("{below}{}", entry.file_name().into_string().unwrap());
        match entry.path() {
            path if path.is_dir() => files(&path, &format!("{name}/")),
            path => vec![(name, fs::read(path).unwrap())],
        }
    });
    each.collect()
}
