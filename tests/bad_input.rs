//! Bad input: every row of the table says what was wrong, where, and what to do, and leaves nothing behind.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use zwieback_test_world::larder::Larder;
use zwieback_test_world::outcome::Outcome;
use zwieback_test_world::site;
use zwieback_test_world::skip::{is_root, skip};
use zwieback_test_world::world::World;

/// A recipe that only the given text is wrong with.
const HEAD: &str = "[recipe]\nname = \"bad\"\nversion = \"1\"\ntoolchains = [\"shell\"]\n";
const STEP: &str = "[[steps]]\nname = \"make\"\nrun = \"true\"\n";

fn build_of(recipe: &str) -> Outcome {
    let world = World::new(site!(), Larder::Empty);
    world.write("project/recipes/bad/recipe.toml", recipe);
    world.run(&["build", "bad"])
}

#[test]
fn manifests_that_do_not_parse() {
    let source = |lines: &str| format!("{HEAD}[sources.a]\n{lines}\n{STEP}");
    for (recipe, said) in [
        (
            format!("{HEAD}[[steps\n"),
            &["recipes/bad/recipe.toml:5:", "error"][..],
        ),
        (
            format!("{HEAD}colour = 1\n{STEP}"),
            &["recipe.toml:5:1", "unknown field `colour`"],
        ),
        (
            format!("{HEAD}toolchain = []\n{STEP}"),
            &["recipe.toml:5:1", "did you mean `toolchains`"],
        ),
        (
            format!("{HEAD}version = \"2\"\n{STEP}"),
            &["recipe.toml:5:1", "duplicate key"],
        ),
        (
            format!("{HEAD}{}", STEP.replace("\"true\"", "7")),
            &["recipe.toml:7:", "string"],
        ),
        (HEAD.to_owned(), &["missing field `steps`"]),
        (
            format!("{HEAD}[secrets]\ntoken = \"x\"\n{STEP}"),
            &["recipe.toml:5:", "secrets"],
        ),
        (
            format!("{}{STEP}", HEAD.replace("\"bad\"", "\"other\"")),
            &["`other`", "folder called `bad`"],
        ),
        (source("purl = \"zlib\""), &["recipe.toml:6:", "purl"]),
        (
            source("purl = \"pkg:deb/debian/a@1\"\nfile = \"../a\""),
            &["recipe.toml:7:"],
        ),
        (
            source("purl = \"pkg:deb/debian/a@1\"\nfile = \"/etc/passwd\""),
            &["recipe.toml:7:"],
        ),
        (
            source("purl = \"pkg:deb/debian/a@1\"\npatches = [\"../../x\"]"),
            &["recipe.toml:7:"],
        ),
        (
            format!("{HEAD}{STEP}dir = \"../..\"\n"),
            &["recipe.toml:8:"],
        ),
        (format!("{HEAD}{STEP}dir = \"/etc\"\n"), &["recipe.toml:8:"]),
        (
            format!("{HEAD}{STEP}[outputs]\nall = \"../*\"\n"),
            &["recipe.toml:9:"],
        ),
    ] {
        let outcome = build_of(&recipe);
        assert_eq!(outcome.code, Some(1), "{recipe}\n{outcome}");
        for text in said {
            assert!(
                outcome.stderr.contains(text),
                "{text:?} for\n{recipe}\n{outcome}"
            );
        }
    }
}

#[test]
fn names_that_nothing_has() {
    let world = World::new(site!(), Larder::Empty);
    world.recipe("greeting", "true");
    world
        .run(&["build", "greting"])
        .expect(1, &["no recipe `greting`", "did you mean `greeting`"]);
    world
        .run(&["build", "../greeting"])
        .expect(1, &["no recipe"]);
    world.run(&["show", "greeting"]).expect(1, &["greeting"]);
    world
        .run(&["logs", "zzzzzz"])
        .expect(1, &["no run `zzzzzz`"]);
    world
        .run(&["biuld", "greeting"])
        .expect(2, &["biuld", "build"]);
    world.run(&["build"]).expect(2, &["RECIPE"]);
    let unknown = HEAD.replace("shell", "rust");
    world.write(
        "project/recipes/bad/recipe.toml",
        format!("{unknown}{STEP}"),
    );
    world
        .run(&["build", "bad"])
        .expect(1, &["no toolchain `rust`"]);
}

#[test]
fn no_project() {
    let world = World::new(site!(), Larder::Empty);
    let mut build = world.zwieback(&["build", "x"]);
    let outcome: Outcome = build.current_dir("/").output().unwrap().into();
    outcome.expect(1, &["no project here", "zwieback init"]);
}

