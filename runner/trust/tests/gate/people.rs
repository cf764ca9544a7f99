//! Policies that call somebody otherwise, or give them another key: they are still who they were, to every
//! question whether two are different people.

use std::collections::BTreeSet;

use zwieback_attest::build_type::external_parameters;
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::trust_root::TrustRoot;
use zwieback_host::keys::signer::Signer as _;
use zwieback_model::digest::{Digest, Fingerprint};
use zwieback_model::json::value::Value;
use zwieback_trust::command::error::CommandError;
use zwieback_trust::command::explain_decision::explain_decision;
use zwieback_trust::command::statements::{Bearing, authorship, bearing, proposal};
use zwieback_trust::command::submit::submit;
use zwieback_trust::policy::people::write_key;
use zwieback_trust::statement::policy_change::{PolicyChange, PolicyDocuments};

use crate::role_attacks::broken;
use crate::statements::{app, authors, is_author, key, restored, revocation, subject, verdict};
use crate::world::{World, artifact, documents, name, provenance, root_with, source};

/// The next policy is in force, with another trust root.
fn put_root(
    world: &World,
    version: u64,
    edit: &dyn Fn(&str) -> String,
    root: &dyn Fn(&mut TrustRoot),
) {
    let documents = PolicyDocuments {
        root: root_with(&world.keys, |changed| {
            changed.version = version.try_into().unwrap();
            root(changed);
        }),
        ..documents(&world.keys, &|text: &str| edit(text), version)
    };
    for keeper in ["kim", "lou"] {
        let said = PolicyChange {
            heading: world.reader().heading().unwrap(),
            documents: documents.clone(),
        };
        world.force(keeper, &said.into_statement()).unwrap();
    }
    assert_eq!(world.state().policy().unwrap().release.version, version);
}

/// A keeper's word for a policy with that edited, and with the trust root in force.
fn propose(
    world: &World,
    keeper: &str,
    version: u64,
    edit: &dyn Fn(&str) -> String,
) -> Result<String, String> {
    let root = world.state().policy().unwrap().documents().root.clone();
    let said = PolicyChange {
        heading: world.reader().heading().unwrap(),
        documents: PolicyDocuments {
            root,
            ..documents(&world.keys, &|text: &str| edit(text), version)
        },
    };
    world.force(keeper, &said.into_statement())
}

/// The next policy is in force.
fn put(world: &World, version: u64, edit: &dyn Fn(&str) -> String) {
    for keeper in ["kim", "lou"] {
        propose(world, keeper, version, edit).unwrap();
    }
    assert_eq!(world.state().policy().unwrap().release.version, version);
}

/// Somebody is called otherwise.
fn renamed(text: &str, from: &str, to: &str) -> String {
    text.replace(&format!("people.{from}]"), &format!("people.{to}]"))
        .replace(&format!("\"{from}\""), &format!("\"{to}\""))
}

/// Somebody has the key of another name here.
fn with_key(world: &World, text: &str, from: &str, to: &str) -> String {
    let key = |who: &str| write_key(world.keys[who].public_key());
    text.replace(&key(from), &key(to))
}

#[test]
fn the_author_of_a_source_is_the_author_by_another_key_and_another_name() {
    let world = World::new();
    world.release("1.0");
    let said = authors(&world, &["cy"], &[]);
    world.force("kim", &said).unwrap();
    put(&world, 2, &|text| with_key(&world, text, "cy", "stranger"));
    let refused = |error: CommandError| error.refusal().unwrap().clone();
    let why = refused(world.approve("stranger", "1.0", "staging").unwrap_err());
    assert_eq!(why.reason.code(), "self-approval");
    assert!(why.saw().contains("an earlier policy"), "{}", why.saw());
    put(&world, 3, &|text| {
        renamed(&with_key(&world, text, "cy", "stranger"), "cy", "cyra")
    });
    let why = refused(world.approve("stranger", "1.0", "staging").unwrap_err());
    assert_eq!(why.reason.code(), "self-approval");
    assert!(why.saw().contains("the same person as cy"), "{}", why.saw());
    assert!(is_author(&world, "cyra") && is_author(&world, "cy"));
    // Nor does somebody else approve it who is called so by now.
    put(&world, 4, &|text| with_key(&world, text, "cy", "acme"));
    let why = refused(world.approve("acme", "1.0", "staging").unwrap_err());
    assert_eq!(why.reason.code(), "self-approval");
    world.approve("bo", "1.0", "staging").unwrap();
    assert_eq!(verdict(&world, "staging"), "promoted");
}

