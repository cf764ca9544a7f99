//! Statements from a time ahead, and of people who have no say in what they speak of.

use std::collections::BTreeSet;

use zwieback_attest::build_type;
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::statement::Statement;
use zwieback_host::keys::signer::Signer as _;
use zwieback_model::digest::{Digest, Fingerprint};
use zwieback_model::digest_set::DigestSet;
use zwieback_model::json::value::Value;
use zwieback_model::timestamp::{SKEW, Timestamp};
use zwieback_trust::command::explain_decision::explain_decision;
use zwieback_trust::command::revoke::{Revoke, revoke};
use zwieback_trust::command::statements::authorship;
use zwieback_trust::command::submit::submit;
use zwieback_trust::gate::decision::{Decision, Verdict};
use zwieback_trust::statement::approval::Approval;
use zwieback_trust::statement::authorship::Authorship;
use zwieback_trust::statement::break_glass::BreakGlass;
use zwieback_trust::statement::heading::Heading;
use zwieback_trust::statement::policy_change::PolicyChange;
use zwieback_trust::statement::revocation::{Revocation, Revoked};
use zwieback_trust::statement::rollback::{Rollback, Trigger};
use zwieback_trust::statement::test_result::{TestReport, TestResult};

use crate::history_attacks::promotion;
use crate::world::{World, artifact, documents, name, source};

fn subject(called: &str, digest: Digest) -> ResourceDescriptor {
    ResourceDescriptor::named(called, DigestSet::sha256(digest))
}

