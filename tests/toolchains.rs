//! Toolchains of every kind: wheels, npm packages, archives, and outputs of recipes that were baked twice themselves.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use zwieback_model::bake::plan::Requests as _;
use zwieback_model::digest::Fingerprint;
use zwieback_model::locked_input::LockedInput;
use zwieback_model::manifest::diagnostic::SourceText;
use zwieback_model::manifest::lockfile::Lockfile;
use zwieback_model::manifest::toolchain::Toolchain;
use zwieback_test_world::larder::Larder;
use zwieback_test_world::mirror::{Manner, Mirror};
use zwieback_test_world::site;
use zwieback_test_world::world::World;

const WHEEL: &str = "tool-1-py3-none-any.whl";

/// A program of a shell that says where it was called.
const SAYS: &str = "#!/bin/sh\necho said by $0\n";

/// Packs a folder of one program, as each ecosystem packs it; nothing marks it as a program.
fn packed(world: &World, program: &str, pack: &[&str]) -> Vec<u8> {
    let folder = world.path("packing");
    drop(fs::remove_dir_all(&folder));
    world.write(&format!("packing/{program}"), SAYS);
    let status = Command::new(pack[0])
        .args(&pack[1..])
        .current_dir(&folder)
        .status();
    assert!(status.unwrap().success(), "{pack:?}");
    fs::read(folder.join("packed")).unwrap()
}

fn input(part: &str, purl: &str, file: &str, at: &str, bytes: &[u8]) -> LockedInput {
    let print = Fingerprint::of(bytes);
    LockedInput {
        source: Some(part.parse().unwrap()),
        purl: purl.parse().unwrap(),
        file: file.parse().unwrap(),
        sha256: print.sha256,
        blake3: Some(print.blake3),
        size: print.size,
        locations: vec![at.parse().unwrap()],
    }
}

fn write_toolchain(world: &World, name: &str, more: &str, inputs: Vec<LockedInput>) {
    let text = format!("[toolchain]\nname = \"{name}\"\ndescription = \"a test\"\n{more}");
    let path = "toolchain.toml";
    let toolchain = Toolchain::parse(SourceText { path, text: &text }).unwrap();
    let folder = format!("project/toolchains/{name}");
    world.write(&format!("{folder}/toolchain.toml"), &text);
    if !inputs.is_empty() {
        let lock = Lockfile::new(toolchain.requests(), inputs);
        world.write(&format!("{folder}/zwieback.lock"), lock.to_text());
    }
}

#[test]
fn packages_of_other_ecosystems_become_a_toolchain() {
    let world = World::new(site!(), Larder::Shell);
    let wheel = packed(
        &world,
        "tool/run",
        &["sh", "-c", "zip -q -r - tool > packed"],
    );
    let tarball = packed(
        &world,
        "package/bin/run",
        &["tar", "-czf", "packed", "package"],
    );
    let archive = packed(
        &world,
        "other-1/opt/run",
        &["tar", "-cJf", "packed", "other-1"],
    );
    let mirror = Mirror::new([
        (&format!("tool/{WHEEL}"), wheel.clone(), Manner::Honest),
        (
            "%40scope/pack/-/pack-1.0.0.tgz",
            tarball.clone(),
            Manner::Honest,
        ),
        ("other-1.tar.xz", archive.clone(), Manner::Honest),
    ]);
    let root = mirror.root();
    let config = format!("[mirrors]\npypi = [{root:?}]\nnpm = [{root:?}]\ngeneric = [{root:?}]\n");
    world.write("home/.config/zwieback/config.toml", config);
    let parts = format!(
        "[wheel.tool]\npurl = \"pkg:pypi/tool@1\"\nfile = \"{WHEEL}\"\nprograms = [\"tool/run\"]\n\
         [npm.pack]\npurl = \"pkg:npm/%40scope/pack@1.0.0\"\nprograms = [\"bin/*\"]\n\
         [archive.other]\npurl = \"pkg:generic/other@1\"\nfile = \"other-1.tar.xz\"\nstrip = 1\nprograms = [\"opt/run\"]\n\
         [fixups.links]\n\"usr/bin/of-npm\" = \"../lib/node_modules/@scope/pack/bin/run\"\n"
    );
    let inputs = vec![
        input(
            "tool",
            "pkg:pypi/tool@1",
            WHEEL,
            &format!("tool/{WHEEL}"),
            &wheel,
        ),
        input(
            "pack",
            "pkg:npm/%40scope/pack@1.0.0",
            "scope-pack-1.0.0.tgz",
            "@scope/pack/-/pack-1.0.0.tgz",
            &tarball,
        ),
        input(
            "other",
            "pkg:generic/other@1",
            "other-1.tar.xz",
            "other-1.tar.xz",
            &archive,
        ),
    ];
    write_toolchain(&world, "mixed", &parts, inputs);
    let script = "of-npm; /usr/lib/python3/dist-packages/tool/run; /opt/run";
    let outcome = world.run(&[
        "shell", "-t", "shell", "-t", "mixed", "--", "sh", "-ec", script,
    ]);
    outcome.expect(
        0,
        &[
            "said by /usr/bin/of-npm",
            "said by /usr/lib/python3/dist-packages/tool/run",
            "said by /opt/run",
        ],
    );
}

