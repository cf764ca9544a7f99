//! Snapshots: they change no decision, cannot lie, and are made anew when they are gone.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use zwieback_trust::command::revoke::{Revoke, revoke};
use zwieback_trust::command::rollback::{RollBack, rollback};
use zwieback_trust::gate::decision::Decision;
use zwieback_trust::log::error::LogError;
use zwieback_trust::snapshot::dir::SnapshotDir;
use zwieback_trust::snapshot::follow::Query;
use zwieback_trust::snapshot::head::SnapshotKey;
use zwieback_trust::statement::revocation::Revoked;
use zwieback_trust::statement::rollback::Trigger;

use crate::standing_attacks::put_in_force;
use crate::world::{World, artifact, name};

/// A world with a life: promotions, a rollback, a revocation, approvals that wait.
fn lived() -> World {
    let world = World::new();
    for version in ["1.0", "1.1", "1.2", "1.3"] {
        world.approved(version);
        assert!(world.decide(version, "staging").verdict().is_ok());
        assert!(world.decide(version, "prod").verdict().is_err());
        world.promote(version, "staging").unwrap();
        world.promote(version, "prod").unwrap();
    }
    let wish = RollBack {
        environment: name("staging"),
        trigger: Trigger::Asked,
        reason: "a test".to_owned(),
    };
    rollback(&world.session("gate"), &wish).unwrap();
    world.approved("1.4");
    world.approve("cy", "1.5", "staging").unwrap();
    let wish = Revoke {
        revoked: Revoked::Artifact(artifact("1.0").sha256),
        from: None,
        reason: "a test".to_owned(),
    };
    revoke(&world.session("sam"), &wish).unwrap();
    world
}

