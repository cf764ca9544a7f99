//! Every command that reads a file gets a thousand files that nobody wrote on purpose: each ends in time,
//! with a documented exit code, and says what is wrong without falling over.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use zwieback_test_world::company;
use zwieback_test_world::larder::Larder;
use zwieback_test_world::outcome::Outcome;
use zwieback_test_world::site;
use zwieback_test_world::world::World;

/// How often each file is changed.
const ROUNDS: u64 = 28;
/// The exit codes of the documentation, without 255: that one says that the program is wrong.
const DOCUMENTED: [i32; 11] = [0, 1, 2, 3, 4, 5, 100, 101, 102, 103, 104];
/// No command below has more to do than to read a small file and to say no.
const LONGEST: Duration = Duration::from_secs(30);

/// A file below the project, and a command that reads it, as the person whose home is named.
const READERS: [(&str, &str, &str); 36] = [
    (
        "one/app-1.0.sigstore.json",
        "north",
        "verify one/app --bundle one/app-1.0.sigstore.json --key north.pem",
    ),
    (
        "one/app-1.0.sigstore.json",
        "north",
        "verify one --bundle one/app-1.0.sigstore.json --trust root.json",
    ),
    (
        "one/app-1.0.sigstore.json",
        "gate",
        "submit one/app-1.0.sigstore.json",
    ),
    (
        "one/app-1.0.sigstore.json",
        "kim",
        "bundle lines one/app-1.0.sigstore.json",
    ),
    (
        "one/app-1.0.sigstore.json",
        "west",
        "recheck one/app-1.0.sigstore.json --key west.pem --offline",
    ),
    (
        "one/SHA256SUMS",
        "north",
        "verify one --bundle one/app-1.0.sigstore.json --key north.pem",
    ),
    (
        "one/app",
        "north",
        "verify one/app --bundle one/app-1.0.sigstore.json --key north.pem",
    ),
    ("one/app", "north", "diff one again-one"),
    (
        "app.intoto.jsonl",
        "north",
        "verify one/app --bundle app.intoto.jsonl --key north.pem",
    ),
    (
        "app.intoto.jsonl",
        "kim",
        "bundle import app.intoto.jsonl --key north.pem --into imported",
    ),
    (
        "north.pem",
        "north",
        "verify one/app --bundle one/app-1.0.sigstore.json --key north.pem",
    ),
    (
        "north.pem",
        "kim",
        "key trust --root other.json --builder https://x.example/v1 --operator x --level 1 north.pem",
    ),
    (
        "root.json",
        "kim",
        "verify one/app --bundle one/app-1.0.sigstore.json --trust root.json",
    ),
    (
        "root.json",
        "kim",
        "key sign --root root.json --check root.json",
    ),
    (
        "policy.toml",
        "kim",
        "policy sign policy.toml --output signed.json",
    ),
    (
        "policy.toml",
        "kim",
        "verify one/app --bundle one/app-1.0.sigstore.json --key north.pem --policy policy.toml",
    ),
    (
        "release.toml",
        "kim",
        "policy digest release.toml --builds policy.toml --trust root.json",
    ),
    ("gate.toml", "kim", "status"),
    (
        "gate.toml",
        "gate",
        "promote one/app --to staging --dry-run",
    ),
    ("log/checkpoint", "kim", "status"),
    ("log/checkpoint", "kim", "log verify log --signed-by KEY"),
    ("log/statements/000", "kim", "status"),
    (
        "log/statements/000",
        "gate",
        "promote one/app --to staging --dry-run",
    ),
    ("log/statements/000", "kim", "log show log"),
    ("log/tile/0/000.p/COUNT", "kim", "status"),
    ("log/tile/entries/000.p/COUNT", "kim", "status"),
    ("recipes/app/recipe.toml", "north", "plan app"),
    ("recipes/app/zwieback.lock", "north", "plan app"),
    ("recipes/app/zwieback.lock", "north", "fetch app"),
    ("toolchains/shell/toolchain.toml", "north", "plan app"),
    ("toolchains/shell/zwieback.lock", "north", "plan app"),
    (".zwieback.toml", "north", "plan app"),
    (
        "../people/north/.config/zwieback/config.toml",
        "north",
        "plan app",
    ),
    (
        "../people/north/.local/share/zwieback/keys/default.key",
        "north",
        "key show",
    ),
    ("RUN/record.json", "north", "show app"),
    ("RUN/record.json", "north", "logs app"),
];

