//! What was revoked must not stay, whatever else cannot be said about it any more.

use zwieback_attest::trust_root::{Revocation, TrustRoot};
use zwieback_host::keys::signer::Signer as _;
use zwieback_model::digest::Digest;
use zwieback_trust::command::promote::{Promote, promote};
use zwieback_trust::command::revoke::{Revoke, blast_radius, revoke, roll_back_reached};
use zwieback_trust::command::standing::Alarm;
use zwieback_trust::command::status::status;
use zwieback_trust::command::trace::trace;
use zwieback_trust::command::watch::{Watched, places, watch};
use zwieback_trust::policy::people::write_key;
use zwieback_trust::reason::{Reason, Refusal};
use zwieback_trust::screen;
use zwieback_trust::statement::policy_change::PolicyChange;
use zwieback_trust::statement::revocation::Revoked;
use zwieback_trust::statement::rollback::Trigger;

use crate::world::{World, builder_id, documents, name, root_with, source};

const END: &str = "2026-06-15T00:00:00Z";
const DAY: i64 = 86_400;

/// Version 1.0 in staging; both policies and the trust root end as they say.
fn in_staging(release: &str, builds: &str, root: impl FnOnce(&mut TrustRoot)) -> World {
    let mut world = World::new();
    let (release, builds) = (release.to_owned(), builds.to_owned());
    let edit = move |text: &str| {
        let end = if text.contains("[gate]") {
            &release
        } else {
            &builds
        };
        text.replace("2027-01-01T00:00:00Z", end)
    };
    put_in_force(&world, 2, &edit, root);
    world.put_in_staging("1.0");
    world.later(60);
    world
}

/// Both keepers put a policy of that version in force, with a trust root of its own.
pub(crate) fn put_in_force(
    world: &World,
    version: u64,
    edit: &impl Fn(&str) -> String,
    root: impl FnOnce(&mut TrustRoot),
) {
    let mut documents = documents(&world.keys, edit, version);
    documents.root = root_with(&world.keys, |next| {
        next.version = i64::try_from(version).unwrap();
        root(next);
    });
    let change = PolicyChange {
        heading: world.reader().heading().unwrap(),
        documents,
    };
    let statement = change.into_statement();
    for keeper in ["kim", "lou"] {
        world.force(keeper, &statement).unwrap();
    }
}

fn revoked(world: &World, bad: Revoked) {
    let wish = Revoke {
        revoked: bad,
        from: None,
        reason: "a back door".to_owned(),
    };
    revoke(&world.session("sam"), &wish).unwrap();
}

fn artifact(version: &str) -> Revoked {
    Revoked::Artifact(Digest::sha256(format!("app {version}").as_bytes()))
}

/// The alarm, where nothing can take the place of what must not stay.
fn alarm(world: &World) -> (Alarm, Refusal) {
    match watch(&world.session("gate"), &name("staging")).unwrap() {
        Watched::Stuck(alarm, refusal) => (alarm, refusal),
        other => panic!("{other:?}"),
    }
}

fn codes(refusal: &Refusal) -> Vec<&'static str> {
    let all = refusal.clone().each().into_iter();
    all.map(|refusal| refusal.reason.code()).collect()
}

/// Each end by itself hid the revocation: the first denial was the only one that was looked at.
#[test]
fn no_end_of_time_hides_a_revocation() {
    let (good, end) = ("2027-01-01T00:00:00Z", END);
    let ends = |it: &mut TrustRoot| it.expires = END.parse().unwrap();
    let worlds = [
        ("release-policy-expired", in_staging(end, good, |_| ())),
        ("policy-expired", in_staging(good, end, |_| ())),
        ("root-expired", in_staging(good, good, ends)),
        ("root-expired", in_staging(end, end, ends)),
    ];
    for (over, mut world) in worlds {
        world.later(30 * DAY);
        // Over alone it is nothing that was taken back, and still not fine.
        let seen = watch(&world.session("gate"), &name("staging")).unwrap();
        let Watched::Doubtful(doubt) = &seen else {
            panic!("{over}: {seen:?}");
        };
        assert!(codes(doubt).contains(&over), "{over}: {doubt:?}");
        let bad = [
            ("artifact-revoked", artifact("1.0")),
            ("source-revoked", Revoked::Source(source("1.0"))),
            ("builder-revoked", Revoked::Builder(builder_id("acme"))),
        ];
        for (at, (code, bad)) in bad.into_iter().enumerate() {
            revoked(&world, bad);
            let (alarm, stuck) = alarm(&world);
            assert_eq!(alarm.trigger, Trigger::Revoked);
            let reasons = codes(alarm.refusal.as_ref().unwrap());
            assert!(reasons.contains(&code), "{over}: {reasons:?}");
            assert_eq!(reasons.len(), at + 1, "{over}: {reasons:?}");
            assert_eq!(stuck.reason, Reason::NothingToRollBackTo.into());
        }
        let status = status(&world.reader()).unwrap();
        let all = codes(status.environments[0].verdict.as_ref().unwrap_err());
        assert_eq!(all[0], "artifact-revoked", "{over}");
        for code in ["source-revoked", "builder-revoked", over] {
            assert!(all.contains(&code), "{over}: {all:?}");
        }
        // A promotion is told all of it as well, the worst first.
        let told = codes(&world.decide("1.0", "staging").verdict().unwrap_err());
        assert_eq!(told[0], "artifact-revoked", "{over}");
        assert!(told.contains(&over), "{over}: {told:?}");
    }
}

