//! The way back after a restored backup: a quorum of keepers, in the log, for what was lost and no more.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use zwieback_trust::command::error::CommandError;
use zwieback_trust::command::restore::{Missing, Restore, Restored, plan, restore};
use zwieback_trust::log::error::LogError;
use zwieback_trust::log::memory::Memory;
use zwieback_trust::tlog::proof::TreeHead;

use crate::standing_attacks::put_in_force;
use crate::world::World;

/// A company whose log was put back to before its last two entries.
fn put_back() -> World {
    let world = World::new();
    let (log, kept) = (world.home.join("log"), world.home.join("kept"));
    copy(&log, &kept);
    world.release("1.0");
    world.about("1.0");
    fs::remove_dir_all(&log).unwrap();
    copy(&kept, &log);
    world
}

fn copy(from: &Path, to: &Path) {
    let mut cp = std::process::Command::new("cp");
    assert!(cp.arg("-rT").args([from, to]).status().unwrap().success());
}

fn wish(world: &World, days: i64) -> Restore {
    Restore {
        reason: "the disk broke".to_owned(),
        expires: world.days(days),
        seen: BTreeSet::new(),
    }
}

fn says(world: &World, who: &str) -> Result<Restored, CommandError> {
    let wish = wish(world, 7);
    let plan = plan(&world.reader(), &wish)?;
    restore(&world.session(who), &wish, &plan)
}

fn code<T>(result: Result<T, LogError>) -> String {
    match result {
        Ok(_) => "accepted".to_owned(),
        Err(LogError::Refused(refusal)) => refusal.reason.code().to_owned(),
        Err(error) => error.to_string(),
    }
}

fn why<T>(result: Result<T, CommandError>) -> String {
    match result {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error
            .why()
            .map_or(error.to_string(), |why| why.code().to_owned()),
    }
}

#[test]
fn a_backup_is_taken_again_once_a_quorum_says_so() {
    let world = put_back();
    assert_eq!(code(world.ledger.load(world.now)), "log-rolled-back");
    assert_eq!(why(says(&world, "ada")), "signer-role");
    assert_eq!(why(says(&world, "stranger")), "signer-unknown");
    let first = says(&world, "kim").unwrap();
    assert!(!first.is_accepted());
    // One keeper twice is one keeper.
    assert!(!says(&world, "kim").is_ok_and(|done| done.is_accepted()));
    assert_eq!(code(world.ledger.load(world.now)), "log-rolled-back");
    assert!(says(&world, "lou").unwrap().is_accepted());
    // Every command goes on from there, the snapshot too, and the log tells what happened.
    world.approved("1.0");
    world.promote("1.0", "staging").unwrap();
    let lines = world.ledger.lines(world.now).unwrap();
    let restored = lines.iter().filter(|line| line.verb == "restored");
    let outcomes: Vec<_> = restored.map(|line| line.outcome.clone().unwrap()).collect();
    assert_eq!(outcomes.last().unwrap(), "to 2 entries");
    assert_eq!(why(says(&world, "kim")), "nothing-to-restore");
}

#[test]
fn a_restoration_excuses_no_other_loss() {
    let world = put_back();
    says(&world, "kim").unwrap();
    says(&world, "lou").unwrap();
    let (log, kept) = (world.home.join("log"), world.home.join("again"));
    copy(&log, &kept);
    // What comes after is remembered; the same restoration does not give it up.
    world.release("1.1");
    world.state();
    fs::remove_dir_all(&log).unwrap();
    copy(&kept, &log);
    assert_eq!(code(world.ledger.load(world.now)), "log-rolled-back");
    // Nor does it help a reader who saw another tree than the one that keepers named.
    let mut ledger = world.ledger.clone();
    ledger.seen = Memory::new(world.home.join("another"));
    fs::copy(world.home.join("seen"), world.home.join("another")).unwrap();
    assert_eq!(code(ledger.load(world.now)), "log-rolled-back");
}

