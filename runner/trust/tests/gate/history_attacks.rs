//! Forged promotions, releases out of order, policies that loosen, keys that were revoked.

use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::statement::Statement;
use zwieback_attest::vsa::Summary;
use zwieback_host::keys::signer::Signer as _;
use zwieback_model::digest::Digest;
use zwieback_model::digest_set::DigestSet;
use zwieback_trust::command::error::CommandError;
use zwieback_trust::command::explain_decision::explain_decision;
use zwieback_trust::command::revoke::{Revoke, revoke};
use zwieback_trust::command::submit;
use zwieback_trust::statement::policy_change::PolicyChange;
use zwieback_trust::statement::promotion::{Promotion, resource};
use zwieback_trust::statement::revocation::Revoked;

use crate::world::{World, artifact, documents, name};

/// A promotion as the gate would make it, with one thing changed.
pub(crate) fn promotion(world: &World, edit: impl Fn(&mut Promotion)) -> Statement {
    let policy = world.state().policy().unwrap().digest;
    let digest = |digest| zwieback_model::digest_set::DigestSet::sha256(digest);
    let mut promotion = Promotion {
        summary: Summary {
            verifier: "https://gate.example/v1".into(),
            time_verified: Some(world.now),
            resource: resource(&name("staging"), "bin/app"),
            policy: ResourceDescriptor::located("urn:policy", digest(policy)),
            inputs: vec![],
            passed: true,
            levels: ["SLSA_BUILD_LEVEL_2".to_owned()].into(),
            grounds: None,
        },
        log: world.ledger.anchor.log.clone(),
        log_id: Some(world.ledger.log_id(world.now).unwrap()),
        environment: name("staging"),
        generation: 1,
        size: world.state().size(),
        version: Some("1.0".into()),
        waived: <_>::default(),
    };
    edit(&mut promotion);
    let subject = ResourceDescriptor::named("bin/app", DigestSet::sha256(artifact("1.0").sha256));
    promotion.into_statement(subject)
}

/// One thing that a promotion says otherwise.
type Edit<'a> = &'a dyn Fn(&mut Promotion);

