//! Without a network: what was fetched, or carried over in a tar, is all that a build needs.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::process::Command;

use zwieback_test_world::larder::Larder;
use zwieback_test_world::mirror::{Manner, Mirror};
use zwieback_test_world::outcome::Outcome;
use zwieback_test_world::site;
use zwieback_test_world::skip::is_root;
use zwieback_test_world::source::{archive, recipe_with_source, use_mirrors};
use zwieback_test_world::world::World;

/// A project of three recipes, of which one has a source that this mirror alone has.
fn stocked() -> (World, Mirror) {
    let world = World::new(site!(), Larder::Shell);
    // Its packages are not in this larder.
    fs::remove_dir_all(world.path("project/toolchains/c")).unwrap();
    let source = archive(&world, "data", "twice baked\n");
    let place = recipe_with_source(&world, "data", "data.tar", &source);
    let mirror = Mirror::new([(&place, source, Manner::Honest)]);
    use_mirrors(&world, &[mirror.root()]);
    world.recipe("plain", "echo plain > $OUT/made");
    let text = "[recipe]\nname = \"top\"\nversion = \"1\"\ntoolchains = [\"shell\"]\n\
                needs = [\"data\"]\n\n\
                [[steps]]\nname = \"make\"\nrun = \"cp -R data/. $OUT/\"\n";
    world.write("project/recipes/top/recipe.toml", text);
    (world, mirror)
}

/// A command in a network namespace of its own, in which not even the loopback is up.
fn without_network(world: &World, arguments: &[&str]) -> Outcome {
    let mut command = world.command("unshare");
    if !is_root() {
        command.args(["--user", "--map-current-user"]);
    }
    let program = world.zwieback(&[]).get_program().to_owned();
    command.arg("--net").arg(program).args(arguments);
    command.output().unwrap().into()
}

#[test]
fn after_a_fetch_no_build_needs_a_network() {
    let (world, mirror) = stocked();
    without_network(&world, &["build", "--all", "--offline"])
        .expect(1, &["data.tar", "run `zwieback fetch`"]);
    world
        .run(&["fetch", "--all"])
        .expect(0, &["Fetched 1 input"]);
    drop(mirror);
    without_network(&world, &["build", "--all", "--offline", "--rebuild"])
        .expect(0, &["3 recipes: 3 built"]);
}

#[test]
fn an_export_makes_another_machine_able_to_build() {
    let (world, mirror) = stocked();
    world
        .run(&["store", "export", "all.tar"])
        .expect(1, &["data.tar", "run `zwieback fetch`"]);
    assert!(!world.project().join("all.tar").exists());
    world.run(&["fetch", "top"]).expect(0, &["Fetched 1 input"]);
    drop(mirror);
    world
        .run(&["store", "export", "all.tar"])
        .expect(0, &["exported 25 files"]);
    world.run(&["store", "export", "again.tar"]).expect(0, &[]);
    let read = |name: &str| fs::read(world.project().join(name)).unwrap();
    assert!(read("all.tar") == read("again.tar"), "exports differ");
    let tar = Command::new("tar")
        .arg("tf")
        .arg(world.project().join("all.tar"))
        .output();
    let members = String::from_utf8(tar.unwrap().stdout).unwrap();
    assert_eq!(members.lines().count(), 26, "{members}");
    let away = [("ZWIEBACK_STORE", world.path("elsewhere"))];
    let there = |arguments: &[&str]| -> Outcome {
        let mut command = world.zwieback(arguments);
        command.envs(away.clone()).output().unwrap().into()
    };
    there(&["store", "import", "all.tar"]).expect(0, &["imported 25 files"]);
    there(&["store", "import", "all.tar"]).expect(0, &["25 of them were there"]);
    there(&["build", "--all", "--offline"]).expect(0, &["3 recipes: 3 built"]);
    there(&["store", "verify"]).expect(0, &["0 problems"]);
}

#[test]
fn what_is_not_what_it_is_called_is_not_imported() {
    let (world, _mirror) = stocked();
    world.run(&["fetch", "data"]).expect(0, &[]);
    world
        .run(&["store", "export", "export.tar", "data"])
        .expect(0, &[]);
    let file = world.project().join("export.tar");
    let honest = fs::read(&file).unwrap();
    let import = |bytes: &[u8]| -> Outcome {
        fs::write(&file, bytes).unwrap();
        let mut command = world.zwieback(&["store", "import", "export.tar"]);
        command.env("ZWIEBACK_STORE", world.path("elsewhere"));
        command.output().unwrap().into()
    };
    let mut forged = honest.clone();
    let at = honest.windows(11).position(|it| it == b"twice baked");
    forged[at.unwrap()] ^= 1;
    import(&forged).expect(102, &["was expected"]);
    // Cut between two members, where a tar reader sees nothing wrong.
    let members: Vec<usize> = (0..honest.len() / 512)
        .map(|block| block * 512)
        .filter(|at| honest[*at..].starts_with(b"sha256/"))
        .collect();
    import(&honest[..members[3]]).expect(1, &["was cut", "holds 3", "hint:"]);
    import(b"").expect(1, &["no export"]);
    import(&[b'x'; 4096]).expect(1, &[]);
    let mut renamed = honest.clone();
    renamed[members[0]..members[0] + 10].copy_from_slice(b"../../etc/");
    import(&renamed).expect(1, &[]);
    import(&honest).expect(0, &["imported 25 files"]);
}
