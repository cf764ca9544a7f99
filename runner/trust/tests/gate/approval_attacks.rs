//! Approvals that must not count, exceptions that must not open, each with its reason.

use std::collections::BTreeSet;

use zwieback_attest::public_key::Algorithm;
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::statement::Statement;
use zwieback_attest::vsa::REPRODUCED;
use zwieback_model::digest::Digest;
use zwieback_model::digest_set::DigestSet;
use zwieback_model::timestamp::Timestamp;
use zwieback_trust::command::explain_decision::explain_decision;
use zwieback_trust::command::rollback::{RollBack, rollback};
use zwieback_trust::command::statements;
use zwieback_trust::statement::approval::Approval;
use zwieback_trust::statement::break_glass::BreakGlass;
use zwieback_trust::statement::heading::Heading;
use zwieback_trust::statement::policy_change::PolicyChange;
use zwieback_trust::statement::promotion::resource;
use zwieback_trust::statement::rollback::Trigger;
use zwieback_trust::tlog::log_id::log_id;

use crate::history_attacks::promotion;
use crate::world::{World, artifact, documents, name, source};

/// What someone tries.
type Attack<'a> = &'a dyn Fn(&World);

fn subject(version: &str) -> ResourceDescriptor {
    ResourceDescriptor::named("bin/app", DigestSet::sha256(artifact(version).sha256))
}

fn heading(world: &World) -> Heading {
    Heading {
        log: world.ledger.anchor.log.clone(),
        log_id: Some(world.ledger.log_id(world.now).unwrap()),
        issued: world.now,
    }
}

fn approval(world: &World, version: &str, at: &str, expires: Timestamp) -> Statement {
    let approval = Approval {
        heading: heading(world),
        environment: name(at),
        expires,
        comment: None,
    };
    approval.into_statement(subject(version))
}

/// The same as an earlier version wrote it: by the log's name alone.
fn unbound(world: &World, version: &str, at: &str) -> Statement {
    let approval = Approval {
        heading: Heading {
            log_id: None,
            ..heading(world)
        },
        environment: name(at),
        expires: world.days(1),
        comment: None,
    };
    approval.into_statement(subject(version))
}

/// Two logs have one name: what was said for one of them is nothing in the other.
#[test]
fn an_approval_from_another_log_of_that_name() {
    let (world, other) = (World::new(), World::new());
    world.release("1.0");
    let elsewhere = || Err("statement-elsewhere".to_owned());
    let theirs = approval(&other, "1.0", "staging", world.days(1));
    assert_eq!(world.force("ada", &theirs), elsewhere());
    assert_eq!(
        world.force("ada", &unbound(&world, "1.0", "staging")),
        elsewhere()
    );
    // The key alone stands for a log that is empty, for its first policy and nothing else.
    let mut early = heading(&world);
    early.log_id = Some(log_id(&world.ledger.anchor.key, None));
    let early = Approval {
        heading: early,
        environment: name("staging"),
        expires: world.days(1),
        comment: None,
    };
    let early = early.into_statement(subject("1.0"));
    assert_eq!(world.force("ada", &early), elsewhere());
    assert_eq!(world.refused("1.0", "staging"), "approvals-too-few");
}

/// A log of an earlier version: what stands there counts, until the first statement that names the
/// log's id.
#[test]
fn statements_of_an_earlier_version_count_in_their_own_log() {
    let home = tempfile::tempdir().unwrap();
    let world = World::bare(home.path(), Algorithm::EcdsaP256, str::to_owned);
    for keeper in ["kim", "lou"] {
        let change = PolicyChange {
            heading: Heading {
                log_id: None,
                ..heading(&world)
            },
            documents: documents(&world.keys, &str::to_owned, 1),
        };
        world.force(keeper, &change.into_statement()).unwrap();
    }
    world.release("1.0");
    world
        .force("ada", &unbound(&world, "1.0", "staging"))
        .unwrap();
    assert!(world.decide("1.0", "staging").verdict().is_ok());
    world.approve("bo", "1.0", "staging").unwrap();
    let late = world.force("cy", &unbound(&world, "1.0", "prod"));
    assert_eq!(late, Err("statement-elsewhere".to_owned()));
    world.promote("1.0", "staging").unwrap();
}

/// What an exception with these texts becomes; they are put into the statement as they are.
fn exception(world: &World, edit: impl Fn(&mut BreakGlass)) -> Statement {
    let mut exception = BreakGlass {
        heading: heading(world),
        environment: name("staging"),
        scope: ["approvals".to_owned()].into(),
        reason: "the site is down".to_owned(),
        expires: Timestamp::from_unix(world.now.as_unix() + 3600).unwrap(),
    };
    edit(&mut exception);
    exception.into_statement(subject("1.0"))
}

