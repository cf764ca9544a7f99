//! The gate's word where it is relied on, and other builders' words where the gate relies on them.

use zwieback_attest::build_type::BUILD_TYPE;
use zwieback_attest::grounds::Grounds;
use zwieback_attest::policy::signed::unsigned;
use zwieback_attest::policy::summary::{Conditions, believe};
use zwieback_attest::reason::Reason;
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::trust_root::{Revocation, TrustRoot, VerifierKey};
use zwieback_host::keys::signer::Signer as _;
use zwieback_model::digest::Digest;
use zwieback_model::digest_set::DigestSet;
use zwieback_model::json::value::Value;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;
use zwieback_trust::command::explain_decision::explain_decision;
use zwieback_trust::command::submit;
use zwieback_trust::gate::question::Intent;
use zwieback_trust::statement::promotion::{Promotion, resource};

use crate::history_attacks::promotion;
use crate::world::{World, artifact, name, provenance};

/// A trust root that knows the gate as a verifier.
fn root(world: &World) -> TrustRoot {
    let mut root = world.state().policy().unwrap().root.clone();
    root.verifiers = vec![VerifierKey {
        key: world.keys["gate"].public_key().clone(),
        verifier: "https://gate.example/v1".into(),
    }];
    root
}

/// What `verify --summary` says of the promotion to staging, asked about an environment at that time.
fn verdict(bundle: &[u8], root: &TrustRoot, environment: Option<&Name>, now: Timestamp) -> String {
    let reproduced = ["SLSA_BUILD_REPRODUCED".to_owned()];
    let conditions = Conditions {
        root,
        resource: &resource(&name("staging"), "bin/app"),
        environment,
        level: 2.try_into().unwrap(),
        properties: &reproduced,
        policy: None,
        unsigned_policy: false,
        max_age: None,
        now,
    };
    match believe(bundle, &[artifact("1.0")], &conditions) {
        Ok(_) => "believed".to_owned(),
        Err(refusal) => refusal.reason.code().to_owned(),
    }
}

#[test]
fn a_promotion_is_a_summary_for_its_environment_alone() {
    let world = World::new();
    world.approved("1.0");
    let index = world.promote("1.0", "staging").unwrap().index;
    let log = world.ledger.believe(world.now).unwrap();
    let bundle = log.record(index).unwrap().into_bytes();
    let (staging, prod) = (name("staging"), name("prod"));
    let mut root = root(&world);
    let at = |environment| verdict(&bundle, &root, environment, world.now);
    assert_eq!(at(Some(&staging)), "believed");
    assert_eq!(at(Some(&prod)), "summary-environment");
    assert_eq!(at(None), "summary-environment");
    // It ends with the policy, and with the word of its builders.
    let mut ended = root.clone();
    ended.expires = "2099-01-01T00:00:00Z".parse().unwrap();
    let later = "2027-01-02T00:00:00Z".parse().unwrap();
    let late = verdict(&bundle, &ended, Some(&staging), later);
    assert_eq!(late, "policy-expired");
    let stolen = Revocation {
        from: None,
        reason: "stolen".into(),
    };
    let key = world.keys["acme"].public_key().id();
    root.revoked.push((key.name(), stolen));
    let revoked = verdict(&bundle, &root, Some(&staging), world.now);
    assert_eq!(revoked, "key-revoked");
}

/// Whoever knows the policy about builds asks for it by its file: the gate's is more than that, and names it.
#[test]
fn a_promotion_names_the_policy_about_builds() {
    let world = World::new();
    world.approved("1.0");
    let index = world.promote("1.0", "staging").unwrap().index;
    let log = world.ledger.believe(world.now).unwrap();
    let bundle = log.record(index).unwrap().into_bytes();
    let (root, staging) = (root(&world), name("staging"));
    let text = &world.state().policy().unwrap().documents().builds.clone();
    let stricter = text.replace("level = 2", "level = 3");
    for (text, expected) in [(text, None), (&stricter, Some(Reason::SummaryPolicy))] {
        let conditions = Conditions {
            root: &root,
            resource: &resource(&staging, "bin/app"),
            environment: Some(&staging),
            level: 2.try_into().unwrap(),
            properties: &[],
            policy: Some(&unsigned(text).unwrap()),
            unsigned_policy: false,
            max_age: None,
            now: world.now,
        };
        let believed = believe(&bundle, &[artifact("1.0")], &conditions);
        assert_eq!(believed.err().map(|refusal| refusal.reason), expected);
    }
}