#[test]
fn locks_that_are_missing_or_stale() {
    let world = World::new(site!(), Larder::Empty);
    let with_source = format!(
        "{HEAD}[sources.zlib]\npurl = \"pkg:deb/debian/zlib@1?arch=source\"\nfile = \"a.tar\"\n{STEP}"
    );
    world.write("project/recipes/bad/recipe.toml", with_source);
    for arguments in [
        &["build", "bad"][..],
        &["build", "bad", "--locked"],
        &["fetch", "bad"],
        &["lock", "--check", "bad"],
    ] {
        world
            .run(arguments)
            .expect(1, &["recipe `bad` has no lock", "zwieback lock bad"]);
    }
    world.recipe_of(site!(), "zlib");
    let manifest = world.path("project/recipes/zlib/recipe.toml");
    let changed = std::fs::read_to_string(&manifest)
        .unwrap()
        .replace("1.2.13.dfsg-1?", "1.2.13.dfsg-2?");
    std::fs::write(manifest, changed).unwrap();
    for arguments in [
        &["build", "zlib", "--locked"][..],
        &["build", "zlib"],
        &["lock", "--check", "zlib"],
    ] {
        world.run(arguments).expect(
            1,
            &["the lock of recipe `zlib` is stale", "zwieback lock zlib"],
        );
    }
}

#[test]
fn offline_with_inputs_missing_names_them() {
    let world = World::new(site!(), Larder::Empty);
    world.recipe_of(site!(), "zlib");
    for flag in ["--offline", "--frozen"] {
        let outcome = world.run(&["build", "zlib", flag]);
        outcome.expect(
            1,
            &["87 inputs are not in the store", ".deb", "zwieback fetch"],
        );
    }
}

#[test]
fn configuration_that_is_wrong() {
    let world = World::new(site!(), Larder::Empty);
    world.recipe("greeting", "true");
    world
        .run(&["--config", "build.jobz=1", "plan", "greeting"])
        .expect(1, &["jobz"]);
    world
        .run(&["--config", "jobs", "plan", "greeting"])
        .expect(1, &["KEY=VALUE"]);
    world.write(
        "project/.zwieback.toml",
        "[sandbox]\nallow_absent = [\"seccomp\"]\n",
    );
    world
        .run(&["plan", "greeting"])
        .expect(1, &[".zwieback.toml:1:", "sandbox"]);
    world.write("project/.zwieback.toml", "");
    world.write(
        "home/.config/zwieback/config.toml",
        "[mirrors]\ndeb = [\"ftp://mirror.example/\"]\n",
    );
    world
        .run(&["build", "greeting"])
        .expect(1, &["ftp://mirror.example/"]);
}

#[test]
fn a_store_that_cannot_be_written() {
    let test = "a_store_that_cannot_be_written";
    if !is_root() {
        return skip(test, "a read-only mount takes root");
    }
    let world = World::new(site!(), Larder::Shell);
    world.recipe("greeting", "echo hello > $OUT/greeting");
    let outcome = mounted(
        &world,
        "mount --bind $store $store; mount -o remount,bind,ro $store",
    );
    outcome.expect(1, &["the store cannot be written to", "XDG_DATA_HOME"]);
}

#[test]
fn a_disk_that_is_full() {
    let test = "a_disk_that_is_full";
    if !is_root() {
        return skip(test, "a file system of its own takes root");
    }
    let world = World::new(site!(), Larder::Shell);
    // The store fits; what the step writes does not.
    world.recipe("large", "head -c 30000000 /dev/urandom > $OUT/large");
    world.recipe("greeting", "echo hello > $OUT/greeting");
    let fill = "mv $store $store.full; mkdir $store; mount -t tmpfs -o size=100m none $store; \
                cp -a $store.full/. $store/; head -c 200m /dev/zero > $store/ballast || true";
    mounted(&world, fill).expect(1, &["the disk is full", "zwieback store gc"]);
}

/// Builds `greeting` in a mount namespace of its own, prepared by a script.
fn mounted(world: &World, prepare: &str) -> Outcome {
    let script = format!("set -e; store=$ZWIEBACK_STORE; {prepare}; zwieback build greeting 2>&1");
    let mut unshare = world.command("unshare");
    unshare.args(["--mount", "bash", "-c", &script]);
    unshare.output().unwrap().into()
}

#[test]
fn a_machine_without_user_namespaces() {
    let world = World::new(site!(), Larder::Shell);
    world.recipe("greeting", "echo hello > $OUT/greeting");
    // Inside a user namespace the limit counts for that namespace alone: the machine keeps its own.
    let inside = |command: &str| -> Outcome {
        let script = format!("echo 0 > /proc/sys/user/max_user_namespaces && exec {command}");
        let mut unshare: Command = world.command("unshare");
        unshare.args(["--user", "--map-root-user", "bash", "-c", &script]);
        unshare.output().unwrap().into()
    };
    let remedy = "sysctl -w user.max_user_namespaces";
    inside("zwieback doctor").expect(3, &["no sandbox here", remedy]);
    inside("zwieback build greeting").expect(3, &["error:", "zwieback doctor"]);
}
