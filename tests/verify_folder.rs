//! `verify DIR` means that DIR is what was signed: every way to differ is refused, each for its own reason.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use zwieback_test_world::larder::Larder;
use zwieback_test_world::outcome::Outcome;
use zwieback_test_world::site;
use zwieback_test_world::skip::{is_root, skip, skip_here};
use zwieback_test_world::world::World;

const BUILDER: &str = "https://zwieback.example/builder/sandbox/v1";
const VERIFIER: &str = "https://zwieback.example/verifier/v1";
/// All that an export holds, and what is verified of it.
const VERIFY: &str = "verify out --bundle out/words-1.sigstore.json --key builder.pem";
/// Two files of one name, a program, a link and an empty folder.
const SCRIPT: &str = "mkdir $OUT/a $OUT/b $OUT/bin $OUT/empty
echo a-file > $OUT/a/same
echo b-file > $OUT/b/same
printf '#!/bin/sh\\n' > $OUT/bin/run
chmod 755 $OUT/bin/run
ln -s ../a/same $OUT/bin/link";

/// A world with that export in `honest`, and the builder's key in `builder.pem`.
fn built() -> World {
    let world = World::new(site!(), Larder::Shell);
    world.recipe("words", SCRIPT);
    let build = ["build", "words", "--export", "honest"];
    world.run(&build).expect(0, &["words 1 is reproducible"]);
    let key = world.run(&["key", "show"]).expect(0, &[]);
    world.write("project/builder.pem", key.stdout);
    world
}

/// Runs a line of words; none of them holds a blank.
fn run(world: &World, line: &str) -> Outcome {
    world.run(&line.split_whitespace().collect::<Vec<_>>())
}

/// Whether a script could be run.
fn shell(world: &World, script: &str) -> bool {
    let mut bash = world.command("bash");
    bash.args(["-ec", script])
        .output()
        .unwrap()
        .status
        .success()
}

/// What comes of an export that was changed: the code, or `accepted`.
fn after(world: &World, change: &str, line: &str) -> String {
    let fresh = "rm -rf out out.zwieback; cp -a honest out";
    assert!(shell(world, &format!("{fresh}; {change}")), "{change}");
    let outcome = run(world, &format!("--format json {line}"));
    let verdict: serde_json::Value = serde_json::from_str(outcome.line()).unwrap();
    let reason = verdict["reason"].as_str().unwrap_or("accepted");
    let code = if reason == "accepted" { 0 } else { 4 };
    assert_eq!(outcome.code, Some(code), "{change}: {outcome}");
    reason.to_owned()
}

#[track_caller]
fn assert_each(world: &World, cases: &[(&str, &str)]) {
    assert_eq!(after(world, "true", VERIFY), "accepted");
    for (change, expected) in cases {
        assert_eq!(after(world, change, VERIFY), *expected, "{change}");
    }
}

#[test]
fn files_are_where_they_were_signed() {
    let world = built();
    let cases = [
        (
            "mv out/a/same x; mv out/b/same out/a/same; mv x out/b/same",
            "artifact-swapped",
        ),
        ("cp out/a/same out/b/same", "artifact-swapped"),
        ("echo evil66 > out/a/same", "artifact-changed"),
        ("echo longer >> out/a/same", "artifact-changed"),
        ("rm out/a/same", "entry-missing"),
        ("mv out/a/same out/a/zame", "entry-missing"),
        ("mv out/a/same out/a/Same", "entry-extra"),
        ("rmdir out/empty", "entry-missing"),
        ("rm -r out/a", "entry-missing"),
    ];
    assert_each(&world, &cases);
    // All that differs is named, not only the first.
    assert_eq!(
        after(&world, "rm -r out/a; touch out/x", VERIFY),
        "entry-missing"
    );
    run(&world, VERIFY).expect(4, &["\"a\" (and 1 more)", "entry-extra \"x\", a file"]);
}

#[test]
fn nothing_lies_there_that_nobody_signed() {
    let world = built();
    let cases = [
        ("echo x > out/a/more", "entry-extra"),
        ("echo x > out/.hidden", "entry-extra"),
        ("mkdir out/more", "entry-extra"),
        ("ln -s /etc out/more", "entry-extra"),
        ("ln -s same out/a/more", "entry-extra"),
        ("mkfifo out/more", "entry-extra"),
        ("touch out/$(printf 'a\\377b')", "entry-extra"),
        ("rm out/a/same; mkfifo out/a/same", "entry-kind"),
    ];
    assert_each(&world, &cases);
    if is_root() {
        let device = "rm out/a/same; mknod out/a/same c 1 3";
        assert_eq!(after(&world, device, VERIFY), "entry-kind");
    } else {
        skip(
            "nothing_lies_there_that_nobody_signed",
            "its device: only root makes one",
        );
    }
}

