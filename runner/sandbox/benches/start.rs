//! Measures a sandbox's whole life against that of a bare process: `cargo bench -p zwieback-sandbox -- TREE [ROUNDS]`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

use zwieback_model::sandbox_spec::limits::Limits;
use zwieback_model::sandbox_spec::spec::SandboxSpec;
use zwieback_model::sandbox_spec::standard::Conditions;
use zwieback_sandbox::canceller::Canceller;
use zwieback_sandbox::fork_server::ForkServer;
use zwieback_sandbox::handle::SupervisorHandle;
use zwieback_sandbox::sandbox::Sources;
use zwieback_sandbox::starting::Starting;
use zwieback_sandbox::step;

/// The smallest program there is.
const PROGRAM: &str = "/usr/bin/true";

fn main() -> ExitCode {
    let server = ForkServer::start().unwrap();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Cargo adds `--bench`.
    let mut words = arguments.iter().filter(|word| !word.starts_with('-'));
    let Some(tree) = words.next() else {
        println!("skipped: name a toolchain tree");
        return ExitCode::SUCCESS;
    };
    let rounds = words.next().map_or(40, |rounds| rounds.parse().unwrap());
    let times = measure(&server, tree, rounds);
    say("a bare process", &times.bare, None);
    say("a sandbox", &times.sandbox, Some(&times.bare));
    say("a sandbox asked at once", &times.at_once, Some(&times.bare));
    let second = "a sandbox right after another";
    say(second, &times.second, Some(&times.bare));
    let large = "a sandbox of a runner of 1 GiB";
    say(large, &times.large, Some(&times.sandbox));
    ExitCode::SUCCESS
}

/// What each round took. A round makes one of each, so that a busy machine slows all.
#[derive(Default)]
struct Times {
    bare: Vec<Duration>,
    sandbox: Vec<Duration>,
    at_once: Vec<Duration>,
    second: Vec<Duration>,
    large: Vec<Duration>,
}

fn measure(server: &Arc<ForkServer>, tree: &str, rounds: usize) -> Times {
    let mut times = Times::default();
    for _ in 0..rounds {
        times.bare.push(time_alone(bare));
        times
            .sandbox
            .push(time_alone(|| live(server, tree, Asked::Later)));
        times
            .at_once
            .push(time_alone(|| live(server, tree, Asked::AtOnce)));
        times.second.push(time(|| live(server, tree, Asked::Later)));
        let ballast = vec![1_u8; 1 << 30];
        std::hint::black_box(&ballast);
        // To write so much has emptied the processor's caches, which is not what is asked.
        live(server, tree, Asked::Later);
        times
            .large
            .push(time_alone(|| live(server, tree, Asked::Later)));
    }
    times
}

fn bare() {
    assert!(Command::new(PROGRAM).status().unwrap().success());
}

/// The time of what begins when nothing is left of what was before.
fn time_alone(what: impl FnOnce()) -> Duration {
    std::thread::sleep(Duration::from_millis(5));
    time(what)
}

fn time(what: impl FnOnce()) -> Duration {
    let started = Instant::now();
    what();
    started.elapsed()
}

/// When the program is asked for.
#[derive(Clone, Copy)]
enum Asked {
    /// Once the sandbox is ready, as a build does, which stages its sources in between.
    Later,
    /// With the sandbox, as a shell does.
    AtOnce,
}

/// Starts a sandbox, runs one program in it, and ends it.
fn live(server: &Arc<ForkServer>, tree: &str, asked: Asked) {
    let spec = SandboxSpec::for_build(Conditions::default(), Limits::default());
    let sources = Sources {
        toolchain: tree.into(),
        empty: Path::new(tree).with_file_name("empty"),
        ..Sources::default()
    };
    let canceller = Canceller::new().unwrap();
    let starting = Starting::begin(
        SupervisorHandle::start(server).unwrap(),
        &spec,
        sources,
        &canceller,
    )
    .unwrap();
    let command = step::Command::new([PROGRAM]);
    let (sandbox, outcome) = match asked {
        Asked::AtOnce => starting.run(&command, &mut |_| {}).unwrap(),
        Asked::Later => {
            let mut sandbox = starting.ready().unwrap();
            let outcome = sandbox.run(&command, &mut |_| {}).unwrap();
            (sandbox, outcome)
        }
    };
    assert!(outcome.is_success(), "{outcome:?}");
    sandbox.finish();
}

fn say(what: &str, times: &[Duration], peer: Option<&Vec<Duration>>) {
    let ratio = peer.map_or(String::new(), |peer| {
        let by_least = least(times).as_secs_f64() / least(peer).as_secs_f64();
        let by_median = median(times).as_secs_f64() / median(peer).as_secs_f64();
        format!("  ratio {by_median:.2} (of the least {by_least:.2})")
    });
    println!(
        "{what:36} min {:6} us  median {:6} us{ratio}",
        least(times).as_micros(),
        median(times).as_micros()
    );
}

fn least(times: &[Duration]) -> Duration {
    *times.iter().min().unwrap()
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}