#[test]
fn whoever_built_it_by_a_key_of_before_does_not_approve_it() {
    let world = World::new();
    put(&world, 2, &|text| with_key(&world, text, "cy", "acme"));
    world.release("1.0");
    assert_eq!(approved(&world, "acme"), "builder-approves");
    put(&world, 3, &|text| with_key(&world, text, "cy", "stranger"));
    assert_eq!(approved(&world, "stranger"), "builder-approves");
}

#[test]
fn whoever_runs_a_builder_runs_it_by_another_name() {
    let world = World::new();
    // The builder's operator is called acme; its key is none of a person's.
    put(&world, 2, &|text| renamed(text, "cy", "acme"));
    world.release("1.0");
    assert_eq!(approved(&world, "cy"), "builder-approves");
    put(&world, 3, &|text| renamed(text, "cy", "acorn"));
    assert_eq!(approved(&world, "cy"), "builder-approves");
}

#[test]
fn whoever_ran_a_builder_when_it_built_does_not_approve_it() {
    let world = World::with(|text| renamed(text, "cy", "acme"));
    world.release("1.0");
    let edit = |text: &str| renamed(text, "cy", "acme");
    let next = |version, root: &dyn Fn(&mut TrustRoot)| {
        put_root(&world, version, &edit, root);
        assert_eq!(approved(&world, "cy"), "builder-approves", "{version}");
    };
    next(2, &|root| {
        root.builders[0].operator = "somebody else".into();
    });
    // Not even where the trust root knows that builder no more.
    next(3, &|root| drop(root.builders.remove(0)));
}

#[test]
fn an_operator_is_a_person_in_whatever_letters() {
    let world = World::new();
    let edit = |text: &str| renamed(text, "cy", "acme");
    put_root(&world, 2, &edit, &|root| {
        root.builders[0].operator = "Acme".into();
    });
    world.release("1.0");
    assert_eq!(approved(&world, "cy"), "builder-approves");
}

#[test]
fn builders_that_one_operator_ran_are_not_two_by_another_name() {
    let world = World::new();
    world.approved_by(&["ada", "bo"]);
    assert_eq!(verdict(&world, "prod"), "promoted");
    let operators = |version, operator: &str| {
        put_root(&world, version, &str::to_owned, &|root| {
            root.builders[1].operator = operator.into();
        });
    };
    operators(2, "acme");
    assert_eq!(verdict(&world, "prod"), "builders-too-few");
    operators(3, "other");
    assert_eq!(verdict(&world, "prod"), "builders-too-few");
}

/// Ada's second key is somebody's of another name.
fn ada_twice(world: &World, text: &str) -> String {
    let key = |who: &str| write_key(world.keys[who].public_key());
    let second = format!("\", \"{}", key("ada2"));
    let other = format!("[people.adah]\nkeys = [\"{}\"]\n[roles]\n", key("ada2"));
    text.replace(&second, "")
        .replace("[roles]\n", &other)
        .replace("release = [", "release = [\"adah\", ")
        .replace(
            "keepers = [\"kim\", \"lou\"]",
            "keepers = [\"kim\", \"lou\", \"ada\", \"adah\"]",
        )
}

#[test]
fn one_person_who_is_two_by_now_counts_once() {
    let mut world = World::new();
    put(&world, 2, &|text| ada_twice(&world, text));
    world.approved_by(&["ada", "ada2"]);
    let decision = world.decide("1.0", "prod");
    let aside = decision.set_aside.iter();
    let aside: Vec<String> = aside.map(|refusal| refusal.why.to_string()).collect();
    assert!(
        aside[0].contains("adah, by names and keys of all policies so far the same person as ada"),
        "{aside:?}"
    );
    assert_eq!(verdict(&world, "prod"), "person-counted");
    // Nor are they two keepers: of a policy, against a key, or of a log that was put back.
    let edit = |text: &str| format!("{}# again", ada_twice(&world, text));
    for keeper in ["ada", "ada2"] {
        let said = propose(&world, keeper, 3, &edit);
        assert_eq!(said, Ok("1 of 2 keepers".into()));
    }
    for keeper in ["ada", "ada2"] {
        let said = revocation(&world, key(&world, "lou"));
        world.force(keeper, &said).unwrap();
        let said = restored(&world);
        assert_eq!(world.force(keeper, &said), Ok("1 of 2 keepers".into()));
    }
    let lou = world.keys["lou"].public_key().id();
    assert!(world.state().vote_revoked(lou, None).is_none());
    world.later(1);
    let said = revocation(&world, key(&world, "lou"));
    world.force("kim", &said).unwrap();
    assert!(world.state().vote_revoked(lou, None).is_some());
}

