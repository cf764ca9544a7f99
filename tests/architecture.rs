//! The rules of runner/README.md that the compiler does not hold: layers, unsafe, sizes, names.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

use zwieback_test_world::site;

/// Each crate and what of the workspace it may use. The root package holds `pipeline` and `cli`.
const LAYERS: [(&str, &[&str]); 8] = [
    ("model", &[]),
    ("attest", &["model"]),
    ("sandbox", &["model"]),
    ("explain", &["model"]),
    ("host", &["model", "attest", "explain", "sandbox"]),
    ("trust", &["model", "attest", "sandbox", "host"]),
    (
        "pipeline",
        &["model", "attest", "explain", "sandbox", "host", "trust"],
    ),
    ("cli", &["model", "pipeline"]),
];

const LONGEST_FILE: usize = 500;

/// Words that say nothing about what a file holds.
const VAGUE: [&str; 7] = [
    "util", "utils", "helper", "helpers", "common", "misc", "manager",
];

/// Where the environment may be read: one file each for switches, for folders, and for what programs inherit.
const READS_ENVIRONMENT: [&str; 3] = [
    "runner/cli/env.rs",
    "runner/host/dirs.rs",
    "runner/host/launch/environment.rs",
];

/// Where a program may be started: the launcher for those of others, with what limits them, and one place for
/// this one itself.
const STARTS_PROGRAMS: [&str; 4] = [
    "runner/sandbox/child_memory.rs",
    "runner/host/launch/running.rs",
    "runner/host/launch/launched.rs",
    "runner/host/rego.rs",
];

/// Where a file may be opened by its name without `host/fs/given_file.rs`, and why.
const OPENS_BY_NAME: [(&str, &str); 4] = [
    ("runner/host/fs/given_file.rs", "it is the reader"),
    ("runner/host/clock.rs", "a file of the kernel"),
    ("runner/host/machine.rs", "files of the kernel"),
    (
        "runner/host/ecosystem/cargo.rs",
        "in a scratch folder of ours",
    ),
];

/// Where a file may be written by its name without `host/fs/replace.rs` and `host/fs/private.rs`, which follow
/// no link, and why.
const WRITES_BY_NAME: [(&str, &str); 7] = [
    (
        "runner/host/fetch/part.rs",
        "in a folder of the user's cache",
    ),
    (
        "runner/host/deb/apt_state.rs",
        "in a folder of the user's cache",
    ),
    (
        "runner/host/ecosystem/cargo.rs",
        "in a scratch folder of ours",
    ),
    (
        "runner/host/worktree/index.rs",
        "in a scratch folder of ours",
    ),
    ("runner/sandbox/cgroup/group.rs", "files of the kernel"),
    (
        "runner/sandbox/probe/diagnosis.rs",
        "in a folder of its own",
    ),
    ("runner/sandbox/look/folder.rs", "in a folder of its own"),
];

fn sources() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    collect(&site!().file("runner"), &mut found);
    assert!(found.len() > 100, "{} files", found.len());
    found
}

fn collect(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(site!().checkout).unwrap();
            found.insert(
                name.display().to_string(),
                fs::read_to_string(&path).unwrap(),
            );
        }
    }
}

/// The lines of a file that are code of the program: no comments, no tests.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let program = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    let lines = program.lines().map(str::trim_start);
    lines.filter(|line| !line.starts_with("//"))
}

fn is_test(file: &str, sources: &BTreeMap<String, String>) -> bool {
    let (folder, name) = file.rsplit_once('/').unwrap();
    let module = name.trim_end_matches(".rs");
    let parent = sources.get(&format!("{folder}/mod.rs"));
    let declared = format!("#[cfg(test)]\nmod {module};");
    let for_tests = parent.is_some_and(|text| text.contains(&declared));
    for_tests
        || ["/tests/", "/benches/", "_tests.rs"]
            .iter()
            .any(|part| file.contains(part))
}

/// All files for which a line of code breaks a rule, with the line.
fn breaking(breaks: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    let sources = sources();
    for (file, text) in sources.iter().filter(|(file, _)| !is_test(file, &sources)) {
        let lines = code(text).filter(|line| breaks(file, line));
        found.extend(lines.map(|line| format!("{file}: {line}")));
    }
    found
}

fn layer_of(file: &str) -> Option<&'static (&'static str, &'static [&'static str])> {
    LAYERS
        .iter()
        .find(|(layer, _)| file.starts_with(&format!("runner/{layer}/")))
}

