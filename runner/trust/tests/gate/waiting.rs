//! Commands that wait for a lock: what they decide, they decide by the time at which they have it.

use std::fs;
use std::thread;
use std::time::Duration;

use zwieback_model::timestamp::Timestamp;
use zwieback_trust::command::promote::{Promote, dry_run, promote};
use zwieback_trust::command::rollback::{RollBack, repair, rollback};
use zwieback_trust::command::session::{Clock, Session};
use zwieback_trust::command::watch::{Watched, watch};
use zwieback_trust::deploy::health::Health;
use zwieback_trust::deploy::unhealthy;
use zwieback_trust::statement::rollback::Trigger;
use zwieback_trust::statement::test_result::TestResult;

use crate::statements::test;
use crate::world::{World, name, shell};

/// Shows another time than when the command began: so long it waits.
#[derive(Debug)]
struct After(Timestamp);

impl Clock for After {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// The gate's session of a command that waits.
fn waits<'a>(world: &'a World, clock: &'a After) -> Session<'a> {
    let mut session = world.session("gate");
    session.reader.clock = clock;
    session
}

fn wish(world: &World) -> Promote {
    Promote {
        artifact: world.home.join("app"),
        environment: name("staging"),
    }
}

#[test]
fn what_ended_while_a_promotion_waited_does_not_count() {
    let world = World::new();
    world.release("1.0");
    world.approve("ada", "1.0", "staging").unwrap();
    dry_run(&world.reader(), &wish(&world))
        .unwrap()
        .verdict()
        .unwrap();
    for place in ["with a target", "without"] {
        let mut world = World::open(&world.home);
        if place == "without" {
            world.places.clear();
        }
        let clock = After(world.days(400));
        let before = world.size();
        let refused = promote(&waits(&world, &clock), &wish(&world)).unwrap_err();
        assert!(refused.to_string().contains("xpired"), "{place}: {refused}");
        assert_eq!(world.size(), before);
    }
    promote(&world.session("gate"), &wish(&world)).unwrap();
}

/// The record names the moment of the decision, so that it comes out again.
#[test]
fn what_was_said_while_a_promotion_waited_counts() {
    let mut world = World::new();
    world.approved("1.0");
    promote(&world.session("gate"), &wish(&world)).unwrap();
    let began = world.now;
    world.later(3600);
    world
        .say("tess", &test(&world, TestResult::Failed))
        .unwrap();
    let clock = After(world.now);
    world.now = began;
    let wish = Promote {
        environment: name("prod"),
        ..wish(&world)
    };
    let refused = promote(&waits(&world, &clock), &wish).unwrap_err();
    assert!(refused.to_string().contains("test"), "{refused}");
}

#[test]
fn what_ended_while_a_rollback_or_a_repair_waited_does_not_count() {
    let world = World::new();
    for version in ["1.0", "1.1"] {
        world.put_in_staging(version);
    }
    let clock = After(world.days(400));
    let wish = RollBack {
        environment: name("staging"),
        trigger: Trigger::Asked,
        reason: "a test".to_owned(),
    };
    let session = waits(&world, &clock);
    for refused in [
        rollback(&session, &wish).unwrap_err(),
        repair(&session, &name("staging")).unwrap_err(),
    ] {
        assert!(refused.to_string().contains("expired"), "{refused}");
    }
    rollback(&world.session("gate"), &wish).unwrap();
}

/// The command looks at what is there: once another release took the place of the one that it was asked about, its
/// answer is about nobody knows which, and neither is remembered as one that does not work.
#[test]
fn what_a_health_command_says_of_another_release_is_not_noted() {
    for looks_at in ["watch", "promote"] {
        let world = World::new();
        let home = &world.home;
        let at = |file: &str| home.join(file).display().to_string();
        let script = format!(
            "touch {}; until test -e {}; do sleep 0.01; done; ! grep -q 1.1 {}",
            at("begun"),
            at("go"),
            at("staging/current/app")
        );
        if looks_at == "watch" {
            world.put_in_staging("1.0");
        } else {
            world.release("1.0");
            world.approve("ada", "1.0", "staging").unwrap();
        }
        let looked = thread::scope(|scope| {
            let looks = scope.spawn(|| {
                let mut world = World::open(home);
                let command = shell(&script);
                world.places.get_mut(&name("staging")).unwrap().health = Some(Health { command });
                let looked = match looks_at {
                    "watch" => watch(&world.session("gate"), &name("staging")).map(|_| ()),
                    _ => world
                        .promote("1.0", "staging")
                        .map(|promoted| promoted.health.unwrap()),
                };
                looked.map_err(|error| error.to_string())
            });
            while !home.join("begun").exists() {
                thread::sleep(Duration::from_millis(1));
            }
            world.put_in_staging("1.1");
            fs::write(home.join("go"), "").unwrap();
            looks.join().unwrap()
        });
        match looked {
            Err(refused) => assert!(refused.contains("2 took its place meanwhile"), "{refused}"),
            Ok(()) => assert_eq!(looks_at, "promote"),
        }
        assert!(
            unhealthy::all(&world.places[&name("staging")].target)
                .unwrap()
                .is_empty()
        );
        let wish = RollBack {
            environment: name("staging"),
            trigger: Trigger::Asked,
            reason: "a test".to_owned(),
        };
        let done = rollback(&world.session("gate"), &wish).unwrap();
        assert_eq!(done.to.number, 1, "{looks_at}");
    }
}

/// A gate whose clock goes before that of another one has said what counts in some minutes: till then nobody puts the
/// release of before back over its own, nor gives its number to another one.
#[test]
fn what_a_gate_with_a_clock_ahead_deployed_is_left_alone() {
    let mut world = World::new();
    world.put_in_staging("1.0");
    let mut ahead = World::open(&world.home);
    ahead.later(600);
    ahead.put_in_staging("1.1");
    let watched = watch(&world.session("gate"), &name("staging")).unwrap();
    assert!(matches!(watched, Watched::Doubtful(_)), "{watched:?}");
    world.release("1.2");
    world.approve("ada", "1.2", "staging").unwrap();
    assert_eq!(world.refused("1.2", "staging"), "statement-early");
    let wish = RollBack {
        environment: name("staging"),
        trigger: Trigger::Asked,
        reason: "a test".to_owned(),
    };
    let session = world.session("gate");
    for refused in [
        rollback(&session, &wish).unwrap_err(),
        repair(&session, &name("staging")).unwrap_err(),
    ] {
        assert_eq!(refused.why().unwrap().code(), "statement-early");
    }
    assert_eq!(world.seen("staging"), "app 1.1");
    world.later(600);
    let watched = watch(&world.session("gate"), &name("staging")).unwrap();
    assert!(matches!(watched, Watched::Fine), "{watched:?}");
    world.promote("1.2", "staging").unwrap();
}