/// A key that the next root revokes and, as it trusts it no more, does not list either.
#[test]
fn a_key_that_was_revoked_and_removed_takes_its_builds_along() {
    for (revoked_too, is_fine) in [(true, false), (false, false)] {
        let same = |text: &str| text.to_owned();
        let mut world = World::new();
        let built = [world.provenance("acme", "1.0")];
        zwieback_trust::command::submit::submit(&world.reader(), &world.log_key, &built).unwrap();
        world.approve("ada", "1.0", "staging").unwrap();
        world.promote("1.0", "staging").unwrap();
        world.later(60);
        let key = world.keys["acme"].public_key().id().name();
        put_in_force(&world, 2, &same, |root| {
            root.builders.retain(|builder| builder.operator != "acme");
            let revocation = Revocation {
                from: None,
                reason: "stolen".to_owned(),
            };
            if revoked_too {
                root.revoked.push((key, revocation));
            }
        });
        let seen = watch(&world.session("gate"), &name("staging")).unwrap();
        match &seen {
            Watched::Stuck(alarm, _) if revoked_too => {
                let reasons = codes(alarm.refusal.as_ref().unwrap());
                assert_eq!(reasons, ["key-revoked"]);
            }
            Watched::Doubtful(refusal) if !revoked_too => {
                assert_eq!(codes(refusal), ["key-unknown"]);
            }
            other => panic!("{other:?}"),
        }
        assert!(!is_fine);
    }
}

/// Staging is called otherwise in the next policy: what is there is nobody's business, unless it was revoked.
#[test]
fn an_environment_that_no_policy_knows_hides_no_revocation() {
    let mut world = World::new();
    world.put_in_staging("1.0");
    world.later(60);
    let renamed = |text: &str| text.replace("staging", "stage");
    put_in_force(&world, 2, &renamed, |_| ());
    let seen = watch(&world.session("gate"), &name("staging")).unwrap();
    let Watched::Doubtful(doubt) = &seen else {
        panic!("{seen:?}");
    };
    assert_eq!(codes(doubt), ["environment-missing"]);
    revoked(&world, artifact("1.0"));
    let seen = watch(&world.session("gate"), &name("staging")).unwrap();
    let Watched::Alarm(alarm) = &seen else {
        panic!("{seen:?}");
    };
    assert_eq!(codes(alarm.refusal.as_ref().unwrap()), ["artifact-revoked"]);
}

/// Production is in no policy any more, and in no gate's file: what is there has not gone.
#[test]
fn what_is_deployed_in_a_dropped_environment_is_seen() {
    let mut world = World::new();
    world.approved("1.0");
    world.promote("1.0", "staging").unwrap();
    world.promote("1.0", "prod").unwrap();
    world.later(60);
    let dropped = |text: &str| match text.rsplit_once("[[environment]]") {
        Some((before, _)) => before.to_owned(),
        None => text.replace("[environment.prod]\nbuilders = 2\n", ""),
    };
    put_in_force(&world, 2, &dropped, |_| ());
    revoked(&world, artifact("1.0"));
    for has_target in [true, false] {
        if !has_target {
            world.places.remove(&name("prod"));
        }
        let reader = world.reader();
        let status = status(&reader).unwrap();
        let names = status.environments.iter().map(|place| place.name.as_str());
        let names: Vec<&str> = names.collect();
        assert_eq!(names, ["staging", "prod"]);
        let prod = &status.environments[1];
        assert_eq!(prod.is_looked_at, has_target);
        let why = codes(prod.verdict.as_ref().unwrap_err());
        assert_eq!(why, ["artifact-revoked", "environment-missing"]);
        let shown = screen::status::status(&status).plain();
        assert_eq!(shown.contains("log's word alone"), !has_target, "{shown}");
        let traced = trace(&reader, Digest::sha256(b"app 1.0")).unwrap();
        assert_eq!(traced.deployments.len(), 2);
        assert!(places(&reader).unwrap().contains(&name("prod")));
        let seen = watch(&world.session("gate"), &name("prod")).unwrap();
        assert!(matches!(seen, Watched::Alarm(_)), "{seen:?}");
    }
}

