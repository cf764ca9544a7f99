//! What a release was built from is looked at as the release itself, at any depth.

use zwieback_attest::provenance::Provenance;
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::statement::Statement;
use zwieback_host::keys::signer::Signer as _;
use zwieback_model::digest::Digest;
use zwieback_model::digest_set::DigestSet;
use zwieback_trust::command::revoke::{Revoke, blast_radius, revoke};
use zwieback_trust::command::rollback::{RollBack, rollback};
use zwieback_trust::command::status::status;
use zwieback_trust::command::submit;
use zwieback_trust::command::watch::{Watched, watch};
use zwieback_trust::statement::revocation::Revoked;
use zwieback_trust::statement::rollback::Trigger;

use crate::world::{World, artifact, builder_id, name, provenance};

fn tree(of: &str) -> Digest {
    Digest::sha256(format!("tree of {of}").as_bytes())
}

fn named(name: &str, digest: Digest) -> ResourceDescriptor {
    ResourceDescriptor::named(name, DigestSet::sha256(digest))
}

fn file(of: &str) -> Digest {
    Digest::sha256(format!("file of {of}").as_bytes())
}

fn needing(mut provenance: Provenance, inputs: &[&str]) -> Provenance {
    for input in inputs {
        let (_, recipe) = input.rsplit_once(' ').unwrap();
        let input = named(input, tree(recipe));
        provenance.resolved_dependencies.push(input);
    }
    provenance
}

/// A recipe that others need, with a source of its own, as its builder has it.
fn recipe(builder: &str, of: &str, inputs: &[&str]) -> Statement {
    let mut made = needing(provenance(builder, of), inputs);
    made.byproducts.push(named("output tree", tree(of)));
    made.into_statement(vec![named(&format!("lib/{of}.so"), file(of))])
}

fn submit(world: &World, who: &str, statement: &Statement) {
    let signed = [world.sealed(who, statement)];
    submit::submit(&world.reader(), &world.log_key, &signed).unwrap();
}

/// A release of which both builders say that these went in.
fn app(world: &World, version: &str, inputs: &[&str]) {
    for builder in ["acme", "other"] {
        let made = needing(provenance(builder, version), inputs);
        let statement = made.into_statement(vec![named("bin/app", artifact(version).sha256)]);
        submit(world, builder, &statement);
    }
    world.file("app", &format!("app {version}"));
    world.test(version);
    for who in ["ada", "bo"] {
        for place in ["staging", "prod"] {
            world.approve(who, version, place).unwrap();
        }
    }
}

/// `app` needs `lib`, which needs `base`; the tool that built `lib` was made here too.
fn company() -> World {
    let world = World::new();
    submit(&world, "acme", &recipe("acme", "base", &[]));
    submit(&world, "acme", &recipe("acme", "tool", &[]));
    let lib = recipe("acme", "lib", &["needs base", "outputs of tool"]);
    submit(&world, "acme", &lib);
    app(&world, "1.0", &["needs lib"]);
    world
}

fn revoked(world: &World, revoked: Revoked) {
    let wish = Revoke {
        revoked,
        from: None,
        reason: "a back door".into(),
    };
    revoke(&world.session("sam"), &wish).unwrap();
}

#[test]
fn a_revocation_reaches_through_needs_and_made_toolchains() {
    let source = |of: &str| Digest::sha256(format!("source {of}").as_bytes());
    let cases = [
        ("source-revoked", Revoked::Source(source("lib"))),
        ("source-revoked", Revoked::Source(source("base"))),
        ("source-revoked", Revoked::Source(source("tool"))),
        ("source-revoked", Revoked::Artifact(file("lib"))),
        ("source-revoked", Revoked::Artifact(file("tool"))),
        ("source-revoked", Revoked::Artifact(tree("base"))),
    ];
    for (code, bad) in cases {
        let mut world = company();
        world.promote("1.0", "staging").unwrap();
        world.later(60);
        let radius = blast_radius(&world.reader(), &bad).unwrap();
        let places: Vec<&str> = radius.deployed.iter().map(|it| it.0.as_str()).collect();
        assert_eq!(places, ["staging"], "{bad:?}");
        revoked(&world, bad.clone());
        assert_eq!(
            world
                .decide("1.0", "prod")
                .verdict()
                .unwrap_err()
                .reason
                .code(),
            code
        );
        assert_eq!(world.refused("1.0", "prod"), code, "{bad:?}");
        let status = status(&world.reader()).unwrap();
        let verdict = &status.environments[0].verdict;
        assert_eq!(verdict.as_ref().unwrap_err().reason.code(), code, "{bad:?}");
        let watched = watch(&world.session("gate"), &name("staging")).unwrap();
        let Watched::Stuck(alarm, refusal) = watched else {
            panic!("{bad:?}: {watched:?}");
        };
        assert_eq!(alarm.trigger, Trigger::Revoked, "{bad:?}");
        let stuck = refusal.reason.code();
        assert_eq!(stuck, "nothing-to-roll-back-to", "{bad:?}");
    }
}

#[test]
fn a_key_that_built_what_is_needed_counts_like_the_builders_own() {
    let world = World::new();
    submit(&world, "other", &recipe("other", "lib", &[]));
    app(&world, "1.0", &["needs lib"]);
    world.promote("1.0", "staging").unwrap();
    revoked(&world, Revoked::Builder(builder_id("other")));
    assert_eq!(world.refused("1.0", "prod"), "builder-revoked");
    let world = World::new();
    submit(&world, "other", &recipe("other", "lib", &[]));
    app(&world, "1.0", &["needs lib"]);
    revoked(
        &world,
        Revoked::Key(world.keys["other"].public_key().id().name()),
    );
    assert_eq!(world.refused("1.0", "staging"), "key-revoked");
}

