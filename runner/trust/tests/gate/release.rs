//! The command of a release, from its builds to the audit of its end; every screen is checked.

use zwieback_model::digest::Digest;
use zwieback_model::labelled::Text;
use zwieback_trust::command::explain_decision::explain_decision;
use zwieback_trust::command::revoke::{Revoke, blast_radius, revoke, roll_back_reached};
use zwieback_trust::command::status::status;
use zwieback_trust::command::trace::trace;
use zwieback_trust::command::watch::{Watched, watch};
use zwieback_trust::gate::question::Intent;
use zwieback_trust::screen;
use zwieback_trust::screen::trace::Inputs;
use zwieback_trust::statement::revocation::Revoked;
use zwieback_trust::statement::rollback::Trigger;

use crate::world::{World, artifact, name, source};

#[test]
fn release() {
    let mut world = World::new();
    world.approved("1.0");
    world.promote("1.0", "staging").unwrap();
    world.promote("1.0", "prod").unwrap();
    assert_eq!(world.seen("prod"), "app 1.0");

    world.later(3600);
    world.release("1.1");
    assert_eq!(world.refused("1.1", "staging"), "approvals-too-few");
    world.approve("ada", "1.1", "staging").unwrap();
    world.promote("1.1", "staging").unwrap();
    assert_eq!(world.refused("1.1", "prod"), "approvals-too-few");
    world.approve("ada", "1.1", "prod").unwrap();
    world.approve("bo", "1.1", "prod").unwrap();
    assert_eq!(world.refused("1.1", "prod"), "tests-missing");
    world.test("1.1");
    let promoted = world.promote("1.1", "prod").unwrap();
    assert_eq!(promoted.decision.generation, 2);
    assert_eq!(world.seen("prod"), "app 1.1");

    let explained = explain_decision(&world.reader(), promoted.index).unwrap();
    assert_eq!(explained.agrees, Ok(()));
    assert_eq!(explained.decision, promoted.decision);

    world.later(3600);
    revoked_source_is_rolled_back(&world);
    audit(&world);
}

/// A source turns out to be bad: seen, revoked, rolled back, everywhere it was deployed.
fn revoked_source_is_rolled_back(world: &World) {
    let bad = Revoked::Source(source("1.1"));
    let radius = blast_radius(&world.reader(), &bad).unwrap();
    assert_eq!(
        radius.artifacts,
        [(artifact("1.1").sha256, "bin/app".to_owned())]
    );
    let places: Vec<&str> = radius
        .deployed
        .iter()
        .map(|(it, _, _)| it.as_str())
        .collect();
    assert_eq!(places, ["prod", "staging"]);
    let wish = Revoke {
        revoked: bad,
        from: None,
        reason: "a back door".to_owned(),
    };
    revoke(&world.session("sam"), &wish).unwrap();
    let verdict = status(&world.reader()).unwrap().environments[1]
        .verdict
        .clone();
    assert_eq!(verdict.unwrap_err().reason.code(), "source-revoked");
    for (environment, watched) in roll_back_reached(&world.session("gate"), &radius).unwrap() {
        let Watched::RolledBack(alarm, done) = watched.unwrap() else {
            panic!("{environment} was not rolled back");
        };
        assert_eq!(alarm.trigger, Trigger::Revoked);
        assert_eq!(done.to.version.as_deref(), Some("1.0"));
    }
    assert_eq!(world.seen("prod"), "app 1.0");
    assert_eq!(world.seen("staging"), "app 1.0");
    let fine = watch(&world.session("gate"), &name("prod")).unwrap();
    assert!(matches!(fine, Watched::Fine));
}

/// A screen without its columns: how wide they are is no matter here.
fn cells(text: &Text) -> String {
    let shown = text.plain();
    let lines = shown
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n")
}

fn audit(world: &World) {
    let reader = world.reader();
    let digest = |version: &str| artifact(version).sha256.short();
    let (old, new) = (digest("1.0"), digest("1.1"));
    let status = status(&reader).unwrap();
    let policy = status.policy.1.short();
    let shown = cells(&screen::status::status(&status));
    let source = source("1.1").short();
    for part in [
        &format!(
            "log.example/releases, 22 entries, policy 1 ({policy}) until 2027-01-01T00:00:00Z"
        ),
        "ENVIRONMENT VERDICT RELEASE GENERATION SINCE HOW",
        &format!("staging ok bin/app 1.0 ({old}) 3 2026-05-28T22:26:40Z"),
        "rolled back to generation 1 (revoked), entry 20",
        &format!("revoked everywhere source {source}: \"a back door\", by sam, entry 19"),
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    let trace = trace(&reader, artifact("1.1").sha256).unwrap();
    let shown = cells(&screen::trace::trace(&trace, Inputs::Listed));
    for part in [
        &format!("bin/app 1.1 sha256 {}", artifact("1.1").sha256),
        &format!("revoked source {source} \"a back door\", by sam"),
        "was in prod generation 2, promoted",
        "approved prod by bo",
        "tested passed by tess",
        "built https://acme.example/builder/v1 by key",
        "recipe app 1.1",
        &format!("from pkg:generic/app@1.1 {source} pkg:generic/app@1.1"),
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    let graph = screen::dot::dot(&trace);
    assert!(
        graph.contains(&format!("\"{new}\" -> \"entry 12\"")),
        "{graph}"
    );
    let log = screen::log::log(&world.ledger.lines(world.now).unwrap()).plain();
    assert_eq!(log.lines().count(), 23, "a heading and 22 entries");
    assert!(!log.contains("refused"), "{log}");
    for part in [
        "kim",
        "policy",
        "version 1 in force",
        "to prod, generation 2",
        "a back door",
    ] {
        assert!(log.contains(part), "{part}\n{log}");
    }
}

#[test]
fn a_dry_run_shows_every_rule_and_changes_nothing() {
    let world = World::new();
    world.release("1.0");
    world.approve("ada", "1.0", "staging").unwrap();
    let state = world.state();
    let decide = |environment| {
        let reader = world.reader();
        reader
            .decide(
                &state,
                &artifact("1.0"),
                &name(environment),
                Intent::Promote,
            )
            .unwrap()
    };
    let shown = cells(&screen::decision::decision(&decide("prod")));
    for part in [
        "denied approvals 2 of the role release nobody",
        "denied tests passed, by someone of the role testers no result",
        "held builds.builders 2 ",
        "not counted approval of entry 4 the approval is for another environment",
        "denied: the approval is for another environment [approval-environment]",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    let shown = screen::decision::decision(&decide("staging")).plain();
    assert!(shown.ends_with("allowed\n"), "{shown}");
    assert_eq!(world.state().size(), state.size());
}

#[test]
fn a_second_reader_needs_only_the_log_and_its_anchor() {
    let world = World::new();
    world.approved("1.0");
    let promoted = world.promote("1.0", "staging").unwrap();
    let copy = tempfile::tempdir().unwrap();
    let status = std::process::Command::new("cp")
        .arg("-r")
        .args([
            world.home.join("log"),
            world.home.join("keys"),
            world.home.join("anchor"),
        ])
        .arg(copy.path())
        .status();
    assert!(status.unwrap().success());
    let reader = World::open(copy.path());
    let explained = explain_decision(&reader.reader(), promoted.index).unwrap();
    assert_eq!(explained.agrees, Ok(()));
    assert_eq!(explained.decision.artifact, Digest::sha256(b"app 1.0"));
}