#[test]
fn approvals_that_do_not_count() {
    let cases: [(&str, Attack<'_>); 7] = [
        ("approvals-too-few", &|_| ()),
        ("approval-environment", &|world| {
            world.approve("ada", "1.0", "prod").unwrap();
        }),
        ("approval-artifact", &|world| {
            world.release("0.9-other");
            world.approve("ada", "0.9-other", "staging").unwrap();
        }),
        ("approval-expired", &|world| {
            let expires = Timestamp::from_unix(world.now.as_unix() - 1).unwrap();
            world
                .force("ada", &approval(world, "1.0", "staging", expires))
                .unwrap();
        }),
        // It has ended at the second that it names.
        ("approval-expired", &|world| {
            world
                .force("ada", &approval(world, "1.0", "staging", world.now))
                .unwrap();
        }),
        ("approval-too-long", &|world| {
            world
                .force("ada", &approval(world, "1.0", "staging", world.days(31)))
                .unwrap();
        }),
        // Tess is known and has another role.
        ("approvals-too-few", &|world| {
            let other = approval(world, "1.0", "staging", world.days(1));
            assert_eq!(world.force("tess", &other), Err("signer-role".into()));
        }),
    ];
    for (expected, attack) in cases {
        let world = World::new();
        world.release("1.0");
        attack(&world);
        assert_eq!(world.refused("1.0", "staging"), expected);
        world.approve("bo", "1.0", "staging").unwrap();
        assert_eq!(world.refused("1.0", "staging"), "promoted", "{expected}");
    }
}

#[test]
fn strangers_and_other_logs_say_nothing() {
    let world = World::new();
    world.release("1.0");
    let honest = approval(&world, "1.0", "staging", world.days(1));
    assert_eq!(
        world.force("stranger", &honest),
        Err("signer-unknown".into())
    );
    let mut elsewhere = Approval {
        heading: heading(&world),
        environment: name("staging"),
        expires: world.days(1),
        comment: None,
    };
    elsewhere.heading.log = "other.example".parse().unwrap();
    let elsewhere = elsewhere.into_statement(subject("1.0"));
    assert_eq!(
        world.force("ada", &elsewhere),
        Err("statement-elsewhere".into())
    );
    assert!(world.force("ada", &honest).is_ok());
    assert_eq!(
        world.force("ada", &honest),
        Err("statement-replayed".into())
    );
}

#[test]
fn one_person_counts_once() {
    let world = World::new();
    world.approved_by(&["ada", "ada2"]);
    assert_eq!(world.refused("1.0", "prod"), "person-counted");
    world.approve("bo", "1.0", "prod").unwrap();
    assert_eq!(world.refused("1.0", "prod"), "promoted");
}

#[test]
fn whoever_changed_the_source_does_not_approve_it() {
    let world = World::new();
    world.approved_by(&["ada", "bo"]);
    let authors = BTreeSet::from([name("ada")]);
    let people = (authors, BTreeSet::new());
    let authorship = statements::authorship(&world.reader(), source("1.0"), "app", people).unwrap();
    world.say("ada", &authorship).unwrap();
    assert_eq!(world.refused("1.0", "prod"), "self-approval");
    world.approve("cy", "1.0", "prod").unwrap();
    assert_eq!(world.refused("1.0", "prod"), "promoted");
}

#[test]
fn whoever_built_does_not_approve() {
    let world = World::with(|policy| {
        policy
            .replace("people.cy]", "people.acme]")
            .replace("\"cy\"", "\"acme\"")
    });
    world.release("1.0");
    let refused = world.approve("cy", "1.0", "staging").unwrap_err().why();
    assert_eq!(refused.unwrap().code(), "builder-approves");
    let forced = approval(&world, "1.0", "staging", world.days(1));
    world.force("cy", &forced).unwrap();
    assert_eq!(world.refused("1.0", "staging"), "builder-approves");
}

#[test]
fn authors_must_be_known_where_the_policy_says_so() {
    let world = World::with(|policy| {
        policy.replace(
            "tests = \"testers\"",
            "tests = \"testers\"\nauthors = \"declared\"",
        )
    });
    world.approved_by(&["ada", "bo"]);
    assert_eq!(world.refused("1.0", "prod"), "authors-unknown");
}

#[test]
fn an_approval_brings_nothing_back() {
    let world = World::new();
    for version in ["1.0", "1.1"] {
        world.release(version);
        world.approve("ada", version, "staging").unwrap();
        world.promote(version, "staging").unwrap();
    }
    let wish = RollBack {
        environment: name("staging"),
        trigger: Trigger::Asked,
        reason: "too slow".to_owned(),
    };
    rollback(&world.session("gate"), &wish).unwrap();
    assert_eq!(world.seen("staging"), "app 1.0");
    assert_eq!(world.refused("1.1", "staging"), "approval-used");
    world.approve("bo", "1.1", "staging").unwrap();
    assert_eq!(world.refused("1.1", "staging"), "promoted");
}

#[test]
fn glass_breaks_for_a_reason_and_in_its_scope() {
    let mut world = World::new();
    world.release("1.0");
    let incomplete = [
        exception(&world, |it| it.reason = " ".to_owned()),
        exception(&world, |it| it.scope.clear()),
    ];
    for statement in incomplete {
        assert_eq!(
            world.force("sam", &statement),
            Err("exception-incomplete".into())
        );
    }
    let expect = |world: &World, who: &str, statement: Statement, code: &str| {
        world.force(who, &statement).unwrap();
        let decision = world.decide("1.0", "staging");
        let mut aside = decision.set_aside.iter();
        assert!(aside.any(|it| it.why.reason.code() == code), "{code}");
        assert_eq!(
            world.refused("1.0", "staging"),
            "approvals-too-few",
            "{code}"
        );
    };
    let other_place = exception(&world, |it| it.environment = name("prod"));
    expect(&world, "sam", other_place, "exception-scope");
    let other_rule = exception(&world, |it| it.scope = ["tests".to_owned()].into());
    expect(&world, "sam", other_rule, "exception-scope");
    let long = exception(&world, |it| {
        it.expires = "2026-06-01T00:00:00Z".parse().unwrap();
    });
    expect(&world, "sam", long, "exception-too-long");
    assert_eq!(
        world.force("ada", &exception(&world, |_| ())),
        Err("signer-role".into())
    );
    let short = exception(&world, |it| it.reason = "first".to_owned());
    world.force("sam", &short).unwrap();
    world.later(3601);
    let last = world.decide("1.0", "staging").set_aside.pop().unwrap();
    assert_eq!(last.why.reason.code(), "exception-expired");
    assert_eq!(world.refused("1.0", "staging"), "approvals-too-few");
    world.force("sam", &exception(&world, |_| ())).unwrap();
    let promoted = world.promote("1.0", "staging").unwrap();
    assert_eq!(
        promoted.decision.waived(),
        BTreeSet::from(["approvals".to_owned()])
    );
    let status = zwieback_trust::command::status::status(&world.reader()).unwrap();
    let shown = zwieback_trust::screen::status::status(&status).plain();
    assert!(
        shown.contains("  exception  staging  bin/app without approvals until"),
        "{shown}"
    );
}

#[test]
fn glass_never_covers_a_revocation() {
    use zwieback_trust::command::revoke::{Revoke, revoke};
    use zwieback_trust::statement::revocation::Revoked;
    let world = World::new();
    world.approved("1.0");
    let rules = ["approvals", "tests", "revoked.artifact", "provenance"];
    let all = exception(&world, |it| {
        it.scope = rules.map(str::to_owned).into();
    });
    world.force("sam", &all).unwrap();
    let wish = Revoke {
        revoked: Revoked::Artifact(artifact("1.0").sha256),
        from: None,
        reason: "bad".to_owned(),
    };
    revoke(&world.session("sam"), &wish).unwrap();
    assert_eq!(world.refused("1.0", "staging"), "artifact-revoked");
}

/// Statements of earlier versions call the rule about the environment before `ladder`.
#[test]
fn an_exception_of_an_earlier_version_names_the_same_rule() {
    let world = World::new();
    world.approved("1.0");
    assert_eq!(world.refused("1.0", "prod"), "not-promoted-before");
    let former = |said: &mut BreakGlass| {
        said.environment = name("prod");
        said.scope = ["ladder".to_owned()].into();
    };
    world.force("sam", &exception(&world, former)).unwrap();
    let decision = world.decide("1.0", "prod");
    assert_eq!(
        decision.waived(),
        ["previous-environment".to_owned()].into()
    );
    let input = |digest: &Digest| ResourceDescriptor {
        digest: DigestSet::sha256(*digest),
        ..ResourceDescriptor::default()
    };
    let said = promotion(&world, |promotion| {
        promotion.environment = name("prod");
        promotion.summary.resource = resource(&name("prod"), "bin/app");
        promotion.summary.inputs = decision.inputs.iter().map(input).collect();
        promotion.summary.levels.insert(REPRODUCED.to_owned());
        promotion.waived = ["ladder".to_owned()].into();
    });
    world.force("gate", &said).unwrap();
    let explained = explain_decision(&world.reader(), world.size() - 1).unwrap();
    assert_eq!(explained.agrees, Ok(()));
}