#[test]
fn what_is_needed_must_be_there_and_by_builders_who_are_trusted() {
    let world = World::new();
    app(&world, "1.0", &["needs lib"]);
    assert_eq!(world.refused("1.0", "staging"), "needs-missing");
    let decision = world.decide("1.0", "staging");
    let saw = decision.verdict().unwrap_err().to_string();
    assert!(
        saw.contains("needs lib") && saw.contains("zwieback submit"),
        "{saw}"
    );
    submit(&world, "stranger", &recipe("acme", "lib", &[]));
    assert_eq!(world.refused("1.0", "staging"), "key-unknown");
    // One whose tree is another is none for this.
    submit(&world, "acme", &recipe("acme", "lib2", &[]));
    assert_eq!(world.refused("1.0", "staging"), "key-unknown");
    submit(&world, "acme", &recipe("acme", "lib", &["needs base"]));
    assert_eq!(world.refused("1.0", "staging"), "needs-missing");
    submit(&world, "acme", &recipe("acme", "base", &[]));
    assert_eq!(world.refused("1.0", "staging"), "promoted");
}

#[test]
fn a_need_without_a_digest_that_counts_is_missing() {
    let world = World::new();
    submit(&world, "acme", &recipe("acme", "lib", &[]));
    let mut made = provenance("acme", "1.0");
    let mut weak = named("needs lib", tree("lib"));
    weak.digest = DigestSet::git_commit("5f3c1d9e8b7a6f5e4d3c2b1a0918273645546372");
    made.resolved_dependencies.push(weak);
    let statement = made.into_statement(vec![named("bin/app", artifact("1.0").sha256)]);
    submit(&world, "acme", &statement);
    world.approve("bo", "1.0", "staging").unwrap();
    assert_eq!(world.refused("1.0", "staging"), "needs-missing");
}

#[test]
fn a_circle_of_recipes_has_an_end_and_a_long_chain_no_depth() {
    let world = World::new();
    submit(&world, "acme", &recipe("acme", "hen", &["needs egg"]));
    submit(&world, "acme", &recipe("acme", "egg", &["outputs of hen"]));
    let mut chain: Vec<_> = (0..400)
        .map(|at| {
            let next = format!("needs link{}", at + 1);
            world.sealed("acme", &recipe("acme", &format!("link{at}"), &[&next]))
        })
        .collect();
    chain.push(world.sealed("acme", &recipe("acme", "link400", &["needs hen"])));
    submit::submit(&world.reader(), &world.log_key, &chain).unwrap();
    app(&world, "1.0", &["needs link0"]);
    assert_eq!(world.decide("1.0", "staging").verdict(), Ok(()));
    revoked(&world, Revoked::Source(Digest::sha256(b"source egg")));
    assert_eq!(world.refused("1.0", "staging"), "source-revoked");
}

#[test]
fn nothing_is_rolled_back_to_what_rests_on_something_revoked() {
    let mut world = company();
    world.promote("1.0", "staging").unwrap();
    world.later(60);
    submit(&world, "acme", &recipe("acme", "lib9", &[]));
    app(&world, "1.1", &["needs lib9"]);
    world.promote("1.1", "staging").unwrap();
    revoked(&world, Revoked::Artifact(file("base")));
    assert!(matches!(
        watch(&world.session("gate"), &name("staging")).unwrap(),
        Watched::Fine
    ));
    let wish = RollBack {
        environment: name("staging"),
        trigger: Trigger::Asked,
        reason: "slow".into(),
    };
    let refused = rollback(&world.session("gate"), &wish).unwrap_err();
    assert_eq!(refused.why().unwrap().code(), "nothing-to-roll-back-to");
}

/// The tree of a build is a subject like its files, and stands for all of them.
#[test]
fn who_revokes_the_tree_of_a_build_revokes_each_of_its_files() {
    let whole = |version: &str| {
        let mut made = provenance("acme", version);
        made.byproducts
            .push(named("output tree", tree(&format!("app {version}"))));
        let files = [
            named("app.tree", tree(&format!("app {version}"))),
            named("bin/app", artifact(version).sha256),
            named("share/data", file("data")),
        ];
        made.into_statement(files.into())
    };
    let in_place = || {
        let mut world = World::new();
        for version in ["1.0", "1.1"] {
            submit(&world, "acme", &whole(version));
            world.approve("ada", version, "staging").unwrap();
            world.promote(version, "staging").unwrap();
            world.later(60);
        }
        world
    };
    let world = in_place();
    let bad = Revoked::Artifact(tree("app 1.1"));
    let radius = blast_radius(&world.reader(), &bad).unwrap();
    assert_eq!(radius.deployed.len(), 1);
    revoked(&world, bad);
    let denied = world.decide("1.1", "staging").verdict().unwrap_err();
    assert!(denied.to_string().contains("revoked"), "{denied}");
    let watched = watch(&world.session("gate"), &name("staging")).unwrap();
    let Watched::RolledBack(alarm, _) = watched else {
        panic!("{watched:?}");
    };
    assert_eq!(alarm.refusal.unwrap().reason.code(), "artifact-revoked");
    assert_eq!(world.seen("staging"), "app 1.0");
    // A rollback that was kept back does not return to it either.
    let world = in_place();
    revoked(&world, Revoked::Artifact(tree("app 1.0")));
    let back = world.force("gate", &crate::statements::back(&world, 3, 1));
    assert_eq!(back, Err("artifact-revoked".into()));
    // Another file of the same build is revoked for itself.
    let world = in_place();
    revoked(&world, Revoked::Artifact(file("data")));
    let watched = watch(&world.session("gate"), &name("staging")).unwrap();
    assert!(matches!(watched, Watched::Fine), "{watched:?}");
}
