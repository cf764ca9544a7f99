//! Ctrl-C and kill -9 at any moment: nothing survives, nothing is half-written, the next build succeeds.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use zwieback_test_world::larder::Larder;
use zwieback_test_world::site;
use zwieback_test_world::source::recipe_with_source;
use zwieback_test_world::world::World;

/// A name that nothing else on the machine has: whoever shows it was started by this test.
fn mark(test: &str) -> String {
    format!("zwieback-{test}-{}", std::process::id())
}

/// A world whose recipe works for a while and leaves children behind if it is let.
fn world(mark: &str) -> World {
    let world = World::new(site!(), Larder::Shell);
    let script = format!(
        "(exec -a {mark} sleep 300) & setsid bash -c 'exec -a {mark} sleep 300' &\n\
         for at in 1 2 3 4 5 6 7 8; do echo $at > $OUT/$at; sleep 0.05; done"
    );
    world.recipe("busy", &script);
    world
}

fn start(world: &World) -> Child {
    let mut build = world.zwieback(&["build", "busy", "--rebuild"]);
    build
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until the program has said what it does on Ctrl-C: a busy machine may take its time.
fn listens(child: &Child) {
    const SIGINT: u64 = 1 << (2 - 1);
    let status = format!("/proc/{}/status", child.id());
    let caught = || {
        let text = fs::read_to_string(&status).unwrap();
        let line = text.lines().find_map(|it| it.strip_prefix("SigCgt:"))?;
        u64::from_str_radix(line.trim(), 16).ok()
    };
    while caught().is_some_and(|signals| signals & SIGINT == 0) {
        thread::sleep(Duration::from_millis(1));
    }
}

fn signal(child: &Child, signal: &str) {
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args([signal, &id])
            .status()
            .unwrap()
            .success()
    );
}

/// Processes whose command line has the mark.
fn survivors(mark: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines
        .filter(|line| line.contains(mark) && line.contains("300"))
        .collect()
}

/// What the kernel takes down by itself needs a moment to be gone.
fn none_survive(mark: &str) {
    let patience = Instant::now() + Duration::from_secs(20);
    while Instant::now() < patience && !survivors(mark).is_empty() {
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(survivors(mark), Vec::<String>::new());
}

fn mounts() -> BTreeSet<String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    mounts
        .lines()
        .filter(|line| line.contains("zwieback") || line.contains("/world-"))
        .map(str::to_owned)
        .collect()
}

fn groups(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if entry.file_name().to_string_lossy().contains("zwieback") {
                found.insert(entry.path().display().to_string());
            }
            groups(&entry.path(), found);
        }
    }
}

/// Groups that these processes made. Others are building on this machine, too.
fn groups_of(processes: &[u32]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    groups(Path::new("/sys/fs/cgroup"), &mut found);
    found.retain(|group| {
        processes
            .iter()
            .any(|process| group.contains(&format!("zwieback-{process}-")))
    });
    found
}