#[test]
fn forged_promotions_move_nothing() {
    let world = World::new();
    let other = Digest::sha256(b"another policy");
    let digest = zwieback_model::digest_set::DigestSet::sha256;
    let cases: [(&str, &str, Edit<'_>); 10] = [
        ("signer-role", "ada", &|_| ()),
        ("signer-role", "stranger", &|_| ()),
        ("signer-name", "gate", &|promotion| {
            promotion.summary.verifier = "me".into();
        }),
        ("promotion-failed", "gate", &|promotion| {
            promotion.summary.passed = false;
        }),
        ("promotion-mismatch", "gate", &|promotion| {
            promotion.summary.resource = resource(&name("prod"), "bin/app");
        }),
        ("promotion-policy", "gate", &|promotion| {
            promotion.summary.policy.digest = digest(other);
        }),
        ("generation-order", "gate", &|promotion| {
            promotion.generation = 2;
        }),
        ("environment-missing", "gate", &|promotion| {
            promotion.environment = name("moon");
        }),
        ("statement-malformed", "gate", &|promotion| {
            promotion.size = 1000;
        }),
        ("promotion-stale", "gate", &|promotion| promotion.size -= 1),
    ];
    for (code, who, edit) in cases {
        let statement = promotion(&world, edit);
        assert_eq!(world.force(who, &statement), Err(code.to_owned()));
    }
    assert!(
        world
            .state()
            .history(&name("staging"))
            .is_none_or(|it| it.current().is_none())
    );
    let honest = promotion(&world, |_| ());
    assert!(world.force("gate", &honest).is_ok());
    assert_eq!(
        world.force("gate", &honest),
        Err("statement-replayed".into())
    );
}

#[test]
fn a_promotion_without_grounds_is_found_by_repeating_it() {
    let world = World::new();
    world.release("1.0");
    world.force("gate", &promotion(&world, |_| ())).unwrap();
    let index = world.state().size() - 1;
    let explained = explain_decision(&world.reader(), index).unwrap();
    assert_eq!(
        explained.agrees.unwrap_err().reason.code(),
        "approvals-too-few"
    );
    assert!(explain_decision(&world.reader(), 0).is_err());
}

#[test]
fn releases_only_go_forward() {
    let world = World::new();
    for version in ["1.0", "1.1"] {
        world.approved(version);
        world.promote(version, "staging").unwrap();
    }
    world.approve("cy", "1.0", "staging").unwrap();
    assert_eq!(world.refused("1.0", "staging"), "downgrade");
    assert_eq!(world.refused("1.1", "staging"), "already-deployed");
    world.approved("1.0.9");
    assert_eq!(world.refused("1.0.9", "staging"), "downgrade");
    assert_eq!(world.refused("1.0", "prod"), "not-promoted-before");
    assert_eq!(world.refused("1.1", "moon"), "environment-missing");
}

#[test]
fn provenance_decides_even_with_every_approval() {
    let world = World::new();
    for who in ["ada", "bo"] {
        world.approve(who, "1.0", "staging").unwrap();
    }
    assert_eq!(world.refused("1.0", "staging"), "provenance-missing");
    let (bundle, _) = world.provenance("acme", "1.0");
    let statement = Statement::parse(&bundle.envelope().payload).unwrap();
    world.force("stranger", &statement).unwrap();
    assert_eq!(world.refused("1.0", "staging"), "key-unknown");
    // The other builder's key for this builder's name.
    world.force("other", &statement).unwrap();
    assert_eq!(world.refused("1.0", "staging"), "key-unknown");
    let signed = world.provenance("acme", "1.0");
    submit::submit(&world.reader(), &world.log_key, &[signed]).unwrap();
    world.promote("1.0", "staging").unwrap();
    world.test("1.0");
    for who in ["ada", "bo"] {
        world.approve(who, "1.0", "prod").unwrap();
    }
    assert_eq!(world.refused("1.0", "prod"), "builders-too-few");
}

#[test]
fn policies_are_agreed_on_and_only_go_forward() {
    let world = World::new();
    let propose = |who: &str, version, edit: &dyn Fn(&str) -> String| {
        let change = PolicyChange {
            heading: world.reader().heading().unwrap(),
            documents: documents(&world.keys, &|text: &str| edit(text), version),
        };
        world.force(who, &change.into_statement())
    };
    let same = |text: &str| text.to_owned();
    let code = |code: &str| Err(code.to_owned());
    assert_eq!(
        propose("kim", 1, &|it| format!("{it}# more")),
        code("policy-version")
    );
    assert_eq!(propose("kim", 3, &same), code("policy-version"));
    assert_eq!(propose("ada", 2, &same), code("signer-role"));
    assert_eq!(propose("stranger", 2, &same), code("signer-unknown"));
    let loosens = |it: &str| it.replace("release = 2", "release = 0");
    assert_eq!(
        propose("kim", 2, &loosens),
        code("release-policy-malformed")
    );
    assert_eq!(propose("kim", 2, &same), Ok("1 of 2 keepers".into()));
    assert_eq!(
        propose("lou", 2, &|it| format!("{it}# other")),
        Ok("1 of 2 keepers".into())
    );
    assert_eq!(propose("lou", 2, &same), Ok("version 2 in force".into()));
    assert_eq!(propose("kim", 1, &same), code("policy-version"));
    assert_eq!(world.state().policy().unwrap().release.version, 2);
}

#[test]
fn the_first_policy_is_the_one_that_was_agreed_on() {
    let world = World::new();
    let mut ledger = world.ledger.clone();
    ledger.anchor.policy = Digest::sha256(b"another");
    let lines = ledger.lines(world.now).unwrap();
    let codes: Vec<_> = lines
        .iter()
        .map(|it| it.outcome.as_ref().unwrap_err().reason.code())
        .collect();
    assert_eq!(codes, ["policy-anchor", "policy-anchor"]);
}

#[test]
fn a_revoked_key_says_nothing_any_more() {
    let world = World::new();
    world.approved("1.0");
    let revoke = |who: &str, revoked| {
        let wish = Revoke {
            revoked,
            from: None,
            reason: "stolen".to_owned(),
        };
        revoke(&world.session(who), &wish)
    };
    let code = |said: Result<_, CommandError>| said.unwrap_err().why().unwrap().code();
    let key = |name: &str| Revoked::Key(world.keys[name].public_key().id().name());
    let radius = world.state().blast_radius(&key("ada"));
    assert_eq!(radius.statements.len(), 2);
    // Ada is not one who may revoke, so bo's key stays good.
    assert_eq!(code(revoke("ada", key("bo"))), "signer-role");
    world.promote("1.0", "staging").unwrap();
    revoke("sam", key("ada")).unwrap();
    assert_eq!(world.refused("1.0", "prod"), "signer-revoked");
    let again = world.approve("ada", "1.0", "prod");
    assert_eq!(again.unwrap_err().why().unwrap().code(), "signer-revoked");
    world.approve("cy", "1.0", "prod").unwrap();
    revoke("sam", key("acme")).unwrap();
    assert_eq!(world.refused("1.0", "prod"), "key-revoked");
    revoke("sam", Revoked::Builder(crate::world::builder_id("other"))).unwrap();
    assert_eq!(world.refused("1.0", "prod"), "builder-revoked");
}

#[test]
fn a_key_that_was_revoked_by_its_former_name_is_revoked() {
    let world = World::new();
    world.approved("1.0");
    world.promote("1.0", "staging").unwrap();
    let former = |name: &str| Revoked::Key(world.keys[name].public_key().id().former_name());
    let radius = world.state().blast_radius(&former("ada"));
    assert_eq!(radius.statements.len(), 2);
    let take_back = |name: &str| {
        let wish = Revoke {
            revoked: former(name),
            from: None,
            reason: "stolen".to_owned(),
        };
        revoke(&world.session("sam"), &wish).unwrap();
    };
    take_back("ada");
    let again = world.approve("ada", "1.0", "prod");
    assert_eq!(again.unwrap_err().why().unwrap().code(), "signer-revoked");
    assert_eq!(world.refused("1.0", "prod"), "signer-revoked");
    world.approve("cy", "1.0", "prod").unwrap();
    take_back("acme");
    // The builder's key counts no more, though its bundle and the root have the present name.
    assert_eq!(world.refused("1.0", "prod"), "key-revoked");
}

#[test]
fn a_policy_that_expired_decides_nothing() {
    let mut world = World::new();
    world.approved("1.0");
    world.later(400 * 86_400);
    // The trust root has expired as well, which is met first.
    assert_eq!(world.refused("1.0", "staging"), "release-policy-expired");
}
