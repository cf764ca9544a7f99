//! The structure of the program by numbers, as `scripts/structure` counts them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use zwieback_test_world::site;

/// What the script says on the line that begins like this.
fn said(about: &str) -> String {
    let output = Command::new(site!().file("scripts/structure"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(about));
    line.unwrap_or_else(|| panic!("no {about:?} in {text}"))
        .trim()
        .to_owned()
}

fn number(about: &str) -> u32 {
    let said = said(about);
    said.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn the_pipeline_is_a_house_of_few_floors() {
    assert!(number("floors of pipeline:") <= 9);
}

/// Whoever compiles the sandbox compiles no Rego, no X.509 and no ring.
#[test]
fn the_sandbox_compiles_few_packages() {
    assert!(number("packages of the sandbox crate:") <= 50);
}

/// Folders that need each other are one folder.
#[test]
fn no_two_folders_need_each_other() {
    assert_eq!(said("folder circles:"), "0");
}
