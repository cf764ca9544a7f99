//! The wall clock that steps see and wait by, in programs of every kind.

use std::collections::BTreeMap;
use std::fs;
use std::ops::RangeInclusive;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use zwieback_model::sandbox_spec::identity::Machine;
use zwieback_model::sandbox_spec::limits::Limits;
use zwieback_model::sandbox_spec::operation::{Operation, Source};
use zwieback_model::sandbox_spec::spec::SandboxSpec;
use zwieback_model::sandbox_spec::standard::Conditions;
use zwieback_model::supervision::Effect;
use zwieback_sandbox::canceller::Canceller;
use zwieback_sandbox::fork_server::ForkServer;
use zwieback_sandbox::sandbox::{Report, Sandbox, Sources};
use zwieback_sandbox::step::{Command, Ending};

use zwieback_test_world::skip::{skip, skip_here};

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
pub(crate) const OFFSET: i64 = 34_585_997;

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
    let server = ForkServer::start().unwrap();
    let sources = Sources {
        toolchain: tree.into(),
        empty: Path::new(tree).with_file_name("empty"),
        ..Sources::default()
    };
    let mut conditions = Conditions::default();
    conditions.machine.wall_clock_offset = OFFSET;
    let spec = SandboxSpec::for_build(conditions, limits());
    let mut sandbox = Sandbox::start(&server, &spec, sources, &Canceller::new().unwrap()).unwrap();
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

/// Root's supervisor, and a user's if the program is the user's own, can look into a program that
/// nobody may read. One that its owner, somebody else, lets nobody read is not even started: an overlay
/// reads its layers with the rights of who mounted it.
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
        let refused = stranger.arg(crate::attempt::ARGUMENT).args(arguments);
        let said = String::from_utf8(refused.output().unwrap().stderr).unwrap();
        assert!(
            said.contains("/clocks/unreadable") && said.contains("errno: 13"),
            "{said}"
        );
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
        let canceller = Canceller::new().unwrap();
        let server = &self.world.server;
        let mut sandbox = Sandbox::start(server, &spec, sources, &canceller).unwrap();
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
            assert!(
                is_right(line, began..=ended),
                "{line}, between {began} and {ended}"
            );
        }
    }
}

/// A time that was told is the shifted one; a wait lasted as long as it should, and less than twice that.
fn is_right(line: &str, meanwhile: RangeInclusive<i64>) -> bool {
    let mut words = line.split(' ');
    let name = words.next().unwrap();
    let numbers: Vec<i64> = words.map(|word| word.parse().unwrap()).collect();
    match *numbers {
        // Milliseconds, rounded down on one side or both.
        [asked, waited] => name.starts_with("wait-") && (asked - 1..asked * 2).contains(&waited),
        [errno] if name.starts_with("no-") => {
            skip_here("kernel_clock", &format!("waits of {name}: errno {errno}"));
            true
        }
        [is_seen] if name.ends_with("-seen") => is_seen == 1,
        // TAI is ahead by the leap seconds, where the kernel was told of them, and a coarse clock
        // lies behind by a tick.
        [time] => (meanwhile.start() - 1..=meanwhile.end() + 40).contains(&(time - OFFSET)),
        _ => false,
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
            skip("kernel_clock", &format!("{tool}: {error}"));
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
    let ended = seconds(SystemTime::now());
    let told: i64 = said.trim().strip_prefix("did ").unwrap().parse().unwrap();
    assert!((began + OFFSET..=ended + OFFSET).contains(&told));
}

fn go(world: &World) {
    let program = workshop(world).bench().join("go");
    let source = write(world, "clock.go", include_str!("clock.go"));
    if make("go", &["build", "-o", text(&program), text(&source)]) {
        workshop(world).judge(&["/clocks/go"]);
    }
}

fn python(world: &World) {
    if Path::new("/usr/bin/python3").exists() {
        workshop(world).judge(&["/usr/bin/python3", "-c", include_str!("clock.py")]);
    } else {
        skip("kernel_clock", "there is no /usr/bin/python3");
    }
}

fn java(world: &World) {
    const HOME: &str = "/usr/lib/jvm/java-17-openjdk-amd64";
    let (compiler, bench) = (format!("{HOME}/bin/javac"), workshop(world).bench());
    let source = write(world, "Clock.java", include_str!("clock.java"));
    if make(&compiler, &["-d", text(&bench), text(&source)]) {
        let program = format!("{HOME}/bin/java");
        workshop(world).judge(&[&program, "-Xmx256m", "-Xint", "-cp", "/clocks", "Clock"]);
    }
}

fn date(world: &World) {
    workshop(world).judge(&["/bin/sh", "-c", include_str!("clock.sh")]);
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