#[test]
fn layers_use_only_what_is_below_them() {
    let bad = breaking(|file, line| {
        let Some((own, below)) = layer_of(file) else {
            return false;
        };
        LAYERS.iter().any(|(layer, _)| {
            let names = [format!("zwieback_{layer}::"), format!("crate::{layer}::")];
            let is_other = layer != own && names.iter().any(|name| line.contains(name));
            is_other && !below.contains(layer) && has_crate(own) | line.contains("zwieback_")
        })
    });
    assert_eq!(bad, Vec::<String>::new());
}

#[test]
fn the_command_line_uses_pipeline_and_model_alone() {
    let (cli, below) = LAYERS[LAYERS.len() - 1];
    assert_eq!((cli, below), ("cli", &["model", "pipeline"][..]));
    let bad = breaking(|file, line| {
        let mut others = LAYERS.iter().filter(|(layer, _)| !below.contains(layer));
        let uses = others.any(|(layer, _)| line.contains(&format!("zwieback_{layer}")));
        uses && file.starts_with("runner/cli/")
    });
    assert_eq!(bad, Vec::<String>::new());
}

/// In the root package `crate::cli` is a layer; in another one it may be any module.
fn has_crate(layer: &str) -> bool {
    ["pipeline", "cli"].contains(&layer)
}

#[test]
fn crates_depend_only_on_what_is_below_them() {
    for (layer, below) in LAYERS {
        let manifest: PathBuf = site!().file("runner").join(layer).join("Cargo.toml");
        let Ok(manifest) = fs::read_to_string(manifest) else {
            continue;
        };
        let dependencies = manifest.split("[dev-dependencies]").next().unwrap();
        for (other, _) in LAYERS {
            let named = dependencies
                .lines()
                .any(|line| line.starts_with(&format!("zwieback-{other}")));
            assert!(
                !named || below.contains(&other),
                "{layer} depends on {other}"
            );
        }
    }
}

#[test]
fn model_and_attest_never_touch_the_world() {
    let world = [
        "std::fs",
        "std::net",
        "std::process",
        "std::env",
        "std::thread",
        "std::time",
        "std::io::std",
        "SystemTime",
        "Instant::now",
        "getrandom",
        "HashMap",
        "HashSet",
        "rustix",
        "libc::",
        "nix::",
    ];
    let bad = breaking(|file, line| {
        let is_pure = file.starts_with("runner/model/") || file.starts_with("runner/attest/");
        is_pure && world.iter().any(|name| line.contains(name))
    });
    assert_eq!(bad, Vec::<String>::new());
}

#[test]
fn unsafe_is_in_the_sandbox_alone() {
    let bad = breaking(|file, line| {
        let is_unsafe = line.contains("unsafe ")
            || line.contains("allow(unsafe_code)")
            || line.contains("expect(unsafe_code");
        is_unsafe && !file.starts_with("runner/sandbox/") && !line.contains('"')
    });
    assert_eq!(bad, Vec::<String>::new());
}

/// A log is read through `LogDir::believe` alone, which holds it against the one memory; and what is
/// remembered lies where `pipeline/gate/log_memory.rs` says. A command waits for a lock where the clock is read anew.
#[test]
fn a_log_has_one_door_and_one_memory() {
    let doors = [
        (
            ".believe(",
            &["runner/trust/", "runner/pipeline/log/session.rs"][..],
        ),
        (
            "believe_own(",
            &["runner/trust/log/", "runner/pipeline/log/"][..],
        ),
        (
            "Memory::new(",
            &[
                "runner/trust/log/",
                "runner/pipeline/gate/log_memory.rs",
                "runner/pipeline/gate/gate_memory.rs",
                "runner/pipeline/log/session.rs",
            ][..],
        ),
        (
            "log.lock()",
            &["runner/trust/command/session.rs", "runner/trust/log/"][..],
        ),
        (
            "target.lock()",
            &["runner/trust/command/session.rs", "runner/trust/deploy/"][..],
        ),
    ];
    let bad = breaking(|file, line| {
        doors.iter().any(|(door, places)| {
            line.contains(door) && !places.iter().any(|place| file.starts_with(place))
        })
    });
    assert_eq!(bad, Vec::<String>::new());
    // What a log's folder holds is nobody's outside of that room, before it was believed.
    let raw = [
        "note(",
        "digests(",
        "bodies(",
        "bundle(&self, index",
        "bundles(",
    ];
    let bad = breaking(|file, line| {
        let is_raw = raw
            .iter()
            .any(|name| line.contains(&format!("pub fn {name}")));
        let room = file.starts_with("runner/trust/log/");
        room && is_raw && file != "runner/trust/log/believed.rs"
    });
    assert_eq!(bad, Vec::<String>::new());
}

#[test]
fn files_are_short_and_begin_with_what_they_hold() {
    for (file, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= LONGEST_FILE, "{file} has {lines} lines");
        assert!(
            text.starts_with("//! "),
            "{file} does not say what it holds"
        );
    }
}