#[test]
fn kinds_and_links_are_what_was_signed() {
    let world = built();
    let cases = [
        ("mv out/a/same x; ln -s $PWD/x out/a/same", "entry-kind"),
        ("rm -rf x; mv out/a x; ln -s $PWD/x out/a", "entry-kind"),
        ("rm -r out/empty; ln -s /etc out/empty", "entry-kind"),
        ("rm out/bin/link; cp out/a/same out/bin/link", "entry-kind"),
        ("ln -sfn ../b/same out/bin/link", "link-changed"),
        ("ln -sfn $PWD/out/a/same out/bin/link", "link-changed"),
    ];
    assert_each(&world, &cases);
    // The user's own link to a folder is the user's own path.
    let alias = VERIFY.replace("verify out", "verify alias");
    assert_eq!(after(&world, "ln -sfn out alias", &alias), "accepted");
    assert_eq!(
        after(&world, "ln -sfn out alias; touch out/x", &alias),
        "entry-extra"
    );
}

#[test]
fn files_run_as_they_were_signed() {
    let world = built();
    let cases = [
        ("chmod -x out/bin/run", "mode-changed"),
        ("chmod +x out/a/same", "mode-changed"),
        ("chmod o+x out/a/same", "mode-changed"),
        ("chmod u+s out/bin/run", "mode-special"),
        ("chmod g+s out/a/same", "mode-special"),
        ("chmod +t out/a/same", "mode-special"),
        ("chmod g-w,o-r out/bin/run out/a/same", "accepted"),
    ];
    assert_each(&world, &cases);
    // cap_setuid, permitted and effective: as good as set-user-id, and in no bit of the mode.
    let give = "python3 -c 'import os; os.setxattr(\"out/bin/run\", \"security.capability\", \
                bytes.fromhex(\"0100000280\" + \"00\" * 15))'";
    if is_root() {
        assert_eq!(after(&world, give, VERIFY), "mode-special");
    } else {
        skip(
            "files_run_as_they_were_signed",
            "capabilities: only root gives them",
        );
    }
}

#[test]
fn a_mount_in_the_folder_is_not_what_was_signed() {
    let world = built();
    let inside = |script: &str| {
        assert!(shell(
            &world,
            "rm -rf out; cp -a honest out; mkdir -p other; cp -a honest/a/same other/same"
        ));
        let script = format!("{script}; zwieback --format json {VERIFY}");
        let mut unshare = world.command("unshare");
        unshare.args(["--user", "--map-root-user", "--mount", "sh", "-ec", &script]);
        Outcome::from(unshare.output().unwrap())
    };
    if inside("true").code != Some(0) {
        return skip_here(
            "a_mount_in_the_folder_is_not_what_was_signed",
            "no user namespaces here",
        );
    }
    for mount in [
        "mount --bind other out/a",
        "mount --bind other/same out/a/same",
    ] {
        let refused = inside(mount);
        assert_eq!(refused.code, Some(4), "{mount}: {refused}");
        assert!(
            refused.stdout.contains("\"entry-kind\""),
            "{mount}: {refused}"
        );
    }
}