#[test]
fn a_restoration_ends() {
    let mut world = put_back();
    let before = fs::read(world.home.join("seen")).unwrap();
    says(&world, "kim").unwrap();
    says(&world, "lou").unwrap();
    // Another reader remembers the same tree, and looks in time or too late.
    fs::write(world.home.join("seen"), &before).unwrap();
    assert_eq!(code(world.ledger.load(world.now)), "accepted");
    fs::write(world.home.join("seen"), &before).unwrap();
    world.later(8 * 86_400);
    // With what keepers said the log has as many entries as it had, and others.
    assert_eq!(code(world.ledger.load(world.now)), "log-forked");
    let too_long = wish(&world, 31);
    let planned = plan(&world.reader(), &too_long).unwrap();
    let refused = why(restore(&world.session("kim"), &too_long, &planned));
    assert_eq!(refused, "field-malformed");
}

#[test]
fn what_others_remember_is_named_too() {
    let world = put_back();
    let other = TreeHead {
        size: 3,
        root: zwieback_model::digest::Digest::sha256(b"another tree"),
    };
    let mut wish = wish(&world, 7);
    wish.seen.insert(other);
    let plan = plan(&world.reader(), &wish).unwrap();
    assert_eq!(plan.new.size, 2);
    assert!(plan.old.contains(&other) && plan.old.len() == 2);
}

/// Who restores may remember nothing of what was lost, and would believe the log at once; others do not.
#[test]
fn a_keeper_without_a_memory_is_told_what_readers_lack() {
    let world = put_back();
    let before = fs::read(world.home.join("seen")).unwrap();
    let mut wish = wish(&world, 7);
    wish.seen = plan(&world.reader(), &wish).unwrap().old;
    let says = |who: &str| {
        for file in ["seen", "seen.policy"] {
            fs::remove_file(world.home.join(file)).unwrap_or_default();
        }
        let plan = plan(&world.reader(), &wish).unwrap();
        restore(&world.session(who), &wish, &plan).unwrap()
    };
    let as_others_see_it = || {
        fs::write(world.home.join("seen"), &before).unwrap();
        code(world.ledger.load(world.now))
    };
    assert!(matches!(says("kim").missing, Some(Missing::Keepers)));
    assert_eq!(as_others_see_it(), "log-rolled-back");
    assert!(says("lou").is_accepted());
    assert_eq!(as_others_see_it(), "accepted");
}

/// The log has older policies, and an older clock finds one of them in force; what was seen was seen.
#[test]
fn a_clock_that_is_set_back_brings_no_older_policy_back() {
    let mut world = World::new();
    world.later(8 * 86_400);
    put_in_force(&world, 2, &|text: &str| text.to_owned(), |_| ());
    assert_eq!(code(world.ledger.load(world.now)), "accepted");
    world.later(-7 * 86_400);
    assert_eq!(code(world.ledger.load(world.now)), "policy-version");
    assert_eq!(why(world.reader().state()), "policy-version");
    world.later(7 * 86_400);
    assert_eq!(code(world.ledger.load(world.now)), "accepted");
}

/// Their keys may be the reason why they were replaced: a reader who has seen the next policy asks its
/// keepers, whatever the log that was put back says.
#[test]
fn replaced_keepers_do_not_put_the_log_back() {
    for newer in [["ada", "bo"], ["kim", "ada"], ["kim", "lou"]] {
        let world = World::new();
        let (log, kept) = (world.home.join("log"), world.home.join("kept"));
        copy(&log, &kept);
        let [one, other] = newer;
        let edit = |text: &str| {
            let keepers = format!("keepers = [\"{one}\", \"{other}\"]");
            text.replace("keepers = [\"kim\", \"lou\"]", &keepers)
        };
        put_in_force(&world, 2, &edit, |_| ());
        world.about("1.0");
        fs::remove_dir_all(&log).unwrap();
        copy(&kept, &log);
        says(&world, "kim").unwrap();
        let same = newer == ["kim", "lou"];
        let missing = says(&world, "lou").unwrap().missing;
        let is_told = matches!(missing, Some(Missing::NewerKeepers { version: 2 }));
        assert_eq!((missing.is_none(), is_told), (same, !same), "{newer:?}");
        let now = code(world.ledger.load(world.now));
        let expected = if same { "accepted" } else { "log-forked" };
        assert_eq!(now, expected, "{newer:?}");
    }
}