/// Every decision there is; each is made from the whole log and from the snapshot.
fn decisions(world: &World) -> Vec<Decision> {
    let versions = ["1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "never"];
    let all = versions
        .iter()
        .flat_map(|version| ["staging", "prod"].map(|at| (version, at)));
    all.map(|(version, at)| world.decide(version, at)).collect()
}

#[test]
fn decisions_are_those_of_the_whole_log() {
    let world = lived();
    let grown = decisions(&world);
    fs::remove_dir_all(world.home.join("snapshot")).unwrap();
    // Made at once from all entries it is the same as when it grew with each of them.
    assert_eq!(decisions(&world), grown);
}

#[test]
fn a_snapshot_that_lies_is_not_believed() {
    let world = lived();
    let honest = decisions(&world);
    let folder = world.home.join("snapshot");
    let pages = fs::read_dir(&folder).unwrap().map(|it| it.unwrap().path());
    let mut pages: Vec<_> = pages
        .filter(|page| page.to_string_lossy().contains("pages-"))
        .collect();
    assert_eq!(pages.len(), 1);
    let (pages, head) = (pages.remove(0), folder.join("head"));
    let (old_pages, old_head) = (fs::read(&pages).unwrap(), fs::read(&head).unwrap());

    // An approval that nobody gave, or one that is gone: any byte of any page, and of the head.
    for at in (0..old_pages.len()).step_by(997) {
        edit(&pages, at);
        assert_eq!(world.decide("1.4", "staging"), honest[8], "byte {at}");
    }
    edit(&head, 400);
    assert_eq!(decisions(&world), honest);
    // Pages of half the length, none, and a head of another owner's.
    fs::write(&pages, &old_pages[..old_pages.len() / 2]).unwrap();
    fs::write(&head, &old_head).unwrap();
    assert_eq!(decisions(&world), honest);
    fs::remove_file(&pages).unwrap();
    fs::write(&head, &old_head).unwrap();
    assert_eq!(decisions(&world), honest);
    let mut other = World::open(&world.home);
    other.ledger.snapshots = SnapshotDir::new(&folder, SnapshotKey::new([8; 32]));
    assert_eq!(decisions(&other), honest);
}

fn edit(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    let at = at.min(bytes.len() - 1);
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// What a reader that has nothing but a snapshot says about a log.
fn code(world: &World) -> String {
    let wish = asked(world);
    match world.ledger.load_about(&wish) {
        Ok(_) => "accepted".to_owned(),
        Err(LogError::Refused(it)) => it.reason.code().to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_log_that_does_not_extend_the_snapshot_is_refused() {
    let world = World::new();
    let (log, kept) = (world.home.join("log"), world.home.join("kept"));
    copy(&log, &kept);
    world.release("1.0");
    assert_eq!(code(&world), "accepted");
    fs::remove_dir_all(&log).unwrap();
    copy(&kept, &log);
    let forget = || fs::remove_file(world.home.join("seen")).unwrap();
    forget();
    assert_eq!(code(&world), "log-rolled-back");
    let fork = World::open(&world.home);
    for version in ["6.6", "6.7"] {
        let batch = ["acme", "other"].map(|builder| {
            let (bundle, key) = fork.provenance(builder, version);
            zwieback_trust::log::append::Submission::new(&bundle, &key).unwrap()
        });
        fork.append_elsewhere(&batch).unwrap();
        assert_eq!(code(&world), "log-forked", "{version}");
    }
}

/// What a decision about the first release asks for.
fn asked(world: &World) -> Query<'static> {
    Query {
        artifact: artifact("1.0").sha256,
        name: "app",
        now: world.now,
    }
}

/// A reader that waits for the snapshot has believed the log as it was before; whoever has it reads on meanwhile.
#[test]
fn a_log_that_grew_while_its_reader_waited_was_not_rolled_back() {
    let world = World::new();
    world.release("1.0");
    let wish = asked(&world);
    let open = || {
        let (dir, key) = (&world.ledger.snapshots, world.ledger.log.key());
        dir.open(key, &world.ledger.anchor).unwrap()
    };
    let mut held = open();
    let reader = World::open(&world.home).ledger;
    let state = thread::scope(|scope| {
        let waits = scope.spawn(|| reader.load_about(&wish));
        while reader.last.head().is_none() {
            thread::sleep(Duration::from_millis(1));
        }
        world.release("1.1");
        let newest = world.ledger.believe(world.now).unwrap();
        held.state(&newest, &wish).unwrap();
        drop(held);
        waits.join().unwrap().unwrap()
    });
    assert_eq!(state.size(), world.size());
}

/// The same where another policy came into force meanwhile, which another command has met: it is no older one for
/// that, and what is decided is decided by it.
#[test]
fn a_policy_that_came_while_a_reader_waited_counts() {
    let world = World::new();
    world.release("1.0");
    let wish = asked(&world);
    let (dir, key) = (&world.ledger.snapshots, world.ledger.log.key());
    let held = dir.open(key, &world.ledger.anchor).unwrap();
    let reader = World::open(&world.home).ledger;
    let state = thread::scope(|scope| {
        let waits = scope.spawn(|| reader.load_about(&wish));
        while reader.last.head().is_none() {
            thread::sleep(Duration::from_millis(1));
        }
        put_in_force(&world, 2, &str::to_owned, |_| ());
        assert_eq!(world.state().policy().unwrap().release.version, 2);
        drop(held);
        waits.join().unwrap().unwrap()
    });
    assert_eq!(state.policy().unwrap().release.version, 2);
}

/// Who reads all of a log takes as long as there are entries: that it has grown since is no rollback of its policy.
#[test]
fn a_policy_that_came_while_a_log_was_read_is_not_refused() {
    let world = World::new();
    let last = 8;
    thread::scope(|scope| {
        let reads = scope.spawn(|| {
            let reader = World::open(&world.home).ledger;
            while reader.load(world.now)?.policy()?.release.version < last {}
            Ok::<_, LogError>(())
        });
        let mut other = World::open(&world.home);
        other.ledger.snapshots =
            SnapshotDir::new(world.home.join("own"), SnapshotKey::new([8; 32]));
        for version in 2..=last {
            put_in_force(&other, version, &str::to_owned, |_| ());
            other.state();
        }
        reads.join().unwrap().unwrap();
    });
}

#[test]
fn what_was_appended_since_is_held_against_the_checkpoint() {
    let world = World::new();
    assert_eq!(code(&world), "accepted");
    world.release("1.0");
    let log = world.home.join("log");
    let size = World::open(&world.home).size();
    let path = log.join(format!("tile/entries/000.p/{size}"));
    let whole = fs::read(&path).unwrap();
    let mut edited = whole.clone();
    *edited.last_mut().unwrap() ^= 1;
    fs::write(&path, edited).unwrap();
    assert_eq!(code(&world), "log-edited");
    fs::write(&path, whole).unwrap();
    assert_eq!(code(&world), "accepted");
}

fn copy(from: &Path, to: &Path) {
    let mut cp = std::process::Command::new("cp");
    assert!(cp.arg("-rT").args([from, to]).status().unwrap().success());
}