#[test]
fn names_say_something() {
    for file in sources().keys() {
        let vague = file
            .split(['/', '_', '.'])
            .find(|word| VAGUE.contains(word));
        assert_eq!(vague, None, "{file}");
    }
}

#[test]
fn modules_of_modules_hold_no_logic() {
    for (file, text) in sources()
        .iter()
        .filter(|(file, _)| file.ends_with("/mod.rs"))
    {
        let logic = code(text).find(|line| {
            let is_plain =
                line.is_empty() || line.starts_with("pub mod ") || line.starts_with("mod ");
            !is_plain
                && !line.starts_with("pub(crate) mod ")
                && !line.starts_with("pub(super) mod ")
                && !line.starts_with("#[")
        });
        assert_eq!(logic, None, "{file}");
    }
}

#[test]
fn the_environment_is_read_in_three_files() {
    let bad = breaking(|file, line| {
        let reads = ["env::var", "env::vars", "env::var_os", "env::vars_os"];
        !READS_ENVIRONMENT.contains(&file) && reads.iter().any(|read| line.contains(read))
    });
    assert_eq!(bad, Vec::<String>::new());
}

/// Invariant 11: no program starts under the influence of a folder that is not ours.
#[test]
fn programs_start_in_one_place() {
    let starts = [
        "process::Command",
        "posix_spawn",
        "execv(",
        "execve(",
        "execveat(",
    ];
    let bad = breaking(|file, line| {
        // Inside the sandbox a step and its probe are started, and nothing of the host is left to be reached.
        let is_inside = ["runner/sandbox/init/", "runner/sandbox/look/"];
        let is_listed = STARTS_PROGRAMS.contains(&file)
            || is_inside.iter().any(|folder| file.starts_with(folder));
        !is_listed && starts.iter().any(|start| line.contains(start))
    });
    assert_eq!(bad, Vec::<String>::new());
    // A type that is imported in a list is used by its short name.
    let bad = breaking(|file, line| {
        let imported = line.starts_with("use std::process::") && line.contains("Command");
        imported && !STARTS_PROGRAMS.contains(&file)
    });
    assert_eq!(bad, Vec::<String>::new());
}

#[test]
fn files_are_read_by_name_in_one_place() {
    let rooms = ["host", "trust", "pipeline", "cli"];
    let reads = [
        "fs::read(",
        "fs::read_to_string(",
        " File::open(",
        "(File::open(",
    ];
    let bad = breaking(|file, line| {
        let is_room = rooms
            .iter()
            .any(|room| file.starts_with(&format!("runner/{room}/")));
        let may = OPENS_BY_NAME.iter().any(|(allowed, _)| file == *allowed);
        let line = format!(" {line}").replace("fs::File::", "File::");
        is_room && !may && reads.iter().any(|read| line.contains(read))
    });
    assert_eq!(bad, Vec::<String>::new());
}

#[test]
fn files_are_written_by_name_in_one_place() {
    let bad = breaking(|file, line| {
        let may = WRITES_BY_NAME.iter().any(|(allowed, _)| file == *allowed);
        !may && ["fs::write(", "File::create("]
            .iter()
            .any(|way| line.contains(way))
    });
    assert_eq!(bad, Vec::<String>::new());
}

/// What is printed by another way could hold a stranger's escape sequences.
#[test]
fn what_is_printed_passes_one_place() {
    let bad = breaking(|file, line| {
        let ways = ["io::stdout()", "io::stderr()", "println!", "print!("];
        let is_ours = file.starts_with("runner/cli/") || file.starts_with("runner/pipeline/");
        let asks = line.contains("is_terminal()");
        let prints = ways.iter().any(|way| line.contains(way)) && !asks;
        is_ours && file != "runner/cli/screen/terminal.rs" && prints
    });
    assert_eq!(bad, Vec::<String>::new());
}

#[test]
fn exit_codes_stand_in_one_file() {
    let bad = breaking(|file, line| {
        let exits = line.contains("process::exit(") || line.contains("ExitCode::from(");
        // Inside the sandbox a process ends with the code of a step, which is no code of ours.
        exits && file != "runner/cli/exit.rs" && !file.starts_with("runner/sandbox/")
    });
    assert_eq!(bad, Vec::<String>::new());
}

#[test]
fn lints_are_expected_with_a_reason_never_allowed() {
    let bad = breaking(|_, line| line.starts_with("#[allow(") || line.starts_with("#![allow("));
    assert_eq!(bad, Vec::<String>::new());
}

