//! Attempts that must fail: one recipe for each area, many attempts in each.

use std::fs;

use crate::host::Host;
use crate::trial::{Trial, say};

/// Trials of this kind.
pub(crate) const TRIALS: &[Trial] = &[
    ("corpus_network", |host| {
        attempts(host, "network", include_str!("network.c"), 80);
    }),
    ("corpus_namespaces", |host| {
        attempts(host, "namespaces", include_str!("namespaces.c"), 70);
    }),
    ("corpus_kernel", |host| {
        attempts(host, "kernel", include_str!("kernel.c"), 67);
    }),
    ("corpus_breakout", |host| {
        attempts(host, "breakout", include_str!("breakout.c"), 80);
    }),
    ("corpus_terminal", |host| {
        // Twice: the second run looks for what the first one left.
        attempts(host, "terminal", include_str!("terminal.c"), 20);
        attempts(host, "terminal", include_str!("terminal.c"), 20);
    }),
    ("corpus_writes", |host| {
        attempts(host, "writes", include_str!("writes.c"), 50);
    }),
    ("corpus_keys", |host| {
        attempts(host, "keys", include_str!("keys.c"), 40);
    }),
    ("corpus_toolchain_belongs_to_the_step", owners),
];

/// A script that compiles a program of the corpus to `/build/probe`.
pub(crate) fn compile(host: &Host, program: &str) -> String {
    let files = [
        ("attempt.h", include_str!("attempt.h")),
        ("probe.c", program),
    ];
    let mut script = String::new();
    for (name, text) in files {
        script.push_str(&format!(
            "cat > {name} <<'END OF FILE'\n{text}END OF FILE\n"
        ));
    }
    let definitions = host.definitions();
    format!("{script}gcc -w -O1 {definitions} -o probe probe.c\n")
}

/// Writes a recipe for the C toolchain with one step.
pub(crate) fn recipe(host: &Host, name: &str, script: &str, more: &str) {
    let text = format!(
        "[recipe]\nname = \"{name}\"\nversion = \"1\"\ntoolchains = [\"c\"]\n\n\
         [[steps]]\nname = \"attempt\"\nrun = '''\n{script}\n'''\n{more}"
    );
    host.world
        .write(&format!("project/recipes/{name}/recipe.toml"), text);
}

/// Makes all attempts of an area, of which there are at least `least`.
fn attempts(host: &Host, area: &str, program: &str, least: usize) {
    let script = compile(host, program) + "./probe > $OUT/report\n";
    recipe(host, area, &script, "");
    let built = host.build(area).expect(0, &[]);
    let report = fs::read(format!("{}/report", built.line())).unwrap();
    let report = String::from_utf8_lossy(&report).into_owned();
    let lines = |start: &str| -> Vec<&str> {
        report
            .lines()
            .filter(|line| line.starts_with(start))
            .collect()
    };
    let (held, broken) = (lines("held ").len(), lines("BROKEN "));
    assert!(broken.is_empty(), "{area}: {broken:#?}");
    let made = format!("made {held} attempts");
    assert_eq!(report.lines().last(), Some(made.as_str()), "{report}");
    assert!(held >= least, "only {held} attempts in {area}");
    say(&format!("  {area}: {held} attempts, all refused"));
}

/// The same for root and for anybody, or `tar` would give other bytes.
fn owners(host: &Host) {
    let script = "stat -c %u:%g /usr/bin/true /usr/bin /etc/passwd /build /out > $OUT/owners";
    recipe(host, "owners", script, "");
    let built = host.build("owners").expect(0, &[]);
    let owners = fs::read_to_string(format!("{}/owners", built.line())).unwrap();
    assert_eq!(owners, "1000:1000\n".repeat(5));
}
