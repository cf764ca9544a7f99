//! The pages of tests/cli: every command on them is run, and what it says must be what the page says.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use zwieback_test_world::larder::Larder;
use zwieback_test_world::mirror::{Manner, Mirror};
use zwieback_test_world::page;
use zwieback_test_world::site;
use zwieback_test_world::source::{recipe_with_source, use_mirrors};
use zwieback_test_world::world::World;

#[test]
fn the_tutorial_is_true() {
    let world = World::new(site!(), Larder::Compilers);
    page::check(&site!().file("docs/tutorial.md"), &world);
}

#[test]
fn the_recipe_of_the_readme_is_one_that_is_built() {
    let readme = fs::read_to_string(site!().file("README.md")).unwrap();
    let (_, shown) = readme.split_once("```toml\n").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    let recipe = fs::read_to_string(site!().file("recipes/zlib/recipe.toml")).unwrap();
    let mut lines = recipe.lines();
    for line in shown.lines() {
        assert!(lines.any(|built| built == line), "{line}");
    }
}

macro_rules! pages {
    ($($name:ident: $larder:ident,)+) => {
        $(#[test] fn $name() { check(stringify!($name), Larder::$larder); })+

        #[test]
        fn every_page_is_checked() {
            let entries = fs::read_dir(site!().file("tests/cli")).unwrap().flatten();
            let mut found: Vec<_> = entries.map(|entry| entry.path()).collect();
            found.sort();
            let mut checked: Vec<_> = [$(stringify!($name)),+].map(page).to_vec();
            checked.sort();
            assert_eq!(found, checked);
        }
    };
}

pages! {
    first_build: Compilers,
    several: Shell,
    not_reproducible: Shell,
    failing: Shell,
    locks: Compilers,
    planning: Shell,
    looking_back: Shell,
    signing: Shell,
    store: Shell,
    machine: Empty,
    mistakes: Empty,
}

fn page(name: &str) -> std::path::PathBuf {
    site!().file("tests/cli").join(name).with_extension("md")
}

fn check(name: &str, larder: Larder) {
    let world = World::new(site!(), larder);
    let _mirror = stock(&world);
    page::check(&page(name), &world);
}

/// Gives the project a recipe whose source is to be had from a mirror on the loopback.
fn stock(world: &World) -> Mirror {
    let folder = world.write("home/words-1/words", "zwei Mal gebacken\n");
    let tar = world
        .command("tar")
        .args([
            "c",
            "--sort=name",
            "--mtime=@1700000000",
            "--owner=0",
            "--group=0",
            "-C",
        ])
        .arg(folder.parent().unwrap().parent().unwrap())
        .arg("words-1")
        .output()
        .unwrap();
    let place = recipe_with_source(world, "words", "words-1.tar", &tar.stdout);
    let mirror = Mirror::new([(&place, tar.stdout, Manner::Honest)]);
    use_mirrors(world, &[mirror.root()]);
    mirror
}