#[test]
fn no_two_files_need_each_other() {
    let needs = needs();
    let arrows: usize = needs.values().map(BTreeSet::len).sum();
    assert!(arrows > 1000, "{arrows} imports between files");
    let circles: BTreeSet<String> = needs.keys().filter_map(|it| circle(it, &needs)).collect();
    let circles: Vec<String> = circles.into_iter().collect();
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

/// By file: the files of the same crate that its program names.
fn needs() -> BTreeMap<String, BTreeSet<String>> {
    let sources = sources();
    let of = |file: &str, text: &str| {
        let program: Vec<&str> = code(text).collect();
        let program = program.join("\n");
        let tokens = tokens(&program);
        let needed = paths(&tokens).into_iter();
        let needed = needed.filter_map(|path| named(&path, file, &sources));
        needed.filter(|needed| needed != file).collect()
    };
    let files = sources.iter().filter(|(file, _)| !is_test(file, &sources));
    files
        .map(|(file, text)| (file.clone(), of(file, text)))
        .collect()
}

/// Words, `::` and single characters; what is between them is left out.
fn tokens(code: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        let length = match word.unwrap_or(rest.len()) {
            0 if rest.starts_with("::") => 2,
            0 => first.len_utf8(),
            word => word,
        };
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    tokens
}

/// All paths that begin at the crate or above the file, trees of imports taken apart.
fn paths<'t>(tokens: &[&'t str]) -> Vec<Vec<&'t str>> {
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let begins =
            ["crate", "super"].contains(&tokens[at]) && (at == 0 || tokens[at - 1] != "::");
        if begins && tokens.get(at + 1) == Some(&"::") {
            take_path(tokens, at, &[], &mut found);
        }
    }
    found
}

/// Takes the path, or the tree of paths, that begins there; answers where it ends.
fn take_path<'t>(
    tokens: &[&'t str],
    mut at: usize,
    above: &[&'t str],
    found: &mut Vec<Vec<&'t str>>,
) -> usize {
    let mut path = above.to_vec();
    loop {
        if tokens[at] == "{" {
            at += 1;
            while tokens[at] != "}" {
                at = take_path(tokens, at, &path, found);
                // An import may get another name; a list goes on after a comma.
                while !["}", ","].contains(&tokens[at]) {
                    at += 1;
                }
                at += usize::from(tokens[at] == ",");
            }
            return at + 1;
        }
        path.push(tokens[at]);
        at += 1;
        if tokens.get(at) != Some(&"::") {
            found.push(path);
            return at;
        }
        at += 1;
    }
}

/// The file that a path leads into, seen from another file of the same crate.
fn named(path: &[&str], from: &str, sources: &BTreeMap<String, String>) -> Option<String> {
    let module = from.trim_end_matches(".rs").trim_end_matches("/mod");
    let mut place = if path[0] == "crate" {
        crate_root(from)
    } else {
        module.to_owned()
    };
    let mut file = None;
    for word in path {
        match *word {
            "crate" => {}
            "super" => place.truncate(place.rfind('/')?),
            word => place = format!("{place}/{word}"),
        }
        let (own, folder) = (format!("{place}.rs"), format!("{place}/mod.rs"));
        if sources.contains_key(&own) {
            file = Some(own);
        } else if !["crate", "super"].contains(word) && !sources.contains_key(&folder) {
            break;
        }
    }
    file
}

/// The folder of a file's crate; the root package is what has no manifest of its own.
fn crate_root(file: &str) -> String {
    let room: Vec<&str> = file.split('/').take(2).collect();
    let room = room.join("/");
    let is_crate = site!().file(&room).join("Cargo.toml").exists();
    if is_crate { room } else { "runner".to_owned() }
}

/// The shortest way from a file back to itself, told from the first of its names.
fn circle(start: &str, needs: &BTreeMap<String, BTreeSet<String>>) -> Option<String> {
    let mut needed_by: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(file) = open.pop_front() {
        for needed in needs.get(file).into_iter().flatten() {
            if !needed_by.contains_key(needed.as_str()) {
                needed_by.insert(needed, file);
                open.push_back(needed);
            }
        }
    }
    let mut way = vec![start];
    let mut at = *needed_by.get(start)?;
    while at != start {
        way.push(at);
        at = needed_by[at];
    }
    way.reverse();
    let first = (0..way.len()).min_by_key(|at| way[*at])?;
    way.rotate_left(first);
    way.push(way[0]);
    Some(way.join(" -> "))
}

#[test]
fn imports_are_taken_apart() {
    let tokens =
        tokens("use crate::a::{self, b::C as D, e::{F, g}};\nfn x() { super::super::h::i(1) }");
    let paths: Vec<_> = paths(&tokens).iter().map(|path| path.join("::")).collect();
    let expected = [
        "crate::a::self",
        "crate::a::b::C",
        "crate::a::e::F",
        "crate::a::e::g",
        "super::super::h::i",
    ];
    assert_eq!(paths, expected);
}
