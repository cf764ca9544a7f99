//! A rollback goes back, to what nobody took out, and never in a circle.

use std::fs;
use std::time::Duration;

use zwieback_host::keys::signer::Signer as _;
use zwieback_model::digest::Digest;
use zwieback_trust::command::error::CommandError;
use zwieback_trust::command::promote::{Promote, promote};
use zwieback_trust::command::revoke::{Revoke, revoke};
use zwieback_trust::command::rollback::{RollBack, RolledBack, repair, rollback};
use zwieback_trust::command::watch::{Watched, watch};
use zwieback_trust::deploy::health::Health;
use zwieback_trust::deploy::hook::Hook;
use zwieback_trust::deploy::target::Target;
use zwieback_trust::policy::people::write_key;
use zwieback_trust::reason::Reason;
use zwieback_trust::statement::revocation::Revoked;
use zwieback_trust::statement::rollback::Trigger;

use crate::standing_attacks::put_in_force;
use crate::statements::{back_after, revoke as end};
use crate::world::{World, name, shell};

/// A company in whose staging those releases were, one after the other.
fn with(versions: &[&str]) -> World {
    let mut world = World::new();
    for version in versions {
        world.put_in_staging(version);
        world.later(60);
    }
    world
}

/// From now on releases with these words in them do not work.
fn broken(world: &mut World, words: &str) {
    let link = world.home.join("staging/current/app");
    let script = format!("! grep -qE '{words}' {}", link.display());
    let health = Health {
        command: shell(&script),
    };
    world.places.get_mut(&name("staging")).unwrap().health = Some(health);
}

/// A person asks for it.
fn asked(world: &World) -> Result<RolledBack, CommandError> {
    let wish = RollBack {
        environment: name("staging"),
        trigger: Trigger::Asked,
        reason: "slow".to_owned(),
    };
    rollback(&world.session("gate"), &wish)
}

fn look(world: &World) -> Watched {
    watch(&world.session("gate"), &name("staging")).unwrap()
}

fn is_stuck(world: &World) {
    let (size, seen) = (world.size(), world.seen("staging"));
    let watched = look(world);
    let Watched::Stuck(_, refusal) = &watched else {
        panic!("{watched:?}");
    };
    assert_eq!(refusal.reason, Reason::NothingToRollBackTo.into());
    assert_eq!((world.size(), world.seen("staging")), (size, seen));
}

#[test]
fn what_a_person_took_out_does_not_come_back_by_itself() {
    let mut world = with(&["1.0", "1.1"]);
    assert_eq!(asked(&world).unwrap().to.number, 1);
    world.later(60);
    broken(&mut world, "1.0");
    // 1.1 was deployed earlier as well, but not before this release: it was taken out for it.
    is_stuck(&world);
    assert_eq!(world.seen("staging"), "app 1.0");
    assert!(asked(&world).is_err(), "a person is told the same");
}

#[test]
fn two_releases_that_do_not_work_are_not_exchanged_for_each_other() {
    let mut world = with(&["1.0", "1.1"]);
    broken(&mut world, "1.0|1.1");
    let Watched::RolledBack(_, done) = look(&world) else {
        panic!("1.0 was never seen not to work");
    };
    assert_eq!((done.from, done.to.number), (2, 1));
    for _ in 0..3 {
        world.later(60);
        is_stuck(&world);
    }
    // A new release ends it, and one that does not work gives way to nothing that did not.
    world.put_in_staging("1.2");
    world.later(60);
    broken(&mut world, "1.0|1.1|1.2");
    is_stuck(&world);
}

/// The first release never worked; the second one must not be exchanged for it.
#[test]
fn what_did_not_work_when_it_was_left_is_no_way_back() {
    let mut world = World::new();
    broken(&mut world, "1.0");
    world.release("1.0");
    world.approve("ada", "1.0", "staging").unwrap();
    let promoted = world.promote("1.0", "staging").unwrap();
    assert!(promoted.health.is_err() && promoted.rolled_back.is_none());
    let stays = promoted.stays.unwrap();
    assert_eq!(stays.reason, Reason::NothingToRollBackTo.into());
    world.later(60);
    world.put_in_staging("1.1");
    world.later(60);
    broken(&mut world, "1.0|1.1");
    is_stuck(&world);
    // Once it is seen to work, it is a way back like any other.
    world.later(60);
    world.put_in_staging("1.2");
    let refused = asked(&world).unwrap_err().to_string();
    assert!(
        refused.contains(Reason::LeftUnhealthy.sentence()),
        "{refused}"
    );
}

#[test]
fn each_rollback_goes_further_back() {
    let mut world = with(&["1.0", "1.1", "1.2"]);
    let bad = Revoke {
        revoked: Revoked::Artifact(Digest::sha256(b"app 1.2")),
        from: None,
        reason: "a back door".to_owned(),
    };
    revoke(&world.session("sam"), &bad).unwrap();
    let Watched::RolledBack(_, first) = look(&world) else {
        panic!("1.2 is still there");
    };
    assert_eq!(first.to.version.as_deref(), Some("1.1"));
    world.later(60);
    let second = asked(&world).unwrap();
    assert_eq!(second.to.version.as_deref(), Some("1.0"));
    world.later(60);
    let error = asked(&world).unwrap_err();
    assert_eq!(error.why(), Some(Reason::NothingToRollBackTo.into()));
    // What was taken out comes back by a promotion alone, and then stands before the others again.
    world.approve("bo", "1.1", "staging").unwrap();
    world.promote("1.1", "staging").unwrap();
    world.later(60);
    assert_eq!(asked(&world).unwrap().to.version.as_deref(), Some("1.0"));
}

