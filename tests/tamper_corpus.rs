//! docs/tamper-corpus.md says what is true: its tests exist, and each names the reason of its row.

use std::collections::BTreeMap;
use std::fs;

use zwieback_attest::reason::Reason;
use zwieback_test_world::site;
use zwieback_trust::reason as release;

/// One row of a table: its verdict, and the file and the name of its test.
struct Row {
    verdict: String,
    file: String,
    test: String,
}

/// The rows of both tables; the second one begins with the number of a way in.
fn rows() -> Vec<Row> {
    let text =
        fs::read_to_string(site!().file("docs/tamper-corpus.md")).expect("the page is there");
    let mut rows = Vec::new();
    let mut is_head = true;
    for line in text.lines() {
        match line.strip_prefix('|') {
            Some(rule) if rule.starts_with("---") => is_head = false,
            Some(_) if !is_head => rows.push(row(line)),
            Some(_) => {}
            None => is_head = true,
        }
    }
    rows
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let ([_, verdict, test] | [_, _, verdict, test]) = cells[..] else {
        panic!("three cells, or a number and three cells, are expected: {line}");
    };
    let (file, test) = test.split_once(": ").expect("a file and a test");
    let plain = |text: &str| text.trim_matches('`').to_owned();
    Row {
        verdict: verdict.to_owned(),
        file: plain(file),
        test: plain(test),
    }
}

/// The code of one test, from its name to the end of its body: a name in a comment shows nothing.
fn body(source: &str, row: &Row) -> String {
    let start = source.find(&format!("fn {}(", row.test));
    let start = start.unwrap_or_else(|| panic!("{}: no test {}", row.file, row.test));
    let rest = &source[start..];
    let end = rest.find("\n}\n").or_else(|| rest.find("\n    }\n"));
    let lines = rest[..end.unwrap_or(rest.len())].lines();
    let code: Vec<&str> = lines
        .map(|line| line.split("//").next().unwrap_or(line))
        .collect();
    code.join("\n")
}

/// The codes of every reason, of evidence and of releases, with their names in the code.
fn names() -> BTreeMap<&'static str, String> {
    let evidence = Reason::ALL.iter();
    let evidence = evidence.map(|reason| (reason.code(), format!("{reason:?}")));
    let releases = release::Reason::ALL.iter();
    let releases = releases.map(|reason| (reason.code(), format!("{reason:?}")));
    evidence.chain(releases).collect()
}

/// Ways in that were found, and the numbers of those that belong to the sandbox and to the runs' conditions.
const FOUND: std::ops::RangeInclusive<u32> = 1..=33;
const ELSEWHERE: [u32; 4] = [22, 24, 25, 28];

#[test]
fn every_way_in_that_was_found_has_a_row() {
    let text =
        fs::read_to_string(site!().file("docs/tamper-corpus.md")).expect("the page is there");
    let numbered = |number: &u32| {
        text.lines()
            .any(|line| line.starts_with(&format!("| {number} |")))
    };
    let mut missing: Vec<u32> = FOUND.filter(|number| !numbered(number)).collect();
    missing.retain(|number| !ELSEWHERE.contains(number));
    assert_eq!(missing, Vec::<u32>::new());
}

#[test]
fn every_row_has_its_test_and_its_reason() {
    let names = names();
    let rows = rows();
    assert!(rows.len() > 60, "{} rows", rows.len());
    for row in &rows {
        let path = site!().file("runner").join(&row.file);
        let source = fs::read_to_string(&path).expect("the file of the test is there");
        let test = body(&source, row);
        let Some(code) = row
            .verdict
            .strip_prefix('`')
            .and_then(|it| it.strip_suffix('`'))
        else {
            continue;
        };
        let name = names.get(code);
        let name = name.unwrap_or_else(|| panic!("no reason has the code {code}"));
        let is_named = test.contains(&format!("Reason::{name}")) || test.contains(code);
        assert!(is_named, "{}: {} does not name {code}", row.file, row.test);
    }
}