fn heading(world: &World, ahead: i64) -> Heading {
    Heading {
        log: world.ledger.anchor.log.clone(),
        log_id: Some(world.ledger.log_id(world.now).unwrap()),
        issued: Timestamp::from_unix(world.now.as_unix() + ahead).unwrap(),
    }
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<zwieback_model::name::Name> {
    names.map(name).into()
}

/// One statement of every kind of ours, as it would be made so many seconds ahead.
fn all_kinds(world: &World, ahead: i64) -> Vec<Statement> {
    let app = || subject("crontab", artifact("1.0").sha256);
    let heading = || heading(world, ahead);
    let approval = Approval {
        heading: heading(),
        environment: name("staging"),
        expires: world.days(3),
        comment: None,
    };
    let exception = BreakGlass {
        heading: heading(),
        environment: name("staging"),
        scope: ["approvals".to_owned()].into(),
        reason: "down".into(),
        expires: Timestamp::from_unix(world.now.as_unix() + ahead + 3600).unwrap(),
    };
    let authorship = Authorship {
        heading: heading(),
        authors: names(["ada", "bo", "cy"]),
        withdrawn: BTreeSet::new(),
    };
    let rollback = Rollback {
        heading: heading(),
        environment: name("staging"),
        generation: 1,
        to: 1,
        size: None,
        trigger: Trigger::Asked,
        reason: "slow".into(),
    };
    let change = PolicyChange {
        heading: heading(),
        documents: documents(&world.keys, &|text: &str| text.to_owned(), 2),
    };
    let time = heading().issued;
    vec![
        approval.into_statement(app()),
        exception.into_statement(app()),
        authorship.into_statement(subject("app", source("1.0"))),
        rollback.into_statement(app()),
        change.into_statement(),
        promotion(world, |it| it.summary.time_verified = Some(time)),
    ]
}

#[test]
fn nothing_is_said_ahead_of_its_time() {
    let world = World::new();
    world.release("1.0");
    let speakers = ["bo", "sam", "kim", "gate", "kim", "gate"];
    for (who, statement) in speakers.iter().zip(all_kinds(&world, SKEW + 1)) {
        let kind = statement.predicate_type.clone();
        let said = world.force(who, &statement);
        assert_eq!(said, Err("statement-early".into()), "{kind}");
        assert_eq!(
            world.refused("1.0", "staging"),
            "approvals-too-few",
            "{kind}"
        );
    }
    // A test result has no time, and a revocation that is ahead holds at once.
    let bad = Revocation {
        heading: heading(&world, 86_400),
        revoked: Revoked::Artifact(artifact("1.1").sha256),
        from: None,
        reason: "bad".into(),
    };
    world.force("sam", &bad.into_statement()).unwrap();
    assert_eq!(world.state().revocations().len(), 1);
}

#[test]
fn clocks_may_differ_by_as_much_as_is_documented_and_time_goes_on() {
    let mut world = World::new();
    world.release("1.0");
    let early = all_kinds(&world, SKEW + 1).remove(0);
    assert!(world.force("ada", &early).is_err());
    let within = all_kinds(&world, SKEW).remove(0);
    world.force("bo", &within).unwrap();
    // The snapshot does not keep what time makes untrue: a second later ada's counts as well.
    assert_eq!(world.decide("1.0", "staging").verdict(), Ok(()));
    assert_eq!(world.state().unsettled(), 1);
    world.later(1);
    assert_eq!(world.state().unsettled(), 0);
    let decision = world.decide("1.0", "staging");
    let rule = decision.rules.iter().find(|rule| rule.name == "approvals");
    assert!(rule.unwrap().saw.contains("ada"), "{:?}", rule.unwrap().saw);
}

#[test]
fn glass_is_not_broken_from_the_future() {
    let world = World::new();
    world.release("1.0");
    let years = 35 * 365 * 86_400;
    let exception = all_kinds(&world, years).remove(1);
    assert_eq!(
        world.force("sam", &exception),
        Err("statement-early".into())
    );
    assert_eq!(world.refused("1.0", "staging"), "approvals-too-few");
}

pub(crate) fn broken(world: &World, rules: &[&str]) -> Statement {
    let exception = BreakGlass {
        heading: heading(world, 0),
        environment: name("staging"),
        scope: rules.iter().map(|rule| (*rule).to_owned()).collect(),
        reason: "down".into(),
        expires: Timestamp::from_unix(world.now.as_unix() + 3600).unwrap(),
    };
    exception.into_statement(subject("bin/app", artifact("1.0").sha256))
}

/// Builds are asked for from another place than they come from, and for two builders.
fn asking() -> World {
    World::with(|text| {
        text.replace(
            "level = 2\n[environment.staging]\n[environment.prod]\nbuilders = 2",
            "sources = [\"pkg:deb/*\"]\nbuilders = 3\n[environment.staging]\n[environment.prod]",
        )
    })
}

#[test]
fn an_exception_names_each_rule_and_what_a_build_is_made_of_takes_keepers() {
    let world = asking();
    world.release("1.0");
    world.approve("bo", "1.0", "staging").unwrap();
    assert_eq!(world.refused("1.0", "staging"), "builders-too-few");
    // What it was called until now covers nothing, and is not taken any more.
    let whole = world.say("sam", &broken(&world, &["builds"])).unwrap_err();
    assert_eq!(whole.why().unwrap().code(), "exception-scope");
    world.force("sam", &broken(&world, &["builds"])).unwrap();
    assert_eq!(world.refused("1.0", "staging"), "builders-too-few");
    let both = ["builds.builders", "builds.sources"];
    world.say("sam", &broken(&world, &both)).unwrap();
    assert_eq!(world.refused("1.0", "staging"), "source-not-allowed");
    let aside = |world: &World| {
        let aside = world.decide("1.0", "staging").set_aside;
        let codes = aside.into_iter().map(|it| it.why.reason.code());
        codes.collect::<Vec<_>>()
    };
    world
        .say("kim", &broken(&world, &["builds.sources"]))
        .unwrap();
    assert_eq!(world.refused("1.0", "staging"), "source-not-allowed");
    assert!(
        aside(&world).contains(&"exception-quorum"),
        "{:?}",
        aside(&world)
    );
    world
        .say("lou", &broken(&world, &["builds.sources"]))
        .unwrap();
    let promoted = world.promote("1.0", "staging").unwrap();
    assert_eq!(promoted.decision.waived(), both.map(str::to_owned).into());
}

#[test]
fn a_keeper_alone_breaks_no_glass() {
    let world = World::new();
    world.release("1.0");
    world.force("kim", &broken(&world, &["approvals"])).unwrap();
    world.force("lou", &broken(&world, &["approvals"])).unwrap();
    assert_eq!(world.refused("1.0", "staging"), "approvals-too-few");
}

#[test]
fn what_nobody_waives_cannot_be_named() {
    let world = World::new();
    world.approve("ada", "1.0", "staging").unwrap();
    for rule in ["provenance", "no-such-rule"] {
        let refused = world.say("sam", &broken(&world, &[rule])).unwrap_err();
        assert_eq!(refused.why().unwrap().code(), "exception-scope", "{rule}");
    }
    let unnamed = world.force("sam", &broken(&world, &["builds\u{1b}[2J"]));
    assert_eq!(unnamed, Err("exception-incomplete".into()));
}

#[test]
fn nobody_declares_others_authors_to_keep_them_from_approving() {
    let mut world = World::new();
    world.approved_by(&["ada", "bo"]);
    let declare = |world: &World, who: &str, source, authors, withdrawn| {
        let word = authorship(&world.reader(), source, "a source", (authors, withdrawn)).unwrap();
        let said = world.say(who, &word);
        said.map(drop).map_err(|error| error.why().unwrap().code())
    };
    let (none, all) = (BTreeSet::new(), names(["ada", "bo", "cy"]));
    let shared = Fingerprint::of(b"toolchain").sha256;
    let declared = declare(&world, "cy", source("1.0"), all.clone(), none.clone());
    assert_eq!(declared, Err("signer-role"));
    // A keeper may, but what a toolchain is made of has no say in who approves.
    declare(&world, "kim", shared, all.clone(), none.clone()).unwrap();
    assert_eq!(world.decide("1.0", "prod").verdict(), Ok(()));
    declare(&world, "kim", source("1.0"), all, none.clone()).unwrap();
    assert_eq!(world.refused("1.0", "prod"), "self-approval");
    world.later(1);
    // It can be taken back, though not by those whom it is about.
    let back = names(["ada", "bo"]);
    assert_eq!(
        declare(&world, "ada", source("1.0"), none.clone(), back.clone()),
        Err("self-approval")
    );
    assert_eq!(
        declare(&world, "cy", source("1.0"), none.clone(), back.clone()),
        Err("signer-role")
    );
    declare(&world, "lou", source("1.0"), none.clone(), back).unwrap();
    assert_eq!(
        declare(&world, "kim", source("1.0"), names(["eve"]), none),
        Err("authors-unknown")
    );
    assert_eq!(world.refused("1.0", "prod"), "promoted");
}

#[test]
fn authors_are_known_of_each_source_of_the_project() {
    let world =
        World::with(|policy| policy.replace("tests = \"testers\"", "authors = \"declared\""));
    let statement = |builder: &str| {
        let mut provenance = crate::world::provenance(builder, "1.0");
        let inputs = &mut provenance.resolved_dependencies;
        inputs.push(subject("folder app", Digest::sha256(b"folder")));
        inputs.push(subject("patch fix.patch", Digest::sha256(b"patch")));
        let own = Value::object([("path", "src".into())]);
        let recipe = Value::object([
            ("sources", Value::object([("app", own)])),
            (
                "recipe",
                Value::object([("name", "app".into()), ("version", "1.0".into())]),
            ),
        ]);
        provenance.external_parameters = build_type::external_parameters(recipe, [].into());
        provenance.into_statement(vec![subject("bin/app", artifact("1.0").sha256)])
    };
    let built = ["acme", "other"].map(|it| world.sealed(it, &statement(it)));
    submit(&world.reader(), &world.log_key, &built).unwrap();
    world.approve("bo", "1.0", "staging").unwrap();
    world.promote("1.0", "staging").unwrap();
    for who in ["ada", "bo"] {
        world.approve(who, "1.0", "prod").unwrap();
    }
    let declare = |digest| {
        let people = (names(["cy"]), BTreeSet::new());
        let said = authorship(&world.reader(), digest, "a source", people).unwrap();
        world.say("cy", &said).unwrap();
    };
    // Somebody known of a toolchain or of a package is not somebody known of what the project adds.
    for digest in [
        Fingerprint::of(b"toolchain").sha256,
        source("1.0"),
        Digest::sha256(b"folder"),
    ] {
        declare(digest);
        assert_eq!(world.refused("1.0", "prod"), "authors-unknown");
    }
    declare(Digest::sha256(b"patch"));
    assert_eq!(world.refused("1.0", "prod"), "promoted");
}

#[test]
fn the_name_is_the_builders_whoever_speaks_last() {
    let world = World::new();
    world.release("1.0");
    let suite = ResourceDescriptor::named("suite", &Fingerprint::of(b"suite"));
    let renamed = subject("crontab", artifact("1.0").sha256);
    let test = TestReport::unplaced(TestResult::Passed).into_statement(renamed, &suite);
    world.force("tess", &test).unwrap();
    let (forged, _) = world.provenance("acme", "1.0");
    let mut forged = Statement::parse(&forged.envelope().payload).unwrap();
    forged.subject[0].name = Some("crontab".into());
    world.force("stranger", &forged).unwrap();
    world.force("bo", &all_kinds(&world, 0)[0]).unwrap();
    assert_eq!(
        world.state().artifact(artifact("1.0").sha256).unwrap().name,
        "bin/app"
    );
    let promoted = world.promote("1.0", "staging").unwrap();
    assert_eq!(promoted.decision.name, "bin/app");
    assert_eq!(world.seen("staging"), "app 1.0");
}

#[test]
fn a_stranger_who_speaks_first_names_nothing() {
    let world = World::new();
    let (forged, _) = world.provenance("acme", "1.0");
    let mut forged = Statement::parse(&forged.envelope().payload).unwrap();
    forged.subject[0].name = Some("crontab".into());
    world.force("stranger", &forged).unwrap();
    world.release("1.0");
    world.approve("bo", "1.0", "staging").unwrap();
    let promoted = world.promote("1.0", "staging").unwrap();
    assert_eq!(promoted.decision.name, "bin/app");
}

#[test]
fn a_promotion_under_another_name_is_found_by_repeating_it() {
    let world = World::new();
    world.release("1.0");
    world.approve("bo", "1.0", "staging").unwrap();
    let mut renamed = promotion(&world, |it| {
        it.summary.inputs = world
            .decide("1.0", "staging")
            .inputs
            .into_iter()
            .map(|digest| ResourceDescriptor {
                digest: DigestSet::sha256(digest),
                ..ResourceDescriptor::default()
            })
            .collect();
        it.summary.resource =
            zwieback_trust::statement::promotion::resource(&name("staging"), "crontab");
    });
    renamed.subject[0].name = Some("crontab".into());
    world.force("gate", &renamed).unwrap();
    let explained = explain_decision(&world.reader(), world.state().size() - 1).unwrap();
    assert_eq!(
        explained.agrees.unwrap_err().reason.code(),
        "decision-differs"
    );
}

fn against(world: &World, who: &str, key: &str) -> Result<String, String> {
    let wish = Revoke {
        revoked: Revoked::Key(world.keys[key].public_key().id().name()),
        from: None,
        reason: "stolen".into(),
    };
    let line = revoke(&world.session(who), &wish);
    line.map(|line| line.outcome.unwrap())
        .map_err(|error| error.why().unwrap().code().to_owned())
}

fn propose(world: &World, who: &str, version: u64) -> Result<String, String> {
    let change = PolicyChange {
        heading: world.reader().heading().unwrap(),
        documents: documents(&world.keys, &|text: &str| three(text), version),
    };
    world.force(who, &change.into_statement())
}

/// Three keepers, of whom cy and kim approve as well.
fn three(policy: &str) -> String {
    policy
        .replace("keepers = [", "keepers = [\"cy\", ")
        .replace("release = [", "release = [\"kim\", ")
}

#[test]
fn one_key_does_not_take_the_policy_from_its_keepers() {
    let world = World::with(three);
    world.release("1.0");
    for keeper in ["kim", "lou", "cy"] {
        against(&world, "sam", keeper).unwrap();
    }
    // What they say otherwise is over at once: a stolen key approves nothing.
    let refused = world.approve("kim", "1.0", "staging").unwrap_err();
    assert_eq!(refused.why().unwrap().code(), "signer-revoked");
    assert_eq!(propose(&world, "kim", 2), Ok("1 of 2 keepers".into()));
    assert_eq!(propose(&world, "lou", 2), Ok("version 2 in force".into()));
}

#[test]
fn keepers_are_revoked_by_a_quorum_of_keepers() {
    let world = World::with(three);
    assert_eq!(against(&world, "ada", "lou"), Err("signer-role".into()));
    assert_eq!(against(&world, "kim", "ada"), Err("signer-role".into()));
    against(&world, "kim", "lou").unwrap();
    // One keeper said so, and then again: that is still one.
    against(&world, "kim", "lou").unwrap_err();
    assert_eq!(propose(&world, "lou", 2), Ok("1 of 2 keepers".into()));
    against(&world, "cy", "lou").unwrap();
    assert_eq!(propose(&world, "lou", 2), Err("signer-revoked".into()));
    // What lou's key said of the next policy before counts no more, either.
    assert_eq!(propose(&world, "kim", 2), Ok("1 of 2 keepers".into()));
    assert_eq!(propose(&world, "cy", 2), Ok("version 2 in force".into()));
    assert_eq!(world.state().policy().unwrap().release.version, 2);
}

/// All of a decision that matters to what is deployed.
fn effect(decision: &Decision) -> (bool, String, Option<String>, Vec<(String, bool)>) {
    let held = |verdict: Verdict| !matches!(verdict, Verdict::Denied(_));
    let rules = decision.rules.iter();
    let rules = rules.map(|rule| (rule.name.clone(), held(rule.verdict)));
    let verdict = decision.verdict().is_ok();
    (
        verdict,
        decision.name.clone(),
        decision.version.clone(),
        rules.collect(),
    )
}

/// Whoever has no role for a kind changes no decision with it: not by a word of any kind, about any
/// release, before or after the others have spoken.
#[test]
fn a_signer_without_the_role_never_changes_a_decision() {
    let without: [(usize, &[&str]); 6] = [
        (0, &["kim", "sam", "tess", "acme", "gate", "stranger"]),
        (1, &["ada", "bo", "tess", "acme", "gate", "stranger"]),
        (
            2,
            &["ada", "bo", "cy", "sam", "tess", "acme", "gate", "stranger"],
        ),
        (3, &["ada", "kim", "sam", "tess", "acme", "stranger"]),
        (4, &["ada", "bo", "sam", "tess", "acme", "gate", "stranger"]),
        (5, &["ada", "kim", "sam", "tess", "acme", "stranger"]),
    ];
    let world = World::new();
    world.approved_by(&["ada", "bo"]);
    world.release("1.1");
    let seen = |world: &World| {
        let of = |version: &str, place: &str| effect(&world.decide(version, place));
        [
            of("1.0", "prod"),
            of("1.1", "staging"),
            of("1.0", "staging"),
        ]
    };
    let before = seen(&world);
    for (kind, people) in without {
        for who in people {
            let statement = all_kinds(&world, 0).swap_remove(kind);
            let said = world.force(who, &statement);
            assert!(
                said.is_err(),
                "{who}: {} came to {said:?}",
                statement.predicate_type
            );
        }
        assert_eq!(seen(&world), before, "kind {kind}");
    }
    let suite = ResourceDescriptor::named("suite", &Fingerprint::of(b"suite"));
    for who in ["ada", "kim", "sam", "acme", "gate", "stranger"] {
        let app = subject("crontab", artifact("1.0").sha256);
        let failed = TestReport::unplaced(TestResult::Failed).into_statement(app, &suite);
        assert!(world.force(who, &failed).is_err(), "{who}");
        let bad = Revocation {
            heading: heading(&world, 0),
            revoked: Revoked::Source(source("1.0")),
            from: None,
            reason: "mine".into(),
        };
        assert!(who == "sam" || world.force(who, &bad.into_statement()).is_err());
        let mut forged =
            Statement::parse(&world.provenance("acme", "1.0").0.envelope().payload).unwrap();
        forged.subject[0].name = Some(format!("by-{who}"));
        if who != "acme" {
            world.force(who, &forged).unwrap();
        }
    }
    assert_eq!(seen(&world), before);
}
