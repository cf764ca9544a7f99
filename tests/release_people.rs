//! Policies give people other keys and other names, and everybody stays who they were.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use zwieback_test_world::company::{self, said};
use zwieback_test_world::larder::Larder;
use zwieback_test_world::site;
use zwieback_test_world::world::World;

#[test]
fn people_are_who_they_were_by_other_keys_and_other_names() {
    let world = World::new(site!(), Larder::Empty);
    let mirror = company::sources(&world);
    company::found_with(&world, mirror.root(), |policy| {
        with_builders(&world, &policy)
    });
    company::stock_builders(&world, site!(), Larder::Shell);
    company::put_in_force(&world);
    company::build(&world, "one", "1.0");
    said(
        &world,
        "kim",
        "zwieback attest authors app_1.0.tar --author ada",
    );
    let approve = |person: &str, key: &str, code: &str| {
        let line = format!("zwieback approve one/app --for staging --sign-key {key}");
        refused(&world, person, &line, (5, code));
    };
    // By the keys of before: who changed it, who built it, and who runs the other builder.
    approve("ada", "default", "self-approval");
    approve("north", "default", "builder-approves");
    approve("south", "second", "builder-approves");
    // Those who change the source have another key, and so has who built it; the operator has another name.
    next(
        &world,
        2,
        "/^ada /s/\\[.*\\]/[\"SECOND-ada\"]/; /^north /s/\\[.*\\]/[\"SECOND-north\"]/; \
                     s/^south /southern /; s/\"south\"/\"southern\"/",
    );
    approve("ada", "second", "self-approval");
    approve("north", "second", "builder-approves");
    approve("south", "second", "builder-approves");
    // Nobody is called so yet, whose authorship could be taken back ahead of that.
    let ahead = "zwieback attest authors app_1.0.tar --withdraw adah";
    refused(&world, "kim", ahead, (5, "authors-unknown"));
    next(
        &world,
        3,
        "s/^ada /adah /; s/\"ada\"/\"adah\"/; s/^north /northern /; s/\"north\"/\"northern\"/",
    );
    approve("ada", "second", "self-approval");
    approve("north", "second", "builder-approves");
    let promote = "zwieback promote one/app --to staging";
    refused(&world, "gate", promote, (5, "approvals-too-few"));
    said(&world, "cy", "zwieback approve one/app --for staging");
    said(&world, "gate", promote);
}

#[test]
fn who_changed_a_file_of_the_project_does_not_approve_it() {
    let world = World::new(site!(), Larder::Empty);
    let mirror = company::sources(&world);
    company::found(&world, mirror.root());
    company::stock_builders(&world, site!(), Larder::Shell);
    company::put_in_force(&world);
    let recipe = "[recipe]\nname = \"app\"\nversion = \"1.0\"\ntoolchains = [\"shell\"]\n\n\
                  [sources.app]\npath = \"src\"\n\n[[steps]]\nname = \"copy\"\nrun = 'cp app/app $OUT/'\n";
    world.write("project/recipes/app/recipe.toml", recipe);
    world.write("project/src/app", "echo the app\n");
    // Before there is a build, a word about a file is told to be about nothing so far.
    let early = "exec 2>&1; zwieback attest authors src/app --author ada";
    let heard = said(&world, "ada", early);
    assert!(
        heard.contains("no build in the log has used it so far"),
        "{heard}"
    );
    fs::remove_file(world.project().join("recipes/app/zwieback.lock")).unwrap();
    said(&world, "north", "zwieback lock app");
    company::build(&world, "one", "1.0");
    refused(
        &world,
        "ada",
        "zwieback approve one/app --for staging",
        (5, "self-approval"),
    );
    said(
        &world,
        "bo",
        "zwieback attest authors src/app --author bo --output bo.json",
    );
    said(&world, "gate", "zwieback submit bo.json");
    said(&world, "cy", "zwieback approve one/app --for staging");
    said(&world, "gate", "zwieback promote one/app --to staging");
    // What a toolchain is made of keeps nobody from approving, and so nothing is said about it.
    let package = said(
        &world,
        "cy",
        "zwieback trace one/app --format json | grep -o '\"role\":\"toolchain[^}]*' | \
         grep -o '\"sha256\":\"[0-9a-f]*' | head -n 1 | cut -d '\"' -f 4",
    );
    let line = format!(
        "zwieback attest authors {} --author ada",
        package.trim_end()
    );
    let mut shell = world.command_of("ada", "bash");
    let output = shell
        .args(["-c", &format!("exec 2>&1\n{line}")])
        .output()
        .unwrap();
    let heard = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{heard}");
    assert!(
        heard.contains("part of a toolchain") && heard.contains("zwieback trace"),
        "{heard}"
    );
}

/// North and whoever runs the builder south may approve as well; ada and both of them have second keys.
fn with_builders(world: &World, policy: &str) -> String {
    for person in ["ada", "north", "south"] {
        said(world, person, "zwieback -q key generate second");
    }
    let key = |person: &str, key: &str| {
        let line = format!("zwieback key show --key {key} --base64");
        said(world, person, &line).trim_end().to_owned()
    };
    let (north, south) = (key("north", "default"), key("south", "second"));
    let people = format!(
        "[people]\nnorth = {{ keys = [\"{north}\"] }}\nsouth = {{ keys = [\"{south}\"] }}\n"
    );
    policy
        .replace("[people]\n", &people)
        .replace("\"bo\", \"cy\"]", "\"bo\", \"cy\", \"north\", \"south\"]")
}

/// The next policy, changed by sed, is in force; `SECOND-ada` in it is ada's second key.
fn next(world: &World, version: u64, changes: &str) {
    let mut changes = changes.to_owned();
    for person in ["ada", "north"] {
        let key = said(world, person, "zwieback key show --key second --base64");
        let key = key.trim_end().replace('/', "\\/");
        changes = changes.replace(&format!("SECOND-{person}"), &key);
    }
    let before = version - 1;
    let line =
        format!("sed -i 's/^version = {before}/version = {version}/; {changes}' release.toml");
    said(world, "kim", &line);
    company::put_in_force(world);
}

/// What is said to somebody who is refused so.
fn refused(world: &World, person: &str, line: &str, (code, reason): (i32, &str)) {
    let mut shell = world.command_of(person, "bash");
    let output = shell
        .args(["-c", &format!("exec 2>&1\n{line}")])
        .output()
        .unwrap();
    let heard = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{person}$ {line}\n{heard}"
    );
    assert!(
        heard.contains(&format!("[{reason}]")),
        "{person}$ {line}\n{heard}"
    );
}