#[test]
fn what_lies_beside_is_known_by_its_bytes() {
    let world = built();
    let other = run(&world, "key generate other").expect(0, &[]).stdout;
    world.write("project/other.pem", other);
    run(&world, "recheck honest/words-1.sigstore.json --offline --key builder.pem --sign-key other --export theirs")
        .expect(0, &["words 1 is reproducible"]);
    let cases = [
        // A list of digests that says something else, and programs called like companions.
        ("echo evil > out/SHA256SUMS", "entry-extra"),
        ("sed -i s/same/zame/ out/SHA256SUMS", "entry-extra"),
        ("chmod +x out/SHA256SUMS", "entry-extra"),
        ("cp out/bin/run out/x.sigstore.json", "entry-extra"),
        ("echo '{}' > out/x.sigstore.json", "entry-extra"),
        (
            "cp theirs/words-1.sigstore.json out/theirs.sigstore.json",
            "entry-extra",
        ),
        (
            "ln -sfn words-1.sigstore.json out/x.sigstore.json",
            "entry-extra",
        ),
        ("chmod +x out/words-1.sigstore.json", "entry-extra"),
        (
            "cp honest/words-1.sigstore.json out/a/words-1.sigstore.json",
            "entry-extra",
        ),
        // Another copy of what was named is what was named.
        (
            "cp out/words-1.sigstore.json out/copy.sigstore.json",
            "accepted",
        ),
        ("rm out/SHA256SUMS", "accepted"),
        // Without the tree nobody knows of links, folders and modes; another one is not that tree.
        ("rm out/words-1.tree", "tree-missing"),
        ("sed -i s/run/ran/ out/words-1.tree", "tree-missing"),
        (
            "rm out/words-1.tree; ln -s ../honest/words-1.tree out/words-1.tree",
            "tree-missing",
        ),
        ("cp honest/words-1.tree out/other.tree", "entry-extra"),
        // The folder beside.
        (
            "mkdir out.zwieback; mv out/words-1.tree out/SHA256SUMS out.zwieback",
            "accepted",
        ),
        (
            "mkdir out.zwieback; cp out/bin/run out.zwieback/run",
            "entry-extra",
        ),
        ("mkdir -p out.zwieback/more", "entry-extra"),
        (
            "mkdir x.d; cp out/words-1.tree x.d; ln -s x.d out.zwieback",
            "entry-kind",
        ),
        ("touch out.zwieback", "entry-kind"),
    ];
    assert_each(&world, &cases);
    let hint = "is neither there nor beside the bundle; --subset";
    after(&world, "rm out/words-1.tree", VERIFY);
    run(&world, VERIFY).expect(4, &["\"words-1.tree\"", hint]);
    // A bundle that was not named may lie there if it is by somebody trusted, about the same.
    let elsewhere = VERIFY.replace("--bundle out", "--bundle honest");
    assert_eq!(after(&world, "true", &elsewhere), "accepted");
    let theirs = "verify out --bundle theirs/words-1.sigstore.json --key other.pem";
    assert_eq!(after(&world, "true", theirs), "entry-extra");
    assert_eq!(after(&world, "rm out/*.json", theirs), "accepted");
    what_nobody_believes_any_more_lies_not_beside(&world);
}

/// A bundle that was not named vouches for no more than one that was.
fn what_nobody_believes_any_more_lies_not_beside(world: &World) {
    let change = |line: &str| run(world, &format!("key {line} --root root.json"));
    let builder = "--builder https://zwieback.example/builder/sandbox/v1";
    change(&format!("trust builder.pem {builder}")).expect(0, &[]);
    change(&format!("trust other.pem {builder} --operator theirs")).expect(0, &[]);
    let verify = VERIFY.replace("--key builder.pem", "--trust root.json");
    let beside = "cp theirs/words-1.sigstore.json out/theirs.sigstore.json";
    let aside = "mkdir out.zwieback; cp theirs/words-1.sigstore.json out.zwieback";
    for place in [beside, aside] {
        assert_eq!(after(world, place, &verify), "accepted");
    }
    change("revoke other.pem --reason stolen").expect(0, &[]);
    for place in [beside, aside] {
        assert_eq!(after(world, place, &verify), "entry-extra");
    }
    assert_eq!(after(world, "true", &verify), "accepted");
}

#[test]
fn less_is_asked_only_when_the_user_says_so() {
    let world = built();
    let subset = format!("{VERIFY} --subset");
    let modes = format!("{VERIFY} --ignore-mode");
    for (change, line, expected) in [
        ("rm -r out/a out/empty", &subset, "accepted"),
        ("rm -r out/a; touch out/x", &subset, "entry-extra"),
        ("chmod -x out/bin/run", &subset, "mode-changed"),
        ("ln -sfn /etc out/bin/link", &subset, "link-changed"),
        ("rm -r out/*/* out/empty", &subset, "artifact-missing"),
        (
            "rm -r out/bin out/empty out/words-1.tree",
            &subset,
            "accepted",
        ),
        (
            "rm -r out/empty out/words-1.tree out/bin/link",
            &subset,
            "tree-missing",
        ),
        (
            "rm -r out/empty out/words-1.tree out/bin/run",
            &subset,
            "tree-missing",
        ),
        (
            "chmod -x out/bin/run; chmod +x out/a/same",
            &modes,
            "accepted",
        ),
        ("chmod +x out/SHA256SUMS", &modes, "accepted"),
        ("chmod u+s out/bin/run", &modes, "mode-special"),
        ("rm out/a/same", &modes, "entry-missing"),
    ] {
        assert_eq!(after(&world, change, line), expected, "{change}: {line}");
    }
    after(&world, "chmod -x out/bin/run", &modes);
    run(&world, &modes).expect(0, &["Left out executable bits"]);
}

