//! Killed at random moments, or out of disk: the target has a whole release, the log verifies, and
//! nothing that was acknowledged is lost.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use zwieback_attest::public_key::Algorithm;
use zwieback_model::digest::Digest;
use zwieback_trust::command::rollback::{RollBack, repair, rollback};
use zwieback_trust::log::append::Submission;
use zwieback_trust::statement::rollback::Trigger;

use crate::world::{World, name};

const HOME: &str = "ZWIEBACK_CRASH_TEST_HOME";
const WORK: &str = "ZWIEBACK_CRASH_TEST_WORK";
/// A third of them while appending alone, the others while releases are promoted and rolled back.
const KILLS: u64 = 100;
/// Kills that one world lives through; a longer log only takes longer to check.
const LIVES: u64 = 17;

/// Works for ever, with a line after each thing that was acknowledged.
#[test]
#[ignore = "the child of the tests below, which run it and kill it"]
fn child() {
    let home = std::env::var_os(HOME).expect("only the tests below run this");
    let world = World::open(home.as_ref());
    let size = world.size();
    println!("\nat work");
    match std::env::var(WORK).as_deref() {
        Ok("append") => append(&world, size),
        _ => release(&world, size),
    }
}

fn append(world: &World, size: u64) {
    for number in size.. {
        let batch: Vec<Submission> = (0..=number % 7)
            .map(|it| {
                let (bundle, key) = world.provenance("acme", &format!("1.{number}.{it}"));
                Submission::new(&bundle, &key).unwrap()
            })
            .collect();
        world.append(&batch).unwrap();
        acknowledge(world);
    }
}

fn release(world: &World, size: u64) {
    for number in size.. {
        let version = format!("1.{number}");
        world.release(&version);
        world.approve("ada", &version, "staging").unwrap();
        world.promote(&version, "staging").unwrap();
        acknowledge(world);
        let state = world.state();
        let history = state.history(&name("staging")).unwrap();
        if number % 2 == 0 && history.next() > 2 {
            rollback(&world.session("gate"), &asked()).unwrap();
            acknowledge(world);
        }
    }
}

fn acknowledge(world: &World) {
    let size = world.size();
    // Not `println!`: the test harness would keep it until the test ends.
    let mut heard = std::io::stdout().lock();
    writeln!(heard, "\nacknowledged {size}").unwrap();
}

fn asked() -> RollBack {
    RollBack {
        environment: name("staging"),
        trigger: Trigger::Asked,
        reason: "a test".to_owned(),
    }
}

fn world() -> World {
    let scratch = tempfile::tempdir().unwrap();
    let mut world = World::signing(scratch.path(), Algorithm::Ed25519, ToOwned::to_owned);
    world.scratch = Some(scratch);
    world
}

#[test]
fn killed_while_appending() {
    let world = world();
    for kill in 0..KILLS / 3 {
        let acknowledged = run_and_kill(&world, "append", kill);
        check_log(&world, acknowledged);
        // Whoever comes next goes on where the log ends.
        let (bundle, key) = world.provenance("acme", &format!("2.{kill}"));
        let next = Submission::new(&bundle, &key).unwrap();
        world.append(&[next]).unwrap();
    }
    check_log(&world, KILLS);
}

#[test]
fn killed_while_releasing() {
    for life in 0..(KILLS - KILLS / 3).div_ceil(LIVES) {
        let world = world();
        for kill in 0..LIVES {
            let acknowledged = run_and_kill(&world, "release", life * LIVES + kill);
            check_log(&world, acknowledged);
            check_target(&world);
        }
        let size = world.state().size();
        assert!(
            size > 2 + LIVES,
            "the children did next to nothing: {size} entries"
        );
    }
}

/// The size of the log that was acknowledged last.
fn run_and_kill(world: &World, work: &str, kill: u64) -> u64 {
    let mut child = start(world, work);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut last = 0;
    // Every other kill meets a child that has done something, however slow the machine.
    let first = if kill.is_multiple_of(2) {
        "at work"
    } else {
        "acknowledged "
    };
    for line in lines.by_ref() {
        let line = line.unwrap();
        last = acknowledged(&line).unwrap_or(last);
        if line.starts_with(first) {
            break;
        }
    }
    // Moments spread over whole rounds of the child.
    std::thread::sleep(Duration::from_micros(kill * 7_919_777 % 90_000));
    child.kill().unwrap();
    child.wait().unwrap();
    let rest = lines.map_while(Result::ok);
    let rest = rest.filter_map(|line| acknowledged(&line));
    rest.last().unwrap_or(last)
}

fn start(world: &World, work: &str) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let alone = [
        "--exact",
        "crash::child",
        "--ignored",
        "--nocapture",
        "--test-threads=1",
    ];
    let child = child.args(alone).env(HOME, &world.home).env(WORK, work);
    child
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn acknowledged(line: &str) -> Option<u64> {
    line.strip_prefix("acknowledged ")?.parse().ok()
}