#[test]
fn one_person_who_is_two_by_now_breaks_glass_once() {
    let world = World::with(|text| {
        text.replace(
            "level = 2\n[environment.staging]",
            "sources = [\"pkg:deb/*\"]\n[environment.staging]",
        )
    });
    let edit = |text: &str| {
        let text = ada_twice(&world, text);
        text.replace(
            "level = 2\n[environment.staging]",
            "sources = [\"pkg:deb/*\"]\n[environment.staging]",
        )
    };
    put(&world, 2, &edit);
    world.release("1.0");
    world.approve("bo", "1.0", "staging").unwrap();
    for keeper in ["ada", "ada2"] {
        let said = broken(&world, &["builds.sources"]);
        world.force(keeper, &said).unwrap();
        assert_eq!(verdict(&world, "staging"), "source-not-allowed", "{keeper}");
    }
    let said = broken(&world, &["builds.sources"]);
    world.force("kim", &said).unwrap();
    assert_eq!(verdict(&world, "staging"), "promoted");
}

/// Kim says something against lou, is called otherwise by the next policy, and says it again.
#[test]
fn a_keepers_word_counts_once_by_whatever_name() {
    let mut world = World::new();
    let said = revocation(&world, key(&world, "lou"));
    world.force("kim", &said).unwrap();
    put(&world, 2, &|text| renamed(text, "kim", "kimberley"));
    world.later(1);
    let said = revocation(&world, key(&world, "lou"));
    world.force("kim", &said).unwrap();
    let lou = world.keys["lou"].public_key().id();
    assert!(world.state().vote_revoked(lou, None).is_none());
}

#[test]
fn nothing_is_taken_back_ahead_of_time_or_by_a_later_link() {
    let leads = |text: &str| {
        text.replace("revoke = {", "authors = { role = \"leads\" }\nrevoke = {")
            .replace(
                "keepers = [",
                "leads = [\"bo\", \"cy\", \"kim\"]\nkeepers = [",
            )
    };
    let mut world = World::with(leads);
    world.release("1.0");
    let withdraw = |world: &mut World, who: &str, whom: &str| {
        world.later(1);
        let said = authors(world, &[], &[whom]);
        world.force(who, &said)
    };
    let unknown = || Err("authors-unknown".to_owned());
    // Nobody is called so yet; and of ada there is nothing to take back.
    assert_eq!(withdraw(&mut world, "cy", "cyra"), unknown());
    assert_eq!(withdraw(&mut world, "cy", "ada"), unknown());
    for who in ["ada", "cy", "bo"] {
        world.later(1);
        let said = authors(&world, &[who], &[]);
        world.force("kim", &said).unwrap();
    }
    withdraw(&mut world, "kim", "cy").unwrap();
    withdraw(&mut world, "cy", "bo").unwrap();
    assert!(!is_author(&world, "cy") && !is_author(&world, "bo"));
    // Ada is somebody whom the word about cy did not mean, though both are one person by now.
    put(&world, 2, &|text| {
        let key = write_key(world.keys["ada2"].public_key());
        let text = leads(text).replace(&format!("\", \"{key}"), "");
        text.replace(
            "[people.cy]\nkeys = [",
            &format!("[people.cy]\nkeys = [\"{key}\", "),
        )
    });
    assert!(is_author(&world, "ada") && is_author(&world, "cy"));
    assert!(!is_author(&world, "bo"));
    // And nobody has taken back what they said of themselves, whoever they were when they did.
    put(&world, 3, &|text| {
        with_key(&world, &leads(text), "bo", "cy").replacen(
            &format!(
                "[people.cy]\nkeys = [\"{}\"]",
                write_key(world.keys["cy"].public_key())
            ),
            &format!(
                "[people.cy]\nkeys = [\"{}\"]",
                write_key(world.keys["stranger"].public_key())
            ),
            1,
        )
    });
    assert!(is_author(&world, "bo"));
    assert_eq!(
        withdraw(&mut world, "cy", "ada"),
        Err("self-approval".into())
    );
}

#[test]
fn an_author_who_left_and_one_who_is_called_otherwise_can_be_named() {
    let world = World::new();
    world.release("1.0");
    put(&world, 2, &|text| renamed(text, "cy", "cyra"));
    let said = authors(&world, &["cy"], &[]);
    world.force("kim", &said).unwrap();
    assert!(is_author(&world, "cyra"));
    assert_eq!(approved(&world, "cy"), "self-approval");
}

