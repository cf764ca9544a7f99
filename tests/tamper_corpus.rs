//! docs/tamper-corpus.md says what is true: its tests exist, and each names the reason of its row.

use std::collections::BTreeMap;
use std::fs;

use zwieback_core::attest::reason::Reason;
use zwieback_test_world::site;

/// One row: its verdict, and the file and the name of its test.
struct Row {
    verdict: String,
    file: String,
    test: String,
}

fn rows() -> Vec<Row> {
    let text =
        fs::read_to_string(site!().file("docs/tamper-corpus.md")).expect("the page is there");
    let rows = text
        .lines()
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1);
    let read = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [_, verdict, test] = cells[..] else {
            panic!("three cells are expected: {line}");
        };
        let (file, test) = test.split_once(": ").expect("a file and a test");
        let plain = |text: &str| text.trim_matches('`').to_owned();
        Row {
            verdict: verdict.to_owned(),
            file: plain(file),
            test: plain(test),
        }
    };
    rows.map(read).collect()
}

/// The source of one test, from its name to the end of its body.
fn body<'t>(source: &'t str, row: &Row) -> &'t str {
    let start = source.find(&format!("fn {}(", row.test));
    let start = start.unwrap_or_else(|| panic!("{}: no test {}", row.file, row.test));
    let rest = &source[start..];
    let end = rest.find("\n}\n").or_else(|| rest.find("\n    }\n"));
    &rest[..end.unwrap_or(rest.len())]
}

#[test]
fn every_row_has_its_test_and_its_reason() {
    let names: BTreeMap<&str, String> = Reason::ALL
        .iter()
        .map(|reason| (reason.code(), format!("{reason:?}")))
        .collect();
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