/// Numbers that look drawn and are the same on every machine (xorshift64*, Vigna 2016).
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(drawn).unwrap() % bound.max(1)
    }

    /// The bytes with one to four changes: bits, cuts, repetitions, and pieces that parsers stumble over.
    fn changed(&mut self, honest: &[u8]) -> Vec<u8> {
        const PIECES: [&[u8]; 14] = [
            b"\0",
            b"\xff\xfe",
            b"\x1b[2J",
            b"\"",
            b"{",
            b"[[[[[[[[",
            b"-1",
            b"99999999999999999999",
            b"\r\n",
            b"../../../../etc/passwd",
            b"\xe2\x80\xae",
            b"1e400",
            b"#",
            b"=",
        ];
        let mut bytes = honest.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            let end = at + self.below(bytes.len() - at);
            match self.below(7) {
                0 | 1 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
                2 => drop(bytes.drain(at..end)),
                3 => bytes.truncate(at),
                4 => {
                    let piece = bytes[at..end].to_vec();
                    bytes.splice(at..at, piece);
                }
                5 => bytes.clear(),
                _ => drop(bytes.splice(at..at, PIECES[self.below(PIECES.len())].iter().copied())),
            }
        }
        bytes
    }
}

/// Builders, a log with a build in it, a gate, and the bundle in a second form.
fn founded() -> World {
    let world = World::new(site!(), Larder::Empty);
    let mirror = company::sources(&world);
    company::found(&world, mirror.root());
    company::stock_builders(&world, site!(), Larder::Shell);
    company::put_in_force(&world);
    company::build(&world, "one", "1.0");
    world.write("project/.zwieback.toml", "[build]\nprofile = \"strict\"\n");
    let lines = "zwieback bundle lines one/app-1.0.sigstore.json > app.intoto.jsonl";
    company::said(&world, "kim", lines);
    world
}

/// Runs a command to its end; one that takes longer than any honest one may is killed, and fails the test.
fn ended(world: &World, person: &str, line: &str) -> Option<Outcome> {
    let mut command = world.command_of(person, "zwieback");
    command.args(line.split(' '));
    let (out, err) = (world.path("said.out"), world.path("said.err"));
    command
        .stdout(fs::File::create(&out).unwrap())
        .stderr(fs::File::create(&err).unwrap());
    let mut child = command.stdin(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if begun.elapsed() > LONGEST => {
                child.kill().unwrap();
                child.wait().unwrap();
                return None;
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let read = |path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    let (stdout, stderr) = (read(out), read(err));
    Some(Outcome {
        code: status.code(),
        stdout,
        stderr,
    })
}

/// The name of a file whose folder or name depends on the run.
fn found(world: &World, file: &str) -> std::path::PathBuf {
    if let Some(name) = file.strip_prefix("RUN/") {
        let runs = company::home(world, "north").join(".local/state/zwieback/runs");
        let mut runs: Vec<_> = fs::read_dir(runs)
            .unwrap()
            .map(|run| run.unwrap().path())
            .collect();
        runs.retain(|run| run.join(name).exists());
        return runs.first().expect("a run was kept").join(name);
    }
    if let Some(folder) = file.strip_suffix("/COUNT") {
        let folder = world.project().join(folder);
        let mut tiles: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|tile| tile.unwrap().path())
            .collect();
        tiles.sort();
        return tiles.pop().expect("a partial tile is there");
    }
    world.project().join(file)
}

#[test]
fn a_thousand_changed_files_end_well() {
    let world = founded();
    let gate = fs::read_to_string(world.project().join("gate.toml")).unwrap();
    let key = gate
        .split("signed-by = \"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let mut drawn = Drawn(0x5EED_0F2A_11CE_u64);
    let mut wrong = Vec::new();
    let mut refused = 0;
    for (file, person, line) in READERS {
        let line = line.replace("KEY", key);
        let path = found(&world, file);
        let honest = fs::read(&path).unwrap();
        let as_it_was = ended(&world, person, &line).expect("an honest file is read in time");
        assert_ne!(as_it_was.code, Some(2), "{line}: {as_it_was}");
        for round in 0..ROUNDS {
            let changed = drawn.changed(&honest);
            fs::write(&path, &changed).unwrap();
            let problem = match ended(&world, person, &line) {
                None => Some(format!("took longer than {LONGEST:?}")),
                Some(outcome) => {
                    refused += usize::from(outcome.code != Some(0));
                    let is_told = outcome.code.is_some_and(|code| DOCUMENTED.contains(&code));
                    let fell =
                        outcome.stderr.contains("panicked") || outcome.stderr.contains("\x1b[2J");
                    (!is_told || fell).then(|| outcome.to_string())
                }
            };
            if let Some(problem) = problem {
                let kept = world.path(&format!("changed-{}-{round}", wrong.len()));
                fs::write(kept, &changed).unwrap();
                let shown = String::from_utf8_lossy(&changed).escape_debug().to_string();
                let shown: String = shown.chars().take(4000).collect();
                wrong.push(format!(
                    "{person}$ zwieback {line}   ({file}, round {round})\n{problem}\n{shown}"
                ));
            }
        }
        fs::write(&path, honest).unwrap();
    }
    assert!(
        wrong.is_empty(),
        "{} fell over:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
    assert!(
        refused > 700,
        "only {refused} were refused: the files are not read"
    );
}
