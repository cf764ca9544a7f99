//! What a search costs: little for what people keep, and never more than its budget for what was made to cost.

use std::fs;
use std::path::Path;

use super::filter::Filter;
use super::scan::Scan;
use super::search_budget::{STEPS_AT_MOST, STEPS_OF_A_BYTE, SearchBudget, SearchEnd};
use crate::base64::encode;

/// What one rule may look at after the last step that was left.
const LAST: u64 = 256 << 10;

/// Steps for a search of whatever size, in these tests.
const FEW: u64 = 1 << 20;

/// Steps for each byte of a text, in hundredths.
fn cost(name: &str, bytes: &[u8]) -> u64 {
    let budget = SearchBudget::default();
    Scan::of(Filter::shared(), name, bytes, &budget);
    assert_eq!(budget.end(), None, "{name}");
    budget.steps() * 100 / bytes.len() as u64
}

/// An ordinary text takes only a part of what a text may.
fn assert_far(name: &str, part: u64, bytes: &[u8]) {
    let cost = cost(name, bytes);
    println!("{name}: {cost} hundredths of a step for each byte");
    assert!(cost * part <= STEPS_OF_A_BYTE * 100, "{name}: {cost}");
}

fn repeated(text: &str, bytes: usize) -> Vec<u8> {
    text.as_bytes()
        .iter()
        .copied()
        .cycle()
        .take(bytes)
        .collect()
}

#[test]
fn what_was_made_to_cost_ends_with_its_budget() {
    let key = encode(b"-----BEGIN PRIVATE KEY-----");
    let crafted = [
        "password=".to_owned(),
        "pwd=".to_owned(),
        "pwd=a1B2c3D4e5F6g7xxxx".to_owned(),
        "LS0tLS1CRUdJTiB".to_owned(),
        key,
        "-----BEGIN PRIVATE KEY-----a-a-a".to_owned(),
        "PuTTY-User-Key-File-".to_owned(),
        "{\"kty".to_owned(),
        "\"kty".to_owned(),
        "-eyJ".to_owned(),
        "kind: Secret\n".to_owned(),
        "machine a login b ".to_owned(),
        "_authToken=".to_owned(),
        "p\0w\0d\0=\0".to_owned(),
    ];
    for text in crafted {
        let bytes = repeated(&text, 256 << 10);
        let budget = SearchBudget::default().at_least(FEW);
        Scan::of(Filter::shared(), "file", &bytes, &budget);
        let most = FEW + STEPS_OF_A_BYTE * bytes.len() as u64 + LAST;
        assert!(budget.steps() <= most, "{text:?}: {}", budget.steps());
    }
}

#[test]
fn a_search_of_any_size_ends() {
    let budget = SearchBudget::default();
    budget.search(usize::MAX / 2);
    budget.spend(usize::try_from(STEPS_AT_MOST).unwrap());
    assert_eq!(budget.end(), None);
    budget.spend(1);
    assert_eq!(budget.end(), Some(SearchEnd::Steps));
    // What is searched afterwards gives nothing back.
    budget.search(usize::MAX / 4);
    assert_eq!(budget.end(), Some(SearchEnd::Steps));
}

#[test]
fn one_body_of_a_key_is_read_once() {
    // Each of the runs asked for the end of its line, which is far away.
    let text = format!("-----BEGIN PRIVATE KEY-----\n{}", "a-".repeat(8000));
    let budget = SearchBudget::default();
    Scan::of(Filter::shared(), "file", text.as_bytes(), &budget);
    assert!(
        budget.steps() < 100 * text.len() as u64,
        "{}",
        budget.steps()
    );
}

#[test]
fn ordinary_files_are_far_from_the_budget() {
    let program = fs::read(std::env::current_exe().unwrap()).unwrap();
    assert_far("a program", 200, &program[..program.len().min(8 << 20)]);
    let mut sources = Vec::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(".."),
        &mut sources,
    );
    assert!(sources.len() > 1 << 20);
    assert_far("a tree of sources", 200, &sources);
    let settings = "    password = os.environ[\"APP_PASSWORD\"]  # never a literal\n\
         const token = await getToken(session.accessToken, { secret: config.secret });\n";
    assert_far("lines with passwords", 8, &repeated(settings, 4 << 20));
    assert_far("passwords only", 8, &repeated("password = \"\"\n", 4 << 20));
    let minified = "function t(e,n){var r=e.token||n.token;return e.headers[\"x-csrf-token\"]=r,\
         fetch(\"https://\"+e.host+\"/api\",{password:e.password,auth:!0})}";
    assert_far("a minified script", 8, &repeated(minified, 4 << 20));
    let prose = format!(
        "{}{settings}",
        "A line of words that say something about it.\n".repeat(8)
    );
    let wide: Vec<u8> = prose.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_far("UTF-16", 4, &wide.repeat(1000));
}

fn collect(folder: &Path, into: &mut Vec<u8>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.extend(fs::read(path).unwrap());
        }
    }
}