/// A target that holds something of which the log knows nothing, and an environment that nobody knows.
#[test]
fn what_the_log_knows_nothing_of_is_not_fine() {
    let mut world = World::new();
    let other = World::new();
    other.put_in_staging("1.0");
    world.places = other.places.clone();
    let seen = watch(&world.session("gate"), &name("staging")).unwrap();
    let Watched::Doubtful(doubt) = &seen else {
        panic!("{seen:?}");
    };
    assert_eq!(codes(doubt), ["deployed-changed"]);
    let status = status(&world.reader()).unwrap();
    let staging = status.environments[0].verdict.as_ref();
    assert_eq!(codes(staging.unwrap_err()), ["deployed-changed"]);
    let unknown = watch(&world.session("gate"), &name("stagign")).unwrap_err();
    assert_eq!(unknown.why().unwrap().code(), "environment-missing");
}

/// One of two builders is enough for staging, and an exception makes it enough elsewhere: a key that is
/// revoked takes along only what it leaves too little of.
#[test]
fn a_revoked_key_takes_along_what_it_leaves_too_little_of() {
    let mut world = World::new();
    world.approved("1.0");
    world.promote("1.0", "staging").unwrap();
    world.promote("1.0", "prod").unwrap();
    world.later(60);
    revoked(
        &world,
        Revoked::Key(world.keys["acme"].public_key().id().name()),
    );
    let look = |place: &str| watch(&world.session("gate"), &name(place)).unwrap();
    assert!(matches!(look("staging"), Watched::Fine));
    let Watched::Stuck(alarm, _) = look("prod") else {
        panic!("{:?}", look("prod"));
    };
    assert_eq!(codes(alarm.refusal.as_ref().unwrap()), ["key-revoked"]);
}

/// What was deployed on the word of a gate's key that was revoked does not stand, like an approval of a
/// person whose key was; whoever has the next key decides anew.
#[test]
fn what_a_revoked_gate_key_promoted_does_not_stand() {
    let mut world = World::new();
    world.put_in_staging("1.0");
    world.later(60);
    let key = Revoked::Key(world.keys["gate"].public_key().id().name());
    let radius = blast_radius(&world.reader(), &key).unwrap();
    assert_eq!(radius.deployed.len(), 1);
    revoked(&world, key);
    let looks = roll_back_reached(&world.session("gate"), &radius).unwrap();
    let [(_, Ok(Watched::Stuck(alarm, _)))] = looks.as_slice() else {
        panic!("{looks:?}");
    };
    assert_eq!(codes(alarm.refusal.as_ref().unwrap()), ["signer-revoked"]);
    // Nor does it count as a step on the way to production.
    world.test("1.0");
    for who in ["ada", "bo"] {
        world.approve(who, "1.0", "prod").unwrap();
    }
    assert_eq!(world.refused("1.0", "prod"), "signer-revoked");
    // The gate gets another key, and the same release is decided about once more.
    let other = write_key(world.keys["stranger"].public_key());
    let gate = write_key(world.keys["gate"].public_key());
    put_in_force(&world, 2, &|text: &str| text.replace(&gate, &other), |_| ());
    let wish = Promote {
        artifact: world.file("app", "app 1.0"),
        environment: name("staging"),
    };
    world.later(60);
    world.approve("ada", "1.0", "staging").unwrap();
    promote(&world.session("stranger"), &wish).unwrap();
    let seen = watch(&world.session("stranger"), &name("staging")).unwrap();
    assert!(matches!(seen, Watched::Fine), "{seen:?}");
}
