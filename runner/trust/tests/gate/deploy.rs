//! What is deployed is what was verified, whatever happens to files, names and commands meanwhile.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use zwieback_model::digest::Digest;
use zwieback_trust::command::promote::{Promote, promote};
use zwieback_trust::command::revoke::{Revoke, revoke};
use zwieback_trust::command::rollback::{RollBack, repair, rollback};
use zwieback_trust::command::watch::{Watched, watch};
use zwieback_trust::deploy::command::TargetCommand;
use zwieback_trust::deploy::folder::Folder;
use zwieback_trust::deploy::health::Health;
use zwieback_trust::deploy::hook::Hook;
use zwieback_trust::deploy::target::Target;
use zwieback_trust::reason::Reason;
use zwieback_trust::statement::revocation::Revoked;
use zwieback_trust::statement::rollback::Trigger;

use crate::world::{World, name, shell};

#[test]
fn a_file_that_changes_after_the_decision_is_not_deployed() {
    let world = World::new();
    let path = world.file("app", "app 1.0");
    let (file, artifact) = zwieback_trust::command::session::open_artifact(&path).unwrap();
    // The name leads elsewhere: what is open stays what it was.
    fs::remove_file(&path).unwrap();
    symlink("/etc/passwd", &path).unwrap();
    let target = Target::Folder(Folder::new(world.home.join("place")));
    let digest = artifact.sha256;
    let staged = target.stage(&file, digest, "bin/app").unwrap();
    assert_eq!(fs::read(staged.path.join("app")).unwrap(), b"app 1.0");
    // The bytes themselves change: refused, and nothing is left.
    let path = world.file("other", "app 1.0");
    let (file, _) = zwieback_trust::command::session::open_artifact(&path).unwrap();
    fs::write(&path, "app 6.6").unwrap();
    let error = target
        .stage(&file, digest, "bin/app")
        .unwrap_err()
        .to_string();
    assert!(error.contains(Reason::FileSwapped.sentence()), "{error}");
    assert!(!staged.path.exists());
    for bad in ["..", "", "a/..", "a\nb"] {
        assert!(target.stage(&file, digest, bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_release_that_was_tampered_with_is_found_and_replaced() {
    let world = World::new();
    world.put_in_staging("1.0");
    world.put_in_staging("1.1");
    let current = world.home.join("staging/current/app");
    fs::write(&current, "app evil").unwrap();
    let watched = watch(&world.session("gate"), &name("staging")).unwrap();
    let Watched::RolledBack(alarm, done) = watched else {
        panic!("{watched:?}");
    };
    assert_eq!(
        (alarm.trigger, done.from, done.to.number),
        (Trigger::Changed, 2, 1)
    );
    assert_eq!(world.seen("staging"), "app 1.0");
}

#[test]
fn a_target_behind_the_log_is_settled() {
    let world = World::new();
    world.put_in_staging("1.0");
    world.put_in_staging("1.1");
    fs::remove_file(world.home.join("staging/current")).unwrap();
    let watched = watch(&world.session("gate"), &name("staging")).unwrap();
    assert!(matches!(watched, Watched::Settled(_)), "{watched:?}");
    assert_eq!(world.seen("staging"), "app 1.1");
    let size = world.state().size();
    let watched = watch(&world.session("gate"), &name("staging")).unwrap();
    assert!(matches!(watched, Watched::Fine), "{watched:?}");
    assert_eq!(world.state().size(), size);
}

#[test]
fn a_rollback_goes_past_what_does_not_verify() {
    let world = World::new();
    for version in ["1.0", "1.1", "1.2"] {
        world.put_in_staging(version);
    }
    let damaged = fs::read_dir(world.home.join("staging/releases")).unwrap();
    let damaged = damaged.map(|damaged| damaged.unwrap().path());
    let damaged = damaged
        .into_iter()
        .find(|it| it.to_str().unwrap().contains("/000002-"));
    fs::write(damaged.unwrap().join("app"), "app damaged").unwrap();
    let wish = RollBack {
        environment: name("staging"),
        trigger: Trigger::Asked,
        reason: "slow".to_owned(),
    };
    let done = rollback(&world.session("gate"), &wish).unwrap();
    assert_eq!(done.to.version.as_deref(), Some("1.0"));
    assert_eq!(done.skipped[0].0, 2);
    assert_eq!(world.seen("staging"), "app 1.0");
}

#[test]
fn nothing_to_go_back_to_is_said() {
    let world = World::new();
    world.put_in_staging("1.0");
    let wish = RollBack {
        environment: name("staging"),
        trigger: Trigger::Asked,
        reason: "slow".to_owned(),
    };
    let error = rollback(&world.session("gate"), &wish).unwrap_err();
    assert_eq!(error.why(), Some(Reason::NothingToRollBackTo.into()));
    assert_eq!(world.seen("staging"), "app 1.0");
}

#[test]
fn what_does_not_work_goes_at_once() {
    let mut world = World::new();
    world.put_in_staging("1.0");
    let link = world.home.join("staging/current/app");
    let health = Health {
        command: shell(&format!("! grep -q 1.1 {}", link.display())),
    };
    world.places.get_mut(&name("staging")).unwrap().health = Some(health);
    world.release("1.1");
    world.approve("ada", "1.1", "staging").unwrap();
    let promoted = world.promote("1.1", "staging").unwrap();
    assert!(promoted.health.is_err());
    assert_eq!(promoted.rolled_back.unwrap().to.number, 1);
    assert_eq!(world.seen("staging"), "app 1.0");
    let slow = Health {
        command: TargetCommand {
            limit: Duration::from_millis(20),
            ..shell("sleep 600")
        },
    };
    let unhealthy = slow.check(&name("staging")).unwrap_err();
    assert!(unhealthy.to_string().contains("longer"));
}

#[test]
fn a_command_reads_the_verified_bytes() {
    let mut world = World::new();
    let home = world.home.clone();
    let script = |status| {
        let out = home.join("out");
        let out = out.display();
        // The descriptor is for reading: the command cannot change what the next one will see.
        shell(&format!(
            "cat > {out}; echo \" $ZWIEBACK_NAME $ZWIEBACK_GENERATION $ZWIEBACK_SHA256\" >> {out}; \
             if printf x 1>&0; then exit 9; fi; exit {status}"
        ))
    };
    let place = world.places.get_mut(&name("staging")).unwrap();
    place.target = Target::Hook(Hook::new(script(3), home.join("hook")));
    let path = world.release("1.0");
    world.approve("ada", "1.0", "staging").unwrap();
    let wish = Promote {
        artifact: path,
        environment: name("staging"),
    };
    let error = promote(&world.session("gate"), &wish)
        .unwrap_err()
        .to_string();
    assert!(error.contains("exit status: 3"), "{error}");
    let place = world.places.get_mut(&name("staging")).unwrap();
    place.target = Target::Hook(Hook::new(script(0), home.join("hook")));
    repair(&world.session("gate"), &name("staging")).unwrap();
    let digest = Digest::sha256(b"app 1.0");
    let read = fs::read_to_string(home.join("out")).unwrap();
    assert_eq!(read, format!("app 1.0 app 1 {digest}\n"));
    let fine = watch(&world.session("gate"), &name("staging")).unwrap();
    assert!(matches!(fine, Watched::Fine), "{fine:?}");
}

/// A deployment that failed is made up for later, but not once what it was to bring is revoked.
#[test]
fn what_was_revoked_is_not_deployed_to_make_up_for_an_earlier_failure() {
    let mut world = World::new();
    let out = world.home.join("out");
    let script = |status| shell(&format!("cat > {}; exit {status}", out.display()));
    let hook = world.home.join("hook");
    let place = world.places.get_mut(&name("staging")).unwrap();
    place.target = Target::Hook(Hook::new(script(3), hook.clone()));
    let artifact = world.release("1.0");
    world.approve("ada", "1.0", "staging").unwrap();
    let environment = name("staging");
    promote(
        &world.session("gate"),
        &Promote {
            artifact,
            environment,
        },
    )
    .unwrap_err();
    fs::remove_file(&out).unwrap();
    let bad = Revoke {
        revoked: Revoked::Artifact(Digest::sha256(b"app 1.0")),
        from: None,
        reason: "a back door".to_owned(),
    };
    revoke(&world.session("sam"), &bad).unwrap();
    let place = world.places.get_mut(&name("staging")).unwrap();
    place.target = Target::Hook(Hook::new(script(0), hook));
    let seen = watch(&world.session("gate"), &name("staging"));
    assert!(
        !matches!(seen, Ok(Watched::Settled(_) | Watched::Fine)),
        "{seen:?}"
    );
    assert!(!out.exists(), "what was revoked was deployed");
}

#[test]
fn a_command_belongs_to_its_gate_and_has_a_time() {
    let mut world = World::new();
    let gate = world.home.join("gate");
    fs::create_dir(&gate).unwrap();
    let script = "#!/bin/sh\npwd > where; env > seen; cat > got\n";
    fs::write(gate.join("deploy"), script).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(gate.join("deploy"), mode).unwrap();
    let command = TargetCommand {
        words: vec!["./deploy".to_owned()],
        folder: gate.clone(),
        limit: Duration::from_mins(1),
        variables: vec!["CARGO_PKG_NAME".to_owned()],
    };
    let place = world.places.get_mut(&name("staging")).unwrap();
    place.target = Target::Hook(Hook::new(command.clone(), world.home.join("hook")));
    world.put_in_staging("1.0");
    let read = |file: &str| fs::read_to_string(gate.join(file)).unwrap();
    assert_eq!(
        read("where").trim(),
        gate.canonicalize().unwrap().to_str().unwrap()
    );
    assert_eq!(read("got"), "app 1.0");
    let seen = read("seen");
    assert!(seen.contains("ZWIEBACK_ENVIRONMENT=staging\n"), "{seen}");
    // cargo sets both of these for a test; one was asked for.
    assert!(seen.contains("CARGO_PKG_NAME="), "{seen}");
    assert!(!seen.contains("CARGO_MANIFEST_DIR="), "{seen}");
    let slow = TargetCommand {
        limit: Duration::from_millis(20),
        ..shell("sleep 600")
    };
    let place = world.places.get_mut(&name("staging")).unwrap();
    place.target = Target::Hook(Hook::new(slow, world.home.join("hook")));
    let path = world.release("1.1");
    world.approve("ada", "1.1", "staging").unwrap();
    let wish = Promote {
        artifact: path,
        environment: name("staging"),
    };
    let error = promote(&world.session("gate"), &wish)
        .unwrap_err()
        .to_string();
    assert!(error.contains("did not answer within"), "{error}");
}

#[test]
fn promotions_at_the_same_time_come_one_after_the_other() {
    let world = World::new();
    let versions = ["1.0", "1.1", "1.2", "1.3"];
    let files = versions.map(|version| {
        world.release(version);
        world.approve("ada", version, "staging").unwrap();
        world.file(&format!("app-{version}"), &format!("app {version}"))
    });
    let home: &Path = &world.home;
    std::thread::scope(|scope| {
        for artifact in files {
            scope.spawn(move || {
                let world = World::open(home);
                let environment = name("staging");
                let wish = Promote {
                    artifact,
                    environment,
                };
                // Whoever comes after a newer one is refused; nothing else may go wrong.
                match promote(&world.session("gate"), &wish) {
                    Ok(_) => {}
                    Err(error) => assert_eq!(error.why(), Some(Reason::Downgrade.into())),
                }
            });
        }
    });
    assert_eq!(world.seen("staging"), "app 1.3");
    let state = world.state();
    let history = state.history(&name("staging")).unwrap();
    let numbers: Vec<u64> = history
        .generations()
        .iter()
        .map(|generation| generation.number)
        .collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    assert!(
        !world
            .ledger
            .lines(world.now)
            .unwrap()
            .iter()
            .any(|it| it.outcome.is_err())
    );
}

#[test]
fn nothing_is_deployed_through_a_link() {
    let world = World::new();
    world.put_in_staging("1.0");
    world.release("1.1");
    world.approve("ada", "1.1", "staging").unwrap();
    let (place, aside) = (world.home.join("staging"), world.home.join("aside"));
    let outside = world.home.join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("kept"), "kept").unwrap();
    for (part, to) in [
        ("lock", outside.join("kept")),
        ("staged", outside.clone()),
        ("releases", outside.clone()),
    ] {
        let part = place.join(part);
        let was_there = fs::rename(&part, &aside).is_ok();
        symlink(&to, &part).unwrap();
        assert!(world.promote("1.1", "staging").is_err(), "{part:?}");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
        assert_eq!(fs::read(outside.join("kept")).unwrap(), b"kept");
        fs::remove_file(&part).unwrap();
        if was_there {
            fs::rename(&aside, &part).unwrap();
        }
    }
    fs::rename(&place, &aside).unwrap();
    symlink(&aside, &place).unwrap();
    let error = Target::Folder(Folder::new(&place)).lock().unwrap_err();
    assert!(error.to_string().contains("is no folder"), "{error}");
    // A release elsewhere is none of this folder's, whatever it holds.
    fs::remove_file(&place).unwrap();
    fs::rename(&aside, &place).unwrap();
    fs::remove_file(place.join("current")).unwrap();
    fs::create_dir(outside.join("000002-x")).unwrap();
    fs::write(outside.join("000002-x/app"), "app 1.1").unwrap();
    symlink(outside.join("000002-x"), place.join("current")).unwrap();
    let watched = watch(&world.session("gate"), &name("staging"));
    assert!(!matches!(watched, Ok(Watched::Fine)), "{watched:?}");
}
