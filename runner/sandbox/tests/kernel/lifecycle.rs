//! How a sandbox starts, ends, and fails.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use zwieback_model::enforcement::{Lock, LockState};
use zwieback_model::sandbox_spec::identity::{AddressLayout, ClockOffsets, KernelRelease};
use zwieback_model::sandbox_spec::limits::Limits;
use zwieback_model::sandbox_spec::spec::SandboxSpec;
use zwieback_model::sandbox_spec::standard::Conditions;
use zwieback_sandbox::canceller::Canceller;
use zwieback_sandbox::error::{SandboxError, Stage};
use zwieback_sandbox::fork_server::ForkServer;
use zwieback_sandbox::handle::SupervisorHandle;
use zwieback_sandbox::sandbox::{Sandbox, Sources};
use zwieback_sandbox::starting::Starting;
use zwieback_sandbox::step::Ending;

use crate::attempt::{self, Attempt};
use crate::harness::Trial;
use crate::world::{World, command, limits, run};

/// Trials of this area.
pub(crate) const TRIALS: &[Trial] = &[
    ("lifecycle_locks_hold", locks),
    ("lifecycle_processors_are_the_caller_s", processors),
    ("lifecycle_steps_follow_each_other", steps),
    ("lifecycle_missing_program_is_an_error", missing_program),
    ("lifecycle_runner_is_no_program_inside", own_program),
    ("lifecycle_missing_toolchain_is_an_error", missing_toolchain),
    (
        "lifecycle_incomplete_toolchain_is_an_error",
        incomplete_toolchain,
    ),
    ("lifecycle_missing_namespaces_are_named", missing_namespaces),
    ("lifecycle_root_inside_has_no_rights", root_inside),
    ("lifecycle_cancel_ends_a_step", cancel),
    ("lifecycle_conditions_are_seen", conditions),
    ("lifecycle_fixed_layout_is_the_same_twice", layout),
    ("lifecycle_killed_runner_leaves_nothing", killed_runner),
    ("lifecycle_left_sandbox_ends", left),
    ("lifecycle_first_step_needs_no_answer", asked_early),
    (
        "lifecycle_killed_supervisor_leaves_nothing",
        killed_supervisor,
    ),
    ("lifecycle_killed_fork_server_is_an_error", killed_server),
    ("lifecycle_two_at_once", two_at_once),
];

fn locks(world: &World) {
    let sandbox = world.sandbox(limits());
    let enforcement = sandbox.finish().enforcement;
    for lock in Lock::ALL {
        assert_ne!(
            enforcement.state(lock),
            LockState::Absent,
            "{lock:?} in {enforcement}"
        );
    }
    println!("  {enforcement}");
    drop(world.sandbox(limits()));
    assert_eq!(groups_of(std::process::id()), Vec::<String>::new());
}

fn steps(world: &World) {
    let mut sandbox = world.sandbox(limits());
    assert_eq!(run(&mut sandbox, "leave-in-shm", &[]).1, "did left\n");
    assert_eq!(run(&mut sandbox, "find-in-shm", &[]).1, "did found\n");
    let (outcome, _) = run(&mut sandbox, "exit", &["7"]);
    assert_eq!(outcome.ending, Ending::Exited(7));
    let (outcome, _) = run(&mut sandbox, "exit", &["signal"]);
    assert_eq!(outcome.ending, Ending::Signalled(libc::SIGKILL));
}