/// The log is whole, as it is read anew and as it was seen before.
fn check_log(world: &World, acknowledged: u64) {
    let log = world.ledger.believe(world.now).unwrap();
    log.verify().unwrap();
    assert!(log.head().size >= acknowledged);
    let lines = world.ledger.lines(world.now).unwrap();
    assert!(lines.iter().all(|it| it.outcome.is_ok()));
    assert_eq!(lines.len() as u64, log.head().size);
}

/// What is deployed is a release that the log knows; the one before the last, until it is repaired.
fn check_target(world: &World) {
    let (state, staging) = (world.state(), name("staging"));
    let Some(history) = state.history(&staging) else {
        return assert_eq!(world.seen("staging"), "", "nothing was promoted");
    };
    let seen = Digest::sha256(world.seen("staging").as_bytes());
    let mut generations = history.generations().iter();
    let first = history.generations().len() == 1 && world.seen("staging").is_empty();
    assert!(
        first || generations.any(|generation| generation.artifact == seen),
        "{:?}",
        world.seen("staging")
    );
    repair(&world.session("gate"), &staging).unwrap();
    let current = history.current().unwrap();
    assert_eq!(
        Digest::sha256(world.seen("staging").as_bytes()),
        current.artifact
    );
}

/// Rounds with less and less room, each until the disk is full.
const ROOMS: [u64; 14] = [1, 2, 3, 5, 7, 9, 11, 14, 17, 21, 26, 32, 41, 55];

#[test]
#[ignore = "the child of the test below, which gives it a small disk"]
fn child_on_a_small_disk() {
    let home = std::env::var_os(HOME).expect("only the test below runs this");
    let world = World::signing(home.as_ref(), Algorithm::Ed25519, ToOwned::to_owned);
    world.release("1.0");
    world.approve("ada", "1.0", "staging").unwrap();
    world.promote("1.0", "staging").unwrap();
    let mut version = 0;
    for pages in ROOMS {
        full::fill(&world, pages);
        let error = loop {
            version += 1;
            if let Err(error) = full::round(&world, version) {
                break error;
            }
        };
        assert!(error.contains("No space left"), "{pages}: {error}");
        let acknowledged = world.size();
        full::make_room(&world);
        check_log(&world, acknowledged);
        check_target(&world);
        version += 1;
        full::round(&world, version).unwrap();
    }
    println!("\nlived through {} full disks", ROOMS.len());
}

/// A disk that can be filled, and work that says when it is full.
mod full {
    use std::fs::{self, File};
    use std::io::Write as _;

    use zwieback_trust::command::promote::{Promote, promote};
    use zwieback_trust::command::rollback::rollback;
    use zwieback_trust::command::submit;

    use super::asked;
    use crate::world::{World, name};

    /// Leaves so many pages free.
    pub(super) fn fill(world: &World, pages: u64) {
        let mut ballast = File::create(world.home.join("ballast")).unwrap();
        while ballast.write_all(&[7; 4096]).is_ok() {}
        let length = ballast.metadata().unwrap().len();
        ballast
            .set_len(length.saturating_sub(pages * 4096))
            .unwrap();
    }

    pub(super) fn make_room(world: &World) {
        fs::remove_file(world.home.join("ballast")).unwrap();
    }

    /// A release, from its builds to its rollback, as far as there is room.
    pub(super) fn round(world: &World, number: u64) -> Result<(), String> {
        let version = format!("2.{number}");
        let path = world.home.join("app");
        fs::write(&path, format!("app {version}")).map_err(|it| it.to_string())?;
        let builds = ["acme", "other"].map(|builder| world.provenance(builder, &version));
        submit::submit(&world.reader(), &world.log_key, &builds).map_err(|it| it.to_string())?;
        let approved = world.approve("ada", &version, "staging");
        approved.map_err(|it| it.to_string())?;
        let wish = Promote {
            artifact: path,
            environment: name("staging"),
        };
        promote(&world.session("gate"), &wish).map_err(|it| it.to_string())?;
        let back = rollback(&world.session("gate"), &asked());
        back.map(drop).map_err(|it| it.to_string())
    }
}

#[test]
fn a_full_disk_loses_nothing() {
    let script = "mount -t tmpfs -o size=4m none \"$1\" && shift && exec \"$@\"";
    let place = tempfile::tempdir().unwrap();
    let own_mounts = |program: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", program]);
        command
    };
    if !own_mounts("true")
        .status()
        .is_ok_and(|status| status.success())
    {
        println!("skipped: this machine gives no user its own mounts");
        return;
    }
    let mut child = own_mounts("sh");
    child.args(["-c", script, "sh"]).arg(place.path());
    child.arg(std::env::current_exe().unwrap());
    child.args([
        "--exact",
        "crash::child_on_a_small_disk",
        "--ignored",
        "--nocapture",
    ]);
    let output = child.env(HOME, place.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("lived through 14 full disks"),
        "{said}\n{told}"
    );
}