#[test]
fn a_policy_that_nobody_could_change_again_does_not_come_into_force() {
    let world = World::new();
    // Kim has lou's key by now, and so is lou.
    let edit = |text: &str| {
        let text = with_key(&world, text, "kim", "stranger");
        let text = with_key(&world, &text, "lou", "kim");
        with_key(&world, &text, "stranger", "lou")
    };
    let malformed = || Err("release-policy-malformed".to_owned());
    assert_eq!(propose(&world, "kim", 2, &edit), malformed());
    // A rule about approvals that nobody could meet is seen by who proposes it.
    let edit = |text: &str| {
        let text = ada_twice(&world, text);
        text.replace(
            "release = [\"adah\", \"ada\", \"bo\", \"cy\"]",
            "release = [\"adah\", \"ada\"]",
        )
    };
    let proposed = documents(&world.keys, &edit, 2);
    let refused = proposal(&world.reader(), proposed).unwrap_err();
    assert!(
        refused.to_string().contains("adah, ada are 1")
            || refused.to_string().contains("ada, adah are 1"),
        "{refused}"
    );
}

#[test]
fn a_decision_comes_out_again_by_the_policies_of_its_time() {
    let world = World::new();
    world.release("1.0");
    let said = authors(&world, &["cy"], &[]);
    world.force("kim", &said).unwrap();
    world.approve("ada", "1.0", "staging").unwrap();
    world.promote("1.0", "staging").unwrap();
    let promotion = world.size() - 1;
    // From here on ada is cy.
    put(&world, 2, &|text| {
        let text = with_key(&world, text, "cy", "stranger");
        let key = write_key(world.keys["ada2"].public_key());
        let text = text.replace(&format!("\", \"{key}"), "");
        text.replace(
            "[people.cy]\nkeys = [",
            &format!("[people.cy]\nkeys = [\"{key}\", "),
        )
    });
    world.release("1.1");
    let explained = explain_decision(&world.reader(), promotion).unwrap();
    assert_eq!(explained.agrees, Ok(()));
    assert!(is_author(&world, "ada"));
}

fn folder() -> [ResourceDescriptor; 2] {
    ["folder app", "file app/main.c"]
        .map(|called| subject(called, Digest::sha256(called.as_bytes())))
}

#[test]
fn whoever_changed_a_file_of_a_folder_does_not_approve_it() {
    let declared =
        |text: &str| text.replace("{ release = 1 }", "{ release = 1 }\nauthors = \"declared\"");
    let declared = |text: &str| {
        declared(text).replace(
            "tests = \"testers\"",
            "tests = \"testers\"\nauthors = \"declared\"",
        )
    };
    let world = World::with(declared);
    let built = ["acme", "other"].map(|builder| {
        let mut provenance = provenance(builder, "1.0");
        provenance.resolved_dependencies.extend(folder());
        let own = Value::object([("path", "src".into())]);
        let head = [("name", "app".into()), ("version", "1.0".into())];
        let recipe = Value::object([
            ("recipe", Value::object(head)),
            ("sources", Value::object([("app", own)])),
        ]);
        provenance.external_parameters = external_parameters(recipe, [].into());
        world.sealed(builder, &provenance.into_statement(vec![app("1.0")]))
    });
    submit(&world.reader(), &world.log_key, &built).unwrap();
    let [whole, file] = folder().map(|input| input.digest.get_sha256().unwrap());
    let say = |who: &str, of: Digest| {
        let people = (BTreeSet::from([name(who)]), BTreeSet::new());
        let said = authorship(&world.reader(), of, "app", people).unwrap();
        world.say(who, &said).unwrap();
    };
    say("ada", file);
    assert_eq!(approved(&world, "ada"), "self-approval");
    world.approve("bo", "1.0", "staging").unwrap();
    // One file is not all of it.
    assert_eq!(verdict(&world, "staging"), "authors-unknown");
    say("cy", whole);
    assert_eq!(verdict(&world, "staging"), "promoted");
}

#[test]
fn what_has_no_authors_that_matter_is_told_before_anybody_signs() {
    let world = World::new();
    let of = |digest| bearing(&world.reader(), digest).unwrap();
    assert_eq!(of(source("1.0")), Bearing::Unseen);
    world.release("1.0");
    assert_eq!(of(source("1.0")), Bearing::Source);
    assert_eq!(of(Fingerprint::of(b"toolchain").sha256), Bearing::Nothing);
    assert_eq!(of(artifact("1.0").sha256), Bearing::Unseen);
}

/// The reason for which that key's approval for staging does not count.
fn approved(world: &World, who: &str) -> String {
    match world.approve(who, "1.0", "staging") {
        Ok(()) => "approved".to_owned(),
        Err(error) => error
            .why()
            .map_or(error.to_string(), |why| why.code().to_owned()),
    }
}
