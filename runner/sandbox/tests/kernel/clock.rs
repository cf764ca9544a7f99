//! The wall clock that steps see and wait by, in programs of every kind.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use zwieback_core::sandbox_spec::limits::Limits;
use zwieback_core::sandbox_spec::operation::{Operation, Source};
use zwieback_core::sandbox_spec::spec::SandboxSpec;
use zwieback_core::sandbox_spec::standard::Conditions;
use zwieback_core::supervision::Effect;
use zwieback_sandbox::canceller::Canceller;
use zwieback_sandbox::sandbox::{Report, Sandbox};
use zwieback_sandbox::step::{Command, Ending};

use crate::attempt::Attempt;
use crate::harness::Trial;
use crate::world::{World, limits};

/// Trials of this area.
pub(crate) const TRIALS: &[Trial] = &[
    ("clock_of_c_dynamic", |world| {
        in_c(world, "gcc", &["-lrt", "-pthread"]);
    }),
    ("clock_of_c_static", |world| {
        in_c(world, "gcc", &["-static", "-lrt", "-pthread"]);
    }),
    ("clock_of_musl_static", |world| {
        in_c(world, "musl-gcc", &["-static"]);
    }),
    ("clock_of_rust_static", rust),
    ("clock_of_go", go),
    ("clock_of_python", python),
    ("clock_of_java", java),
    ("clock_of_the_shell", date),
    ("clock_that_is_not_shifted", unshifted),
];

/// 400 days, 7 hours, 13 minutes and 17 seconds.
const OFFSET: i64 = 34_585_997;
/// The wait of every program here, in milliseconds.
const WAIT: i64 = 300;
/// No machine is so busy that a third of a second takes longer; a deadline that was not moved
/// would be 400 days away.
const LONGEST: i64 = 30_000;

/// Inside: tells the time.
pub(crate) fn tell() -> Attempt {
    Ok(seconds(SystemTime::now()).to_string())
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// A shifted sandbox whose `/usr` is the host's.
struct Workshop<'a> {
    world: &'a World,
    offset: i64,
}

impl Workshop<'_> {
    /// Where programs are put; it appears as `/clocks`.
    fn bench(&self) -> PathBuf {
        let bench = self.world.toolchain().join("clocks");
        fs::create_dir_all(&bench).unwrap();
        bench
    }

    fn run(&self, argv: &[&str]) -> (String, Report) {
        let tree = self.world.toolchain();
        fs::create_dir_all(tree.join("usr")).unwrap();
        for name in ["bin", "lib", "lib64"] {
            // It is there from the trial before.
            drop(symlink(format!("usr/{name}"), tree.join(name)));
        }
        let mut conditions = Conditions::default();
        conditions.machine.wall_clock_offset = self.offset;
        let limits = Limits {
            memory: 4 << 30,
            processes: 200,
            ..limits()
        };
        let mut spec = SandboxSpec::for_build(conditions, limits);
        let usr = Operation::BindReadOnly {
            source: Source::Tree("usr".parse().unwrap()),
            at: "/usr".parse().unwrap(),
        };
        spec.operations.insert(1, usr);
        let mut sources = self.world.sources();
        sources.trees = BTreeMap::from([("usr".parse().unwrap(), "/usr".into())]);
        let mut sandbox = Sandbox::start(&spec, sources, &Canceller::new().unwrap()).unwrap();
        let mut said = Vec::new();
        let command = Command::new(argv.iter().copied());
        let outcome = sandbox.run(&command, &mut |bytes| said.extend_from_slice(bytes));
        let said = String::from_utf8_lossy(&said).into_owned();
        assert_eq!(outcome.unwrap().ending, Ending::Exited(0), "{said}");
        (said, sandbox.finish())
    }

    /// Runs a program whose lines are names with numbers, and judges all of them.
    fn judge(&self, argv: &[&str]) {
        let began = seconds(SystemTime::now());
        let (said, report) = self.run(argv);
        let ended = seconds(SystemTime::now());
        assert_eq!(report.supervision.wall_clock, Some(Effect::Effective));
        assert!(said.lines().count() > 0);
        for line in said.lines() {
            let (name, value) = line.split_once(' ').unwrap();
            let value: i64 = value.parse().unwrap();
            let is_right = match name {
                "no-queue" => {
                    println!("skipped: waits for POSIX queues: errno {value}");
                    true
                }
                "wait-steady" => (1000..LONGEST).contains(&value),
                _ if name.starts_with("wait-") => (WAIT - 1..LONGEST).contains(&value),
                _ if name.ends_with("-seen") => value == 1,
                // TAI is ahead by the leap seconds, where the kernel was told of them, and a
                // coarse clock lies behind by a tick.
                _ => (began + OFFSET - 1..=ended + OFFSET + 40).contains(&value),
            };
            assert!(is_right, "{line}, between {began} and {ended}");
        }
    }
}