#[test]
fn what_a_recipe_bakes_bakes_the_next() {
    let world = World::new(site!(), Larder::Shell);
    let script = format!(
        "mkdir -p $OUT/usr/bin\ncat > $OUT/usr/bin/says <<'X'\n{SAYS}X\nchmod +x $OUT/usr/bin/says"
    );
    world.recipe("compiler", &script);
    write_toolchain(&world, "own", "[recipe.compiler]\n", Vec::new());
    let text = "[recipe]\nname = \"user\"\nversion = \"1\"\ntoolchains = [\"shell\", \"own\"]\n\n\
                [[steps]]\nname = \"use\"\nrun = 'says > $OUT/said'\n";
    world.write("project/recipes/user/recipe.toml", text);
    let folder = world.path("export");
    let to = folder.to_str().unwrap();
    let words = ["compiler 1 is reproducible", "user 1 is reproducible"];
    world
        .run(&["build", "user", "--export", to])
        .expect(0, &words);
    assert_eq!(
        fs::read_to_string(folder.join("said")).unwrap(),
        "said by /usr/bin/says\n"
    );
    let bundle = fs::read(folder.join("user-1.sigstore.json")).unwrap();
    let statement = zwieback_attest::bundle::Bundle::parse(&bundle).unwrap();
    let payload = String::from_utf8(statement.envelope().payload.clone()).unwrap();
    assert!(
        payload.contains("\"outputs of compiler\"") && payload.contains("\"bundle of compiler\""),
        "{payload}"
    );
    world.run(&["build", "user", "-q"]).expect(0, &[]);
    // Another compiler is another toolchain, and another build.
    world.recipe("compiler", &script.replace("said by", "told by"));
    world
        .run(&["build", "user", "--export", to])
        .expect(0, &["user 1 is reproducible"]);
    assert_eq!(
        fs::read_to_string(folder.join("said")).unwrap(),
        "told by /usr/bin/says\n"
    );
}

#[test]
fn a_toolchain_never_bakes_itself() {
    let world = World::new(site!(), Larder::Shell);
    write_toolchain(&world, "own", "[recipe.compiler]\n", Vec::new());
    let text = "[recipe]\nname = \"compiler\"\nversion = \"1\"\ntoolchains = [\"shell\", \"own\"]\n\n\
                [[steps]]\nname = \"use\"\nrun = 'says > $OUT/said'\n";
    world.write("project/recipes/compiler/recipe.toml", text);
    world
        .run(&["build", "compiler"])
        .expect(1, &["circle", "compiler"]);
}

#[test]
fn two_owners_of_one_path_are_named() {
    let world = World::new(site!(), Larder::Shell);
    world.recipe("clash", "mkdir -p $OUT/usr/bin; echo no > $OUT/usr/bin/env");
    write_toolchain(&world, "own", "[recipe.clash]\n", Vec::new());
    let text = "[recipe]\nname = \"user\"\nversion = \"1\"\ntoolchains = [\"shell\", \"own\"]\n\n\
                [[steps]]\nname = \"use\"\nrun = 'true'\n";
    world.write("project/recipes/user/recipe.toml", text);
    world
        .run(&["build", "user"])
        .expect(1, &["usr/bin/env", "shell", "own"]);
}

#[test]
fn a_folder_of_the_project_becomes_a_recipe() {
    let world = World::new(site!(), Larder::Shell);
    fs::create_dir(world.path("project/hollow")).unwrap();
    world
        .run(&["init", "./hollow"])
        .expect(1, &["holds no file", "git ignores"]);
    world.write(
        "project/src/Makefile",
        "install:\n\tinstall -D x $(PREFIX)/share/x\n",
    );
    world.write("project/src/x", "x\n");
    world
        .run(&["init", "./src"])
        .expect(0, &["recipes/src/recipe.toml", "recipes/src/zwieback.lock"]);
    let recipe = fs::read_to_string(world.path("project/recipes/src/recipe.toml")).unwrap();
    assert!(
        recipe.contains("path = \"src\"") && recipe.contains("make install"),
        "{recipe}"
    );
    world.run(&["plan", "src"]).expect(0, &["folder src"]);
    world.run(&["init", "./src"]).expect(1, &["recipe.toml"]);
    world.write("project/bare/README", "nothing here tells\n");
    world
        .run(&["init", "./bare"])
        .expect(1, &["how it is built", "hint:"]);
    world
        .run(&["init", "/etc"])
        .expect(1, &["no folder of this project"]);
    assert!(!Path::new(&world.path("project/recipes/bare")).exists());
}
