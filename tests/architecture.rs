//! The rules of runner/README.md that the compiler does not hold: layers, unsafe, sizes, names.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use zwieback_test_world::site;

/// Each crate and what of the workspace it may use. The root package holds `pipeline` and `cli`.
const LAYERS: [(&str, &[&str]); 7] = [
    ("core", &[]),
    ("sandbox", &["core"]),
    ("explain", &["core"]),
    ("host", &["core", "explain", "sandbox"]),
    ("trust", &["core", "host"]),
    ("pipeline", &["core", "explain", "sandbox", "host", "trust"]),
    (
        "cli",
        &["core", "explain", "sandbox", "host", "trust", "pipeline"],
    ),
];

const LONGEST_FILE: usize = 500;

/// Words that say nothing about what a file holds.
const VAGUE: [&str; 7] = [
    "util", "utils", "helper", "helpers", "common", "misc", "manager",
];

/// Where the environment may be read: named in one file each for switches and for folders.
const READS_ENVIRONMENT: [&str; 2] = ["runner/cli/env.rs", "runner/host/dirs.rs"];

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
        } else if path.extension().is_some_and(|it| it == "rs") {
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
fn core_never_touches_the_world() {
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
        file.starts_with("runner/core/") && world.iter().any(|name| line.contains(name))
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
fn the_environment_is_read_in_two_files() {
    let bad = breaking(|file, line| {
        let reads = ["env::var", "env::vars", "env::var_os", "env::vars_os"];
        !READS_ENVIRONMENT.contains(&file) && reads.iter().any(|read| line.contains(read))
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