fn workshop(world: &World) -> Workshop<'_> {
    Workshop {
        world,
        offset: OFFSET,
    }
}

/// Whether a tool of the host made what it was to make; a tool that is absent skips a trial.
fn make(tool: &str, arguments: &[&str]) -> bool {
    let made = process::Command::new(tool)
        .args(arguments)
        .env("HOME", "/nonexistent")
        .env("GOCACHE", "/tmp/zwieback-clock-go")
        .output();
    match made {
        Ok(output) if output.status.success() => true,
        Ok(output) => panic!("{tool}: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => {
            println!("skipped: {tool}: {error}");
            false
        }
    }
}

fn in_c(world: &World, compiler: &str, flags: &[&str]) {
    let program = workshop(world).bench().join("program");
    let source = write(world, "clock.c", include_str!("clock.c"));
    let mut arguments = vec!["-o", text(&program), text(&source)];
    arguments.extend(flags);
    if make(compiler, &arguments) {
        workshop(world).judge(&["/clocks/program"]);
    }
}

fn rust(world: &World) {
    let began = seconds(SystemTime::now());
    let (said, _) = workshop(world).run(&["/probe", crate::attempt::ARGUMENT, "tell-time"]);
    let told: i64 = said.trim().strip_prefix("did ").unwrap().parse().unwrap();
    assert!((began + OFFSET..began + OFFSET + LONGEST).contains(&told));
}

fn go(world: &World) {
    let program = workshop(world).bench().join("go");
    let source = write(
        world,
        "clock.go",
        r#"package main

import ("fmt"; "time")

func main() {
	done := make(chan time.Time)
	go func() { done <- time.Now() }()
	fmt.Println("routine", (<-done).Unix())
	began := time.Now()
	<-time.After(300 * time.Millisecond)
	fmt.Println("wait-after", time.Since(began).Milliseconds())
}
"#,
    );
    if make("go", &["build", "-o", text(&program), text(&source)]) {
        workshop(world).judge(&["/clocks/go"]);
    }
}

fn python(world: &World) {
    const PROGRAM: &str = "
import time, threading, subprocess, os
def wait(name, call):
    began = time.monotonic()
    call()
    print('wait-' + name, round((time.monotonic() - began) * 1000))
print('time', int(time.time()))
print('ns', time.time_ns() // 10**9)
wait('event', lambda: threading.Event().wait(0.3))
wait('lock', lambda: (lambda l: (l.acquire(), l.acquire(timeout=0.3)))(threading.Lock()))
wait('sleep', lambda: time.sleep(0.3))
wait('timeout', lambda: subprocess.run(['sleep', '0.3'], timeout=60))
print('child', int(subprocess.check_output(['date', '+%s'])))
";
    if Path::new("/usr/bin/python3").exists() {
        workshop(world).judge(&["/usr/bin/python3", "-c", PROGRAM]);
    } else {
        println!("skipped: there is no /usr/bin/python3");
    }
}

fn java(world: &World) {
    const HOME: &str = "/usr/lib/jvm/java-17-openjdk-amd64";
    const PROGRAM: &str = r#"
public class Clock {
    public static void main(String[] args) throws Exception {
        System.out.println("millis " + System.currentTimeMillis() / 1000);
        System.out.println("instant " + java.time.Instant.now().getEpochSecond());
        Object lock = new Object();
        long began = System.nanoTime();
        synchronized (lock) { lock.wait(300); }
        System.out.println("wait-object " + (System.nanoTime() - began) / 1000000);
        began = System.nanoTime();
        java.util.concurrent.locks.LockSupport.parkUntil(System.currentTimeMillis() + 300);
        System.out.println("wait-park " + (System.nanoTime() - began + 1000000) / 1000000);
    }
}
"#;
    let (compiler, bench) = (format!("{HOME}/bin/javac"), workshop(world).bench());
    let source = write(world, "Clock.java", PROGRAM);
    if make(&compiler, &["-d", text(&bench), text(&source)]) {
        let program = format!("{HOME}/bin/java");
        workshop(world).judge(&[&program, "-Xmx256m", "-Xint", "-cp", "/clocks", "Clock"]);
    }
}

fn date(world: &World) {
    let script = "echo date $(date +%s); exec date '+second %s'";
    workshop(world).judge(&["/bin/sh", "-c", script]);
}

fn unshifted(world: &World) {
    let workshop = Workshop { world, offset: 0 };
    let (said, report) = workshop.run(&["/bin/date", "+%s"]);
    let told: i64 = said.trim().parse().unwrap();
    assert!(told.abs_diff(seconds(SystemTime::now())) < 60);
    assert_eq!(report.supervision.wall_clock, None);
}

fn write(world: &World, name: &str, text: &str) -> PathBuf {
    let path = workshop(world).bench().join(name);
    fs::write(&path, text).unwrap();
    path
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
