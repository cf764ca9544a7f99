//! What the version eb99567 wrote is read, verified, or refused with a sentence. `tests/fixtures/eb99567`
//! holds a bundle with its artifacts, a trust root, a policy, a summary, a log, a lock and a store of its.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use zwieback_test_world::larder::Larder;
use zwieback_test_world::outcome::Outcome;
use zwieback_test_world::site;
use zwieback_test_world::world::World;

const BUNDLE: &str = "--bundle old/out/old-1.sigstore.json";

/// A world with those files in `project/old`; its store is the old one.
fn old() -> World {
    let world = World::new(site!(), Larder::Empty);
    let from = site!().file("tests/fixtures/eb99567");
    let script = format!(
        "cp -a {} old; rmdir ../store; tar x -C .. --no-same-owner -f old/store.tar; \
         cp -a old/project/recipes old/project/toolchains .",
        from.display()
    );
    assert!(shell(&world, &script));
    world
}

/// Runs a line of words; none of them holds a blank.
fn run(world: &World, line: &str) -> Outcome {
    world.run(&line.split_whitespace().collect::<Vec<_>>())
}

fn shell(world: &World, script: &str) -> bool {
    let mut bash = world.command("bash");
    bash.args(["-ec", script])
        .output()
        .unwrap()
        .status
        .success()
}

#[test]
fn a_bundle_verifies_the_files_that_it_names() {
    let world = old();
    let single = format!("verify old/out/plain old/out/bin/run {BUNDLE} --key old/builder.pem");
    run(&world, &single).expect(0, &["Verified 2 artifacts"]);
    let rooted = format!("verify old/out/a/same {BUNDLE} --trust old/root.json");
    run(&world, &rooted).expect(0, &["Verified 1 artifact"]);
    world.write("project/old/out/plain", "changed\n");
    run(&world, &single).expect(4, &["[artifact-changed]"]);
}

/// Its statement names regular files alone.
#[test]
fn a_folder_of_an_old_bundle_says_what_is_not_stated() {
    let world = old();
    let folder = format!("verify old/out {BUNDLE} --key old/builder.pem");
    run(&world, &folder).expect(4, &["not-stated", "bin/link"]);
    let subset = format!("{folder} --subset");
    run(&world, &subset).expect(0, &["which are not stated", "Verified 4 artifacts"]);
    assert!(shell(
        &world,
        "rm old/out/bin/link; chmod -x old/out/bin/run"
    ));
    run(&world, &folder).expect(0, &["Verified 4 artifacts"]);
    assert!(shell(
        &world,
        "mv old/out/a/same x; mv old/out/b/same old/out/a/; mv x old/out/b/same"
    ));
    run(&world, &folder).expect(4, &["artifact-swapped"]);
    run(&world, &subset).expect(4, &["artifact-swapped"]);
}

#[test]
fn a_policy_and_a_root_are_read() {
    let world = old();
    run(&world, "key list --root old/root.json").expect(0, &["version 2", "operator acme"]);
    let verify = format!("verify old/out/plain {BUNDLE} --trust old/root.json --policy");
    let signed = format!("{verify} old/policy.signed.json");
    run(&world, &signed).expect(0, &["Kept 3 rules of the policy"]);
    let by_key = format!("verify old/out/plain {BUNDLE} --key old/builder.pem --policy");
    run(&world, &format!("{by_key} old/policy.toml")).expect(5, &["level-too-low"]);
}

#[test]
fn a_summary_is_read_and_rests_on_too_little() {
    let world = old();
    let words = "--trust old/root.json --resource pkg:generic/old@1";
    let believed = run(
        &world,
        &format!("verify old/out/plain --summary old/summary.json {words}"),
    );
    believed.expect(4, &["summary-incomplete", "verify the builds"]);
}

#[test]
fn a_log_is_read_and_its_state_is_what_it_was() {
    let world = old();
    let key = fs::read_to_string(world.path("project/old/log/log.vkey")).unwrap();
    let verify = format!("log verify --signed-by {} old/log", key.trim());
    run(&world, &verify).expect(0, &["Verified 4 entries of log.example/old"]);
    run(&world, "log show --gate old/gate.toml").expect(0, &["built", "approved", "promoted"]);
    run(&world, "status --gate old/gate.toml").expect(0, &["plain 1 (dacf3654)"]);
}

#[test]
fn a_lock_and_a_store_are_read() {
    let world = old();
    run(&world, "plan old").expect(0, &["Planned old 1", "24 packages"]);
    run(&world, "store verify").expect(0, &["3 objects read again, 0 problems"]);
    run(&world, "store ls").expect(0, &["action", "tree", "blob"]);
}
