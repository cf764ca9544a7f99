//! Killed at random moments: the target has a whole release, the log verifies, nothing is lost.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use zwieback_core::digest::Digest;
use zwieback_trust::statement::rollback::Trigger;
use zwieback_trust::story::rollback::{RollBack, repair, rollback};
use zwieback_trust::tlog::view::Expectation;

use crate::world::{World, artifact, name};

const HOME: &str = "ZWIEBACK_CRASH_TEST_HOME";
const KILLS: u64 = 12;

/// Promotes for ever, with a line after each thing that was acknowledged.
#[test]
#[ignore = "the child of the test below, which runs it and kills it"]
fn child() {
    let home = std::env::var_os(HOME).expect("only the test below runs this");
    let world = World::open(home.as_ref());
    let environment = name("staging");
    let start = world.state().size();
    for number in start.. {
        let version = format!("1.{number}");
        world.release(&version);
        world.approve("ada", &version, "staging").unwrap();
        world.promote(&version, "staging").unwrap();
        println!(
            "\nacknowledged {}",
            world.ledger.log.checkpoint().unwrap().head.size
        );
        if number % 3 == 0 && world.state().history(&environment).unwrap().next() > 2 {
            let wish = RollBack {
                environment: environment.clone(),
                trigger: Trigger::Asked,
                reason: "a test".to_owned(),
            };
            rollback(&world.desk("gate"), &wish).unwrap();
            println!(
                "\nacknowledged {}",
                world.ledger.log.checkpoint().unwrap().head.size
            );
        }
    }
}

#[test]
fn killed_at_random_moments() {
    let world = World::new();
    for kill in 0..KILLS {
        // Moments spread over whole rounds of the child, of some ten milliseconds each.
        let wait = Duration::from_millis(15 + kill * 37 % 120);
        let acknowledged = run_and_kill(&world, wait);
        check(&world, acknowledged);
        repair(&world.desk("gate"), &name("staging")).unwrap();
        let state = world.state();
        let current = state.history(&name("staging")).and_then(|it| it.current());
        if let Some(current) = current {
            assert_eq!(
                Digest::sha256(world.seen("staging").as_bytes()),
                current.artifact
            );
        }
    }
    let size = world.state().size();
    assert!(
        size > 2 + KILLS,
        "the child did next to nothing: {size} entries"
    );
}

/// The size of the log that was acknowledged last.
fn run_and_kill(world: &World, wait: Duration) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "crash::child",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(HOME, &world.home)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let number = |line: String| {
        line.strip_prefix("acknowledged ")
            .and_then(|it| it.parse().ok())
    };
    // The first round must be over, so that every kill meets a child at work.
    let first: u64 = lines
        .by_ref()
        .find_map(|line| number(line.unwrap()))
        .unwrap();
    std::thread::sleep(wait);
    child.kill().unwrap();
    child.wait().unwrap();
    let rest = lines.map_while(Result::ok).filter_map(number);
    rest.last().unwrap_or(first)
}

/// The log is whole, and what is deployed is a release that it knows; it may be the one before.
fn check(world: &World, acknowledged: u64) {
    let expected = Expectation {
        policy: &world.ledger.witnesses,
        seen: None,
        max_age: None,
        now: world.now,
    };
    let checkpoint = world.ledger.log.verify(&expected).unwrap();
    assert!(checkpoint.head.size >= acknowledged);
    let state = world.state();
    let lines = world.ledger.lines(world.now).unwrap();
    assert!(lines.iter().all(|it| it.outcome.is_ok()));
    let seen = world.seen("staging");
    let version = seen.strip_prefix("app ").expect("a whole release is there");
    let history = state.history(&name("staging")).unwrap();
    let deployed = artifact(version).sha256;
    assert!(
        history
            .generations()
            .iter()
            .any(|it| it.artifact == deployed)
    );
}