fn leftovers(world: &World) -> Vec<String> {
    let mut left: Vec<_> = names(&world.store().join("tmp"));
    for run in names(&world.runs()) {
        left.extend(
            names(&world.runs().join(run))
                .into_iter()
                .filter(|name| name.starts_with("disk-")),
        );
    }
    left
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn interrupted_at_many_moments() {
    let mark = mark("interrupt");
    let world = world(&mark);
    let mut started = Vec::new();
    for milliseconds in [60, 150, 300, 700, 1500, 2900, 3200, 3400] {
        let child = start(&world);
        started.push(child.id());
        listens(&child);
        thread::sleep(Duration::from_millis(milliseconds));
        signal(&child, "-INT");
        let told = Instant::now();
        let status = { child }.wait().unwrap();
        // A build that was done before the signal came is done.
        assert!(
            matches!(status.code(), Some(130 | 0)),
            "after {milliseconds} ms: {status}"
        );
        assert!(
            told.elapsed() < Duration::from_secs(20),
            "{:?}",
            told.elapsed()
        );
        none_survive(&mark);
        assert_eq!(
            leftovers(&world),
            Vec::<String>::new(),
            "after {milliseconds} ms"
        );
    }
    assert_eq!(mounts(), BTreeSet::new());
    assert_eq!(groups_of(&started), BTreeSet::new());
    world.run(&["store", "verify"]).expect(0, &["0 problems"]);
}

#[test]
fn killed_at_fifty_random_moments() {
    let mark = mark("kill");
    let world = world(&mark);
    let mut random = std::process::id();
    let mut started = Vec::new();
    for _ in 0..50 {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let child = start(&world);
        started.push(child.id());
        // Most moments before and in the first run, some in the second, some after both.
        let span = if random & 0x7000_0000 == 0 { 5000 } else { 900 };
        thread::sleep(Duration::from_millis(u64::from(random >> 8) % span));
        signal(&child, "-KILL");
        let status = { child }.wait().unwrap();
        assert!(status.signal() == Some(9) || status.success(), "{status}");
    }
    none_survive(&mark);
    world.run(&["store", "verify"]).expect(0, &["0 problems"]);
    world
        .run(&["build", "busy", "--rebuild"])
        .expect(0, &["busy 1 is reproducible"]);
    // What the dead could not take down, the build after them has.
    assert_eq!(groups_of(&started), BTreeSet::new());
    assert_eq!(leftovers(&world), Vec::<String>::new());
    assert_eq!(mounts(), BTreeSet::new());
}

/// Whoever asked once is not made to ask again because a server takes connections and says nothing.
#[test]
fn one_signal_ends_what_waits_for_a_silent_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let root = format!("http://{}/", listener.local_addr().unwrap());
    let (take, taken) = channel();
    thread::spawn(move || listener.incoming().try_for_each(|it| take.send(it)));
    let world = World::new(site!(), Larder::Empty);
    recipe_with_source(&world, "data", "data.bin", b"data");
    let source = format!("[sources.a]\npurl = \"pkg:generic/a@1\"\nurl = [\"{root}a\"]\n");
    world.recipe_with("greeting", "true", &source);
    let mirrors = format!("[mirrors]\ndeb = [\"{root}\"]\ngeneric = [\"{root}\"]\n");
    world.write("home/.config/zwieback/config.toml", mirrors);
    for (command, asked) in [
        (["lock", "greeting"], "-TERM"),
        (["lock", "greeting"], "-INT"),
        (["fetch", "data"], "-TERM"),
    ] {
        let mut program = world.zwieback(&command);
        program.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = program.spawn().unwrap();
        let connection = taken.recv_timeout(Duration::from_secs(30)).unwrap();
        let since = Instant::now();
        signal(&child, asked);
        let ended = child.wait().unwrap();
        assert_eq!(ended.code(), Some(130), "{command:?} {asked}");
        let took = since.elapsed();
        assert!(
            took < Duration::from_secs(9),
            "{command:?} {asked}: {took:?}"
        );
        drop(connection);
    }
}

/// A command that builds nothing ends with the same code, and leaves nothing half-written either.
#[test]
fn commands_without_a_build_end_with_the_same_code() {
    let world = World::new(site!(), Larder::Empty);
    world.recipe("words", "true");
    world.run(&["key", "generate", "k"]).expect(0, &[]);
    let key = world.run(&["key", "show", "--key", "k"]).expect(0, &[]);
    world.write("project/k.pem", key.stdout);
    world.write("project/bundle.json", "{}");
    // Long enough to hash that every signal finds the program at it.
    let large = fs::File::create(world.project().join("large")).unwrap();
    large.set_len(1 << 35).unwrap();
    for asked in ["-INT", "-TERM", "-HUP"] {
        let arguments = [
            "verify",
            "large",
            "--bundle",
            "bundle.json",
            "--key",
            "k.pem",
        ];
        let mut verify = world.zwieback(&arguments);
        let mut child = verify.stderr(Stdio::null()).spawn().unwrap();
        listens(&child);
        thread::sleep(Duration::from_millis(100));
        let since = Instant::now();
        signal(&child, asked);
        assert_eq!(child.wait().unwrap().code(), Some(130), "{asked}");
        assert!(since.elapsed() < Duration::from_secs(4), "{asked}");
    }
}