fn missing_program(world: &World) {
    let mut sandbox = world.sandbox(limits());
    let missing = zwieback_sandbox::step::Command::new(["no-such-program"]);
    match sandbox.run(&missing, &mut |_| {}) {
        Err(SandboxError::Setup(failure)) => {
            assert_eq!(failure.stage, Stage::Exec);
            assert_eq!(
                failure.to_string(),
                "cannot start the program: execve(\"no-such-program\") failed with \
                 ENOENT: No such file or directory"
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(run(&mut sandbox, "others", &[]).1, "did 1\n");
}

/// CVE-2019-5736: whoever is started as the runner's program holds a way to the file of the host.
fn own_program(world: &World) {
    let mut sandbox = world.sandbox(limits());
    for path in ["/proc/self/exe", "/proc/1/exe"] {
        let program = zwieback_sandbox::step::Command::new([path]);
        match sandbox.run(&program, &mut |_| {}) {
            Err(SandboxError::Setup(failure)) => {
                assert_eq!(failure.stage, Stage::Exec);
                assert_eq!(failure.call.errno(), nix::errno::Errno::EACCES, "{failure}");
            }
            other => panic!("{other:?}"),
        }
    }
}

fn missing_toolchain(world: &World) {
    let spec = SandboxSpec::for_build(Conditions::default(), limits());
    let sources = Sources {
        toolchain: "/nowhere/at/all".into(),
        ..world.sources()
    };
    match Sandbox::start(&world.server, &spec, sources, &Canceller::new().unwrap()) {
        Err(SandboxError::Setup(failure)) => {
            assert_eq!(failure.stage, Stage::HostMounts);
            assert_eq!(failure.call.errno(), nix::errno::Errno::ENOENT);
            assert!(failure.call.call.contains("/nowhere/at/all"));
        }
        other => panic!("{other:?}"),
    }
    let nothing = Sources {
        toolchain: "".into(),
        ..world.sources()
    };
    let nothing = Sandbox::start(&world.server, &spec, nothing, &Canceller::new().unwrap());
    assert!(matches!(nothing, Err(SandboxError::NoSource(_))));
}

fn incomplete_toolchain(world: &World) {
    let tree = tempfile::tempdir().unwrap();
    std::fs::create_dir(tree.path().join("etc")).unwrap();
    let spec = SandboxSpec::for_build(Conditions::default(), limits());
    let sources = Sources {
        toolchain: tree.path().to_owned(),
        ..world.sources()
    };
    let error =
        Sandbox::start(&world.server, &spec, sources, &Canceller::new().unwrap()).unwrap_err();
    assert!(
        error.to_string().starts_with("cannot furnish the sandbox"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("mount point"));
}

fn root_inside(world: &World) {
    let mut conditions = Conditions::default();
    conditions.identity.uid = 0;
    conditions.identity.gid = 0;
    let mut sandbox = world.start(&SandboxSpec::for_build(conditions, limits()));
    let (_, said) = run(&mut sandbox, "identity", &[]);
    assert!(said.starts_with("did uid 0 gid 0"), "{said}");
    let (_, said) = run(&mut sandbox, "privileges", &[]);
    assert!(said.contains("CapPrm 0 CapEff 0 CapBnd 0"), "{said}");
    for name in [
        "mount-tmpfs",
        "chroot",
        "sethostname",
        "write-toolchain",
        "mknod-char",
    ] {
        let (_, said) = run(&mut sandbox, name, &[]);
        assert!(said.starts_with("failed"), "{name}: {said}");
    }
}

fn cancel(world: &World) {
    let spec = SandboxSpec::for_build(Conditions::default(), limits());
    let canceller = Canceller::new().unwrap();
    let mut sandbox = Sandbox::start(&world.server, &spec, world.sources(), &canceller).unwrap();
    let started = Instant::now();
    let outcome = sandbox.run(&command("ignore-signals", &["say"]), &mut |_| {
        canceller.cancel();
    });
    assert_eq!(outcome.unwrap().ending, Ending::Cancelled);
    assert!(started.elapsed() < Duration::from_secs(20));
    assert!(canceller.is_cancelled());
}

fn conditions(world: &World) {
    let mut conditions = Conditions {
        visible_cpus: Some(7),
        umask: Some(0o077),
        ..Conditions::default()
    };
    "elsewhere".clone_into(&mut conditions.identity.hostname);
    conditions.identity.uid = 4321;
    conditions.machine.first_pid = Some(5000);
    conditions.machine.release = KernelRelease::Linux26;
    conditions.machine.cpus = vec![0];
    conditions.machine.clocks = ClockOffsets {
        monotonic: 1_000_000,
        boottime: 1_000_000,
    };
    let boot_id = "00000000-0000-4000-8000-000000000000\n";
    let path = "/proc/sys/kernel/random/boot_id".parse().unwrap();
    conditions.files.insert(path, boot_id.to_owned());
    let mut sandbox = world.start(&SandboxSpec::for_build(conditions, limits()));
    let (_, said) = run(&mut sandbox, "identity", &[]);
    assert_eq!(
        said,
        "did uid 4321 gid 1000 host elsewhere domain (none) umask 077 dir /build pid 5000\n"
    );
    let (_, said) = run(&mut sandbox, "machine", &[]);
    let expected = format!("did online 0-6 cpus 1 release 2.6 uptime true boot {boot_id}");
    assert_eq!(said.trim_end(), expected.trim_end());
}

fn layout(world: &World) {
    let mut conditions = Conditions::default();
    conditions.machine.layout = AddressLayout::Fixed;
    let spec = SandboxSpec::for_build(conditions, limits());
    let address = || run(&mut world.start(&spec), "address", &[]).1;
    assert_eq!(address(), address());
}

/// A runner of so many megabytes that starts sandboxes, runs a step in each, and ends: what `scripts/bench sandbox` times.
pub(crate) fn rounds(tree: &str, resident: &str, rounds: &str) -> attempt::Attempt {
    let server = ForkServer::start().unwrap();
    // A runner that has read a store is large.
    let ballast = vec![1_u8; resident.parse::<usize>().unwrap() << 20];
    std::hint::black_box(&ballast);
    let spec = SandboxSpec::for_build(Conditions::default(), Limits::default());
    let sources = Sources {
        toolchain: tree.into(),
        empty: Path::new(tree).with_file_name("empty"),
        ..Sources::default()
    };
    let mut times = Vec::new();
    for _ in 0..rounds.parse::<usize>().unwrap() {
        let started = Instant::now();
        let canceller = Canceller::new().unwrap();
        let mut sandbox = Sandbox::start(&server, &spec, sources.clone(), &canceller).unwrap();
        let outcome = sandbox.run(&command("exit", &["0"]), &mut |_| {}).unwrap();
        assert!(outcome.is_success());
        sandbox.finish();
        times.push(started.elapsed().as_micros());
    }
    times.sort_unstable();
    Ok(format!(
        "min {} median {} us",
        times[0],
        times[times.len() / 2]
    ))
}

/// A runner that starts a sandbox, says where, and waits to be killed.
pub(crate) fn doomed_runner(tree: &str) -> ! {
    let server = ForkServer::start().unwrap();
    let spec = SandboxSpec::for_build(Conditions::default(), Limits::default());
    let sources = Sources {
        toolchain: tree.into(),
        empty: Path::new(tree).with_file_name("empty"),
        ..Sources::default()
    };
    let mut sandbox = Sandbox::start(&server, &spec, sources, &Canceller::new().unwrap()).unwrap();
    println!("started");
    let outcome = sandbox.run(&command("ignore-signals", &["stay"]), &mut |_| {});
    panic!("{outcome:?}");
}

fn killed_runner(world: &World) {
    let tree = world.toolchain();
    let tree = tree.to_str().unwrap();
    let mut runner = Command::new(world.program())
        .args([attempt::ARGUMENT, "doomed-runner", tree])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = [0; 8];
    runner.stdout.take().unwrap().read_exact(&mut said).unwrap();
    let descendants = descendants(runner.id());
    assert!(!descendants.is_empty(), "there is a sandbox");
    runner.kill().unwrap();
    runner.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while descendants
        .iter()
        .any(|pid| Path::new(&format!("/proc/{pid}/exe")).exists())
    {
        assert!(
            Instant::now() < deadline,
            "a process of the sandbox is left"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    // The next start removes the control group of a runner that could not.
    drop(world.sandbox(limits()));
    assert_eq!(groups_of(runner.id()), Vec::<String>::new());
}

/// What a process was moved away from when it was born, it may use like all others.
fn processors(world: &World) {
    let count = std::thread::available_parallelism().unwrap();
    let conditions = Conditions {
        visible_cpus: Some(1),
        ..Conditions::default()
    };
    let mut sandbox = world.start(&SandboxSpec::for_build(conditions, limits()));
    let said = run(&mut sandbox, "machine", &[]).1;
    assert!(said.contains(&format!(" cpus {count} ")), "{said}");
}

/// Where no user namespace may be made, the error says so, and who knows how to allow it.
fn missing_namespaces(world: &World) {
    let tree = world.toolchain();
    let mut runner = Command::new(world.program());
    runner.args([attempt::ARGUMENT, "refused", tree.to_str().unwrap()]);
    // SAFETY: these are calls to the kernel, and the program starts right after them.
    unsafe { runner.pre_exec(forbid_namespaces) };
    let said = runner.output().unwrap().stdout;
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("cannot make namespaces: clone("), "{said}");
    assert!(said.contains("restricts user namespaces"), "{said}");
}

/// Makes this process an ordinary user for whom there is no room for another user namespace.
fn forbid_namespaces() -> std::io::Result<()> {
    let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
    nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWUSER)?;
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/gid_map", format!("1000 {gid} 1"))?;
    std::fs::write("/proc/self/uid_map", format!("1000 {uid} 1"))?;
    std::fs::write("/proc/sys/user/max_user_namespaces", "0")
}

/// Tells why a sandbox cannot be started.
pub(crate) fn refused(tree: &str) -> Attempt {
    let server = ForkServer::start().unwrap();
    let spec = SandboxSpec::for_build(Conditions::default(), Limits::default());
    let sources = Sources {
        toolchain: tree.into(),
        empty: Path::new(tree).with_file_name("empty"),
        ..Sources::default()
    };
    let error = Sandbox::start(&server, &spec, sources, &Canceller::new().unwrap()).unwrap_err();
    Ok(format!("{error}; {:?}", error.hint()))
}

/// Whoever leaves a sandbox does not wait for its end, which comes all the same.
fn left(world: &World) {
    let mut sandbox = world.sandbox(limits());
    assert_eq!(run(&mut sandbox, "others", &[]).1, "did 1\n");
    assert_eq!(sandboxes().len(), 1, "pid 1 is there");
    sandbox.leave();
    until(|| sandboxes().is_empty());
}

/// A step that is asked for at once starts when every lock is in place, and not before.
fn asked_early(world: &World) {
    let spec = SandboxSpec::for_build(Conditions::default(), limits());
    let starting = Starting::begin(
        SupervisorHandle::start(&world.server).unwrap(),
        &spec,
        world.sources(),
        &Canceller::new().unwrap(),
    );
    let mut said = Vec::new();
    let mut hear = |part: &[u8]| said.extend_from_slice(part);
    let (sandbox, outcome) = starting
        .unwrap()
        .run(&command("others", &[]), &mut hear)
        .unwrap();
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!(String::from_utf8(said).unwrap(), "did 1\n");
    assert_eq!(sandbox.finish().enforcement.missing(), None);
}

/// Pid 1 dies with its supervisor, whenever that is: before there is a plan, and while a step runs.
fn killed_supervisor(world: &World) {
    let waiting = SupervisorHandle::start(&world.server).unwrap();
    until(|| !sandboxes().is_empty());
    let spec = SandboxSpec::for_build(Conditions::default(), limits());
    kill_supervisors();
    let canceller = Canceller::new().unwrap();
    let starting = Starting::begin(waiting, &spec, world.sources(), &canceller);
    let started = starting.and_then(Starting::ready);
    assert!(matches!(started, Err(SandboxError::Gone(_))), "{started:?}");

    let mut sandbox = world.sandbox(limits());
    let inside = sandboxes();
    assert_eq!(inside.len(), 1, "pid 1 is there");
    let outcome = sandbox.run(&command("ignore-signals", &["say"]), &mut |_| {
        kill_supervisors();
    });
    assert!(matches!(outcome, Err(SandboxError::Gone(_))), "{outcome:?}");
    sandbox.finish();
    until(|| sandboxes().is_empty());
}

/// Whoever has no fork server any more is told so, and nothing hangs.
fn killed_server(world: &World) {
    let server = ForkServer::start().unwrap();
    kill(*children().last().unwrap());
    let spec = SandboxSpec::for_build(Conditions::default(), limits());
    let started = Sandbox::start(&server, &spec, world.sources(), &Canceller::new().unwrap());
    let said = started.unwrap_err().to_string();
    assert!(
        said.contains("supervisor") || said.contains("by itself"),
        "{said}"
    );
}

/// The first processes of the sandboxes of this process, by their numbers out here.
fn sandboxes() -> Vec<u32> {
    let lives_apart = |pid: &u32| {
        let ids = field(*pid, "NSpid:");
        ids.is_some_and(|ids| ids.split_ascii_whitespace().count() == 2)
    };
    let all = descendants(std::process::id());
    all.into_iter().filter(lives_apart).collect()
}

fn kill_supervisors() {
    for server in children() {
        children_of(server).into_iter().for_each(kill);
    }
}

/// The children of a process.
fn children_of(pid: u32) -> Vec<u32> {
    let list = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let list = list.unwrap_or_default();
    let pids = list.split_ascii_whitespace();
    pids.map(|pid| pid.parse().unwrap()).collect()
}

fn kill(pid: u32) {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
}

/// The children of this process.
fn children() -> Vec<u32> {
    children_of(std::process::id())
}

/// What `proc_pid_status(5)` says of a process that is alive.
fn field(pid: u32, name: &str) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name| status.lines().find_map(|line| line.strip_prefix(name));
    let is_alive = !field("State:")?.trim_start().starts_with('Z');
    field(name).filter(|_| is_alive).map(str::to_owned)
}

fn until(done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "it takes too long");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The control groups that a runner has made below this process's own.
fn groups_of(runner: u32) -> Vec<String> {
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap();
    let memory = own.lines().find_map(|line| line.split_once(":memory:"));
    let dir = format!(
        "/sys/fs/cgroup/memory{}",
        memory.map_or("", |(_, path)| path)
    );
    let names = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    let prefix = format!("zwieback-{runner}-");
    names.filter(|name| name.starts_with(&prefix)).collect()
}

/// All processes below `pid`, by the kernel's own lists.
fn descendants(pid: u32) -> Vec<u32> {
    let mut all = children_of(pid);
    for child in all.clone() {
        all.extend(descendants(child));
    }
    all
}

fn two_at_once(world: &World) {
    let mut first = world.sandbox(limits());
    let mut second = world.sandbox(limits());
    std::thread::scope(|scope| {
        for sandbox in [&mut first, &mut second] {
            scope.spawn(move || {
                assert_eq!(run(sandbox, "loopback", &[]).1, "did ping\n");
            });
        }
    });
}