/// A summary by the verifier `gate` over what `line` asks, in `vsa.json`.
fn summarize(world: &World, line: &str) -> Outcome {
    let more = "--policy policy.toml --resource pkg:generic/words@1 --vsa vsa.json --sign-key gate";
    run(world, &format!("{line} {more}"))
}

#[test]
fn a_summary_is_about_the_tree_and_says_what_was_left_out() {
    let world = built();
    let gate = run(&world, "key generate gate").expect(0, &[]).stdout;
    world.write("project/gate.pem", gate);
    let root = "--root root.json --sign-key default";
    let trust = format!("key trust builder.pem {root} --builder {BUILDER}");
    run(&world, &trust).expect(0, &[]);
    run(
        &world,
        &format!("key trust gate.pem {root} --verifier {VERIFIER}"),
    )
    .expect(0, &[]);
    let policy = "version = 1\nexpires = \"2099-01-01T00:00:00Z\"\n[require]\nlevel = 1\n";
    world.write("project/policy.toml", policy);
    let line = "verify out --bundle out/words-1.sigstore.json --key builder.pem";
    let says = |query: &str| {
        let script = format!("jq -r .dsseEnvelope.payload vsa.json | base64 -d | jq -e '{query}'");
        shell(&world, &script)
    };
    after(&world, "true", line);
    summarize(&world, line).expect(0, &[]);
    let has_tree = "any(.subject[]; .name == \"words-1.tree\")";
    let is_left_out = ".predicate.zwieback_ignoredModes";
    assert!(says(has_tree) && !says(is_left_out));
    // Whoever believes the summary asks the same of the folder.
    let believe = "verify out --summary vsa.json --trust root.json --unsigned-policy \
                   --resource pkg:generic/words@1";
    assert_eq!(after(&world, "true", believe), "accepted");
    assert_eq!(after(&world, "touch out/x", believe), "entry-extra");
    assert_eq!(after(&world, "rm out/a/same", believe), "entry-missing");
    assert_eq!(
        after(&world, "rm out/words-1.tree", believe),
        "tree-missing"
    );
    after(&world, "true", line);
    summarize(&world, &format!("{line} --subset")).expect(0, &[]);
    assert!(!says(has_tree), "a part is not the tree");
    summarize(&world, &format!("{line} --ignore-mode")).expect(0, &[]);
    assert!(says(has_tree) && says(is_left_out));
}

/// Above a thousand files the tree is the only subject, and no file is less well known for it.
#[test]
fn fifteen_hundred_outputs() {
    let world = World::new(site!(), Larder::Shell);
    let script = "mkdir $OUT/d\nfor i in $(seq 1500); do echo $i > $OUT/d/$i; done";
    world.recipe("words", script);
    let build = ["build", "words", "--export", "honest"];
    world.run(&build).expect(0, &["words 1 is reproducible"]);
    let key = world.run(&["key", "show"]).expect(0, &[]);
    world.write("project/builder.pem", key.stdout);
    let subjects =
        "jq -r .dsseEnvelope.payload honest/*.json | base64 -d | jq -e '.subject | length == 1'";
    assert!(shell(&world, subjects));
    let cases = [
        (
            "mv out/d/1001 x; mv out/d/1002 out/d/1001; mv x out/d/1002",
            "artifact-swapped",
        ),
        ("rm out/d/1", "entry-missing"),
        ("touch out/d/0", "entry-extra"),
    ];
    assert_each(&world, &cases);
    run(&world, VERIFY).expect(4, &["\"d/0\""]);
    let single = VERIFY.replace("verify out", "verify out/d/7 out/d/1500");
    assert_eq!(after(&world, "true", &single), "accepted");
    assert_eq!(
        after(&world, "echo x > out/d/7", &single),
        "artifact-changed"
    );
    assert_eq!(
        after(&world, "cp out/d/8 out/d/7", &single),
        "artifact-swapped"
    );
    assert_eq!(
        after(&world, "rm out/words-1.tree", &single),
        "tree-missing"
    );
    let tree = VERIFY.replace("verify out", "verify out/words-1.tree");
    assert_eq!(after(&world, "true", &tree), "accepted");
    for tree in ["honest/words-1.tree", ""] {
        let recheck =
            format!("recheck honest/words-1.sigstore.json {tree} --offline --key builder.pem");
        run(&world, &recheck).expect(0, &["words 1 is reproducible"]);
        fs::remove_file(world.path("project/honest/words-1.tree")).unwrap_or_default();
    }
}
