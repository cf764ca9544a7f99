//! The wall clock that steps see and wait by, in programs of every kind.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use zwieback_core::sandbox_spec::identity::Machine;
use zwieback_core::sandbox_spec::limits::Limits;
use zwieback_core::sandbox_spec::operation::{Operation, Source};
use zwieback_core::sandbox_spec::spec::SandboxSpec;
use zwieback_core::sandbox_spec::standard::Conditions;
use zwieback_core::supervision::Effect;
use zwieback_sandbox::canceller::Canceller;
use zwieback_sandbox::sandbox::{Report, Sandbox, Sources};
use zwieback_sandbox::step::{Command, Ending};

use crate::attempt::{Attempt, call};
use crate::harness::{self, Trial};
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
    ("clock_without_a_tracer_is_ineffective", without_tracer),
    ("clock_of_what_cannot_be_read_is_honest", unreadable),
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

/// Outside: a runner that may not trace says what came of a shift, and what time it was inside.
pub(crate) fn untraced(tree: &str) -> Attempt {
    let code = |code: u32, k: u32, jt, jf| libc::sock_filter {
        code: u16::try_from(code).unwrap(),
        jt,
        jf,
        k,
    };
    let ret = libc::BPF_RET | libc::BPF_K;
    let refuse = libc::SECCOMP_RET_ERRNO | libc::EPERM.cast_unsigned();
    let ptrace = u32::try_from(libc::SYS_ptrace).unwrap();
    let test = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let filter = [
        code(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        code(test, ptrace, 0, 1),
        code(ret, refuse, 0, 0),
        code(ret, libc::SECCOMP_RET_ALLOW, 0, 0),
    ];
    let program = libc::sock_fprog {
        len: 4,
        filter: filter.as_ptr().cast_mut(),
    };
    nix::sys::prctl::set_no_new_privs()?;
    call(libc::SYS_seccomp, &[1, 0, (&raw const program) as i64])?;
    shifted(tree, "/probe")
}

/// Outside: says what came of a shift, and what time a program told inside.
pub(crate) fn shifted(tree: &str, program: &str) -> Attempt {
    let sources = Sources {
        toolchain: tree.into(),
        ..Sources::default()
    };
    let mut conditions = Conditions::default();
    conditions.machine.wall_clock_offset = OFFSET;
    let spec = SandboxSpec::for_build(conditions, limits());
    let mut sandbox = Sandbox::start(&spec, sources, &Canceller::new().unwrap()).unwrap();
    let command = Command::new([program, crate::attempt::ARGUMENT, "tell-time"]);
    let mut told = Vec::new();
    let outcome = sandbox.run(&command, &mut |bytes| told.extend_from_slice(bytes));
    assert!(outcome.unwrap().is_success());
    let effect = sandbox.finish().supervision.wall_clock.unwrap();
    Ok(format!(
        "{effect}, {}",
        String::from_utf8_lossy(&told).trim()
    ))
}

fn without_tracer(world: &World) {
    let tree = world.toolchain();
    let reason = "ineffective: ptrace(PTRACE_SEIZE) failed with EPERM: Operation not permitted";
    let told = told(
        process::Command::new(world.program()),
        &["untraced", text(&tree)],
        reason,
    );
    assert!(told.abs_diff(seconds(SystemTime::now())) < 60, "{told}");
}

/// A user's supervisor cannot look into a program that its owner, somebody else, lets nobody
/// read; it says so. Root's can, and so can a user's if the program is the user's own.
fn unreadable(world: &World) {
    let program = workshop(world).bench().join("unreadable");
    fs::copy(world.program(), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o111)).unwrap();
    let tree = world.toolchain();
    let arguments = ["shifted", text(&tree), "/clocks/unreadable"];
    let own = told(
        process::Command::new(world.program()),
        &arguments,
        "effective",
    );
    let shifted = seconds(SystemTime::now()) + OFFSET;
    assert!(own.abs_diff(shifted) < 60, "{own}");
    if nix::unistd::geteuid().is_root() {
        let mut stranger = process::Command::new(world.program());
        stranger.uid(harness::ORDINARY).gid(harness::ORDINARY);
        let reason = "ineffective: the memory of a program that started could not be read";
        let seen = told(stranger, &arguments, reason);
        assert!(seen.abs_diff(shifted - OFFSET) < 60, "{seen}");
    }
    fs::remove_file(&program).unwrap();
}

/// Has a runner of its own say what came of a shift, which must be `effect`, and the time.
fn told(mut runner: process::Command, arguments: &[&str], effect: &str) -> i64 {
    let runner = runner.arg(crate::attempt::ARGUMENT).args(arguments);
    let output = runner.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = said.strip_prefix(&format!("did {effect}, did "));
    let told = told.unwrap_or_else(|| panic!("{said} {output:?}"));
    told.trim().parse().unwrap()
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// A sandbox whose `/usr` is the host's, on a machine that may be shifted.
pub(crate) struct Workshop<'a> {
    pub(crate) world: &'a World,
    pub(crate) machine: Machine,
}

impl Workshop<'_> {
    /// Where programs are put; it appears as `/clocks`.
    pub(crate) fn bench(&self) -> PathBuf {
        let bench = self.world.toolchain().join("clocks");
        fs::create_dir_all(&bench).unwrap();
        bench
    }

    pub(crate) fn run(&self, argv: &[&str]) -> (String, Report) {
        let tree = self.world.toolchain();
        fs::create_dir_all(tree.join("usr")).unwrap();
        for name in ["bin", "lib", "lib64"] {
            // It is there from the trial before.
            drop(symlink(format!("usr/{name}"), tree.join(name)));
        }
        let conditions = Conditions {
            machine: self.machine.clone(),
            ..Conditions::default()
        };
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
    let machine = Machine {
        wall_clock_offset: OFFSET,
        ..Machine::default()
    };
    Workshop { world, machine }
}

/// Whether a tool of the host made what it was to make; a tool that is absent skips a trial.
pub(crate) fn make(tool: &str, arguments: &[&str]) -> bool {
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
    let workshop = Workshop {
        world,
        machine: Machine::default(),
    };
    let (said, report) = workshop.run(&["/bin/date", "+%s"]);
    let told: i64 = said.trim().parse().unwrap();
    assert!(told.abs_diff(seconds(SystemTime::now())) < 60);
    assert_eq!(report.supervision.wall_clock, None);
}

pub(crate) fn write(world: &World, name: &str, text: &str) -> PathBuf {
    let path = workshop(world).bench().join(name);
    fs::write(&path, text).unwrap();
    path
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