/// Between the look and the rollback somebody promoted what works.
#[test]
fn a_rollback_leaves_what_was_looked_at_alone() {
    let mut world = with(&["1.0", "1.1"]);
    world.release("1.2");
    world.approve("ada", "1.2", "staging").unwrap();
    // The health command is the moment in between: another process promotes while it runs.
    let path = world.file("app", "app 1.2");
    let (asks, answers) = (world.home.join("asks"), world.home.join("answers"));
    let script = format!(
        "touch {}; for n in $(seq 200); do test -e {} && exit 1; sleep 0.05; done; exit 1",
        asks.display(),
        answers.display()
    );
    let health = Health {
        command: shell(&script),
    };
    world.places.get_mut(&name("staging")).unwrap().health = Some(health);
    let home = world.home.clone();
    let seen = std::thread::scope(|scope| {
        scope.spawn(move || {
            while !asks.exists() {
                std::thread::sleep(Duration::from_millis(5));
            }
            let other = World::open(&home);
            let wish = Promote {
                artifact: path,
                environment: name("staging"),
            };
            promote(&other.session("gate"), &wish).unwrap();
            fs::write(answers, "").unwrap();
        });
        watch(&world.session("gate"), &name("staging"))
    });
    assert_eq!(
        seen.unwrap_err().why(),
        Some(Reason::GenerationOrder.into())
    );
    assert_eq!(world.seen("staging"), "app 1.2");
}

/// A deployment that failed is made up for only as long as what it was to bring would be let in.
#[test]
fn nothing_is_put_there_again_that_may_not_stand() {
    let mut world = World::new();
    let out = world.home.join("out");
    let script = |status| shell(&format!("cat > {}; exit {status}", out.display()));
    let hook = world.home.join("hook");
    let place = world.places.get_mut(&name("staging")).unwrap();
    place.target = Target::Hook(Hook::new(script(3), hook.clone()));
    world.release("1.0");
    world.approve("ada", "1.0", "staging").unwrap();
    world.promote("1.0", "staging").unwrap_err();
    fs::remove_file(&out).unwrap();
    let place = world.places.get_mut(&name("staging")).unwrap();
    place.target = Target::Hook(Hook::new(script(0), hook));
    let now = world.now;
    world.later(400 * 86_400);
    assert!(matches!(look(&world), Watched::Doubtful(_)));
    let refused = repair(&world.session("gate"), &name("staging")).unwrap_err();
    assert_eq!(refused.why(), Some(Reason::ReleasePolicyExpired.into()));
    assert!(!out.exists());
    world.now = now;
    assert!(matches!(look(&world), Watched::Settled(_)));
    assert_eq!(fs::read(&out).unwrap(), b"app 1.0");
}

/// Whoever has a gate's key alone signs what the command would never do, and has it recorded.
#[test]
fn a_rollback_in_the_log_goes_where_the_command_would() {
    let mut world = with(&["1.0", "1.1"]);
    let said = |world: &World, generation, to, size| {
        world.force("gate", &back_after(world, generation, to, size))
    };
    let refused = |code: &str| Err(code.to_owned());
    let now = |world: &World| Some(world.size());
    let stale = said(&world, 3, 1, Some(world.size() - 1));
    assert_eq!(stale, refused("statement-stale"));
    let same = said(&world, 3, 2, now(&world));
    assert_eq!(same, refused("rollback-forward"));
    assert_eq!(asked(&world).unwrap().to.number, 1);
    world.later(60);
    // Forward to what people took out, under its own number, and to what is there already.
    for (to, size, code) in [
        (2, now(&world), "rollback-forward"),
        (1, now(&world), "rollback-forward"),
        (2, None, "statement-stale"),
    ] {
        let forward = said(&world, 4, to, size.map(|_| world.size()));
        assert_eq!(forward, refused(code), "{to}");
    }
    assert!(matches!(look(&world), Watched::Fine));
    assert_eq!(world.seen("staging"), "app 1.0");
    world.decide("1.1", "staging");
}

#[test]
fn what_a_revoked_gate_key_rolled_back_to_does_not_stand() {
    let mut world = with(&["1.0", "1.1"]);
    let [gate, other] = ["gate", "stranger"].map(|who| write_key(world.keys[who].public_key()));
    let both = format!("{gate}\", \"{other}");
    put_in_force(&world, 2, &|text: &str| text.replace(&gate, &both), |_| ());
    let size = Some(world.size());
    let back = back_after(&world, 3, 1, size);
    world.force("stranger", &back).unwrap();
    assert!(matches!(look(&world), Watched::Settled(_)));
    world.later(60);
    end(&world, "stranger");
    is_stuck(&world);
    let current = world.state();
    let current = current.history(&name("staging")).unwrap().current();
    let refused = world.state().check_generation(current.unwrap());
    assert_eq!(refused.unwrap_err().reason, Reason::SignerRevoked.into());
    // The honest key decides anew about what was taken out so.
    world.approve("bo", "1.1", "staging").unwrap();
    world.promote("1.1", "staging").unwrap();
    assert!(matches!(look(&world), Watched::Fine));
}