/// What a promotion says of the builds, for whoever relies on it elsewhere, is what was decided.
#[test]
fn a_promotion_that_says_more_than_was_decided_is_found() {
    let says = |edit: fn(&mut Promotion, Grounds)| {
        let world = World::new();
        world.approved("1.0");
        let grounds = world.decide("1.0", "staging").grounds;
        let honest = world.decide("1.0", "staging");
        let statement = promotion(&world, |promotion| {
            promotion.summary.inputs = honest.inputs.iter().copied().map(input).collect();
            promotion.summary.levels = ["SLSA_BUILD_LEVEL_2", "SLSA_BUILD_REPRODUCED"]
                .map(str::to_owned)
                .into();
            promotion.version = honest.version.clone();
            edit(promotion, grounds.clone());
        });
        world.force("gate", &statement).unwrap();
        let explained = explain_decision(&world.reader(), world.size() - 1).unwrap();
        explained.agrees.err().map(|refusal| refusal.reason.code())
    };
    let more = Some("decision-differs");
    assert_eq!(says(|it, grounds| it.summary.grounds = Some(grounds)), None);
    // Earlier versions say nothing of it, or less.
    assert_eq!(says(|it, _| it.summary.grounds = None), None);
    let less = |it: &mut Promotion, grounds| {
        it.summary.grounds = Some(Grounds {
            build_policy: None,
            ..grounds
        });
    };
    assert_eq!(says(less), None);
    let longer = |it: &mut Promotion, mut grounds: Grounds| {
        grounds.expires = "2099-01-01T00:00:00Z".parse().unwrap();
        it.summary.grounds = Some(grounds);
    };
    assert_eq!(says(longer), more);
    let fewer = |it: &mut Promotion, mut grounds: Grounds| {
        grounds.builds.pop();
        it.summary.grounds = Some(grounds);
    };
    assert_eq!(says(fewer), more);
    let better = |it: &mut Promotion, grounds| {
        it.summary.grounds = Some(grounds);
        it.summary.levels.insert("SLSA_BUILD_LEVEL_3".to_owned());
    };
    assert_eq!(says(better), more);
}

fn input(digest: Digest) -> ResourceDescriptor {
    ResourceDescriptor {
        digest: DigestSet::sha256(digest),
        ..ResourceDescriptor::default()
    }
}

/// A summary that says one environment to the log and another to its readers is for neither.
#[test]
fn a_promotion_means_one_environment() {
    let world = World::new();
    world.approved("1.0");
    let grounds = world.decide("1.0", "staging").grounds;
    let says = |environment: Option<&str>| {
        let statement = promotion(&world, |it| {
            let mut grounds = grounds.clone();
            grounds.environment = environment.map(str::to_owned);
            it.summary.grounds = Some(grounds);
        });
        world.force("gate", &statement)
    };
    assert_eq!(says(Some("prod")), Err("promotion-mismatch".to_owned()));
    assert_eq!(says(None), Err("promotion-mismatch".to_owned()));
    assert!(says(Some("staging")).is_ok());
}

const WORKFLOW: &str = "https://builds.example/workflow/v1";

/// The policy about builds says which build types the gate takes, and with which parameters.
#[test]
fn the_gate_takes_the_build_types_of_its_policy() {
    let table = format!(
        "[[build-type]]\nuri = \"{WORKFLOW}\"\nparameters.workflow.ref = \"refs/tags/v1\"\n"
    );
    let with_table = |text: &str| {
        let is_about_builds = text.contains("[require]");
        format!("{text}{}", if is_about_builds { &*table } else { "" })
    };
    let verdict = |world: &World, build_type: &str, reference: &str| {
        let mut theirs = provenance("acme", "1.0");
        theirs.build_type = build_type.to_owned();
        let workflow = Value::object([("ref", reference.into())]);
        theirs.external_parameters = [("workflow".to_owned(), workflow)].into();
        let subject =
            ResourceDescriptor::named("bin/app", DigestSet::sha256(artifact("1.0").sha256));
        let built = world.sealed("acme", &theirs.into_statement(vec![subject]));
        submit::submit(&world.reader(), &world.log_key, &[built]).unwrap();
        let (reader, state) = (world.reader(), world.state());
        let decided = reader.decide(&state, &artifact("1.0"), &name("staging"), Intent::Keep);
        match decided.unwrap().verdict() {
            Ok(()) => "allowed".to_owned(),
            Err(refusal) => refusal.reason.code().to_owned(),
        }
    };
    let (right, wrong) = ("refs/tags/v1", "refs/heads/main");
    assert_eq!(verdict(&World::new(), WORKFLOW, right), "build-type");
    let asked = || World::with(with_table);
    assert_eq!(verdict(&asked(), WORKFLOW, right), "allowed");
    assert_eq!(verdict(&asked(), WORKFLOW, wrong), "parameter-unexpected");
    // Our own is not another's for it.
    let unknown = Reason::ParameterUnknown.code();
    assert_eq!(verdict(&asked(), BUILD_TYPE, right), unknown);
}
