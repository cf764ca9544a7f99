//! The table of `docs/factors.md`, made from the profiles themselves.
//!
//! Run the tests with `ZWIEBACK_BLESS=1` to write it.

use std::fmt::Write as _;
use std::path::Path;

use super::choice::Choice;
use super::factor::{Factor, FactorState};
use super::test_machine::machine;
use super::varied::Variation;
use crate::variation::profile::Profile;

const BEGIN: &str = "| factor | hermetic | strict |\n|---|---|---|\n";
const END: &str = "\n## States";

#[test]
fn the_documented_table_is_this() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/factors.md");
    let text = std::fs::read_to_string(&file).unwrap();
    let (head, rest) = text.split_once(BEGIN).unwrap();
    let (table, tail) = rest.split_once(END).unwrap();
    let expected = table_of_factors();
    if std::env::var_os("ZWIEBACK_BLESS").is_some() {
        let written = format!("{head}{BEGIN}{expected}{END}{tail}");
        return std::fs::write(&file, written).unwrap();
    }
    assert_eq!(table, expected, "ZWIEBACK_BLESS=1 writes it anew");
}

/// A factor that can be said to be varied has a row that tells what is looked at.
#[test]
fn every_probe_is_documented() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/factors.md");
    let text = std::fs::read_to_string(&file).unwrap();
    let (_, probes) = text.split_once("\n## Probes\n").unwrap();
    let rows = probes.lines().filter(|line| line.starts_with("| `"));
    let factors: Vec<_> = rows.map(|row| row.split('|').nth(1).unwrap()).collect();
    let variation = Variation::plan(Profile::Strict, &Choice::default(), &machine(), 1 << 30);
    for factor in Factor::ALL {
        let name = format!("`{factor}`");
        let has_row = factors.iter().any(|row| row.contains(&name));
        assert_eq!(has_row, variation.claim(factor).is_ok(), "{factor}");
    }
}

/// As a machine with two CPUs and every mechanism has it.
fn table_of_factors() -> String {
    let states = |profile| {
        let variation = Variation::plan(profile, &Choice::default(), &machine(), 1 << 30);
        variation.states()
    };
    let (hermetic, strict) = (states(Profile::Hermetic), states(Profile::Strict));
    let mut text = String::new();
    for factor in Factor::ALL {
        let cells = [&hermetic[&factor], &strict[&factor]].map(cell);
        let [hermetic, strict] = &cells;
        let strict = if hermetic == strict { "same" } else { strict };
        writeln!(text, "| `{factor}` | {hermetic} | {strict} |").unwrap();
    }
    text
}

fn cell(state: &FactorState) -> String {
    match state.detail() {
        Some(detail) => format!("{}: {detail}", state.word()),
        None => state.word().to_owned(),
    }
}
