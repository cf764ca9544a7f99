//! Root and an ordinary user, two folders, two stores: one action, the same bytes, one definition.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::process::Command;

use zwieback_test_world::larder::Larder;
use zwieback_test_world::site;
use zwieback_test_world::skip::{is_root, skip};
use zwieback_test_world::world::World;

/// What must not depend on who builds where.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    action: String,
    outputs: String,
    definition: String,
}

fn worlds(test: &str, larder: Larder) -> Vec<World> {
    let mut worlds = vec![World::new(site!(), larder), World::new(site!(), larder)];
    if is_root() {
        worlds.extend([
            World::of_stranger(site!(), larder),
            World::of_stranger(site!(), larder),
        ]);
    } else {
        skip(
            test,
            "two of its four builds: only root can also build as another user",
        );
    }
    worlds
}

fn jq(world: &World, query: &str, file: &str) -> String {
    let mut jq: Command = world.command("jq");
    let output = jq.args(["-rcS", query, file]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn build(world: &World, recipe: &str) -> Told {
    let export = world.path("home/out");
    let built = world.run(&[
        "--format",
        "json",
        "build",
        recipe,
        "--export",
        export.to_str().unwrap(),
    ]);
    let events = built.expect(0, &[]).stdout;
    let events = world.write("home/events", events).display().to_string();
    let bundle = jq(world, "select(.event == \"finished\") | .bundle", &events);
    let payload = jq(world, ".dsseEnvelope.payload | @base64d", bundle.trim());
    let payload = world.write("home/payload", payload).display().to_string();
    Told {
        action: jq(world, "select(.event == \"finished\") | .action", &events),
        outputs: jq(world, "select(.event == \"finished\") | .outputs", &events),
        definition: jq(world, ".predicate.buildDefinition", &payload),
    }
}

fn all_the_same(worlds: &[World], recipe: &str) {
    let told: Vec<_> = std::thread::scope(|scope| {
        let builds: Vec<_> = worlds
            .iter()
            .map(|world| scope.spawn(|| build(world, recipe)))
            .collect();
        builds
            .into_iter()
            .map(|build| build.join().unwrap())
            .collect()
    });
    let count = told.len();
    let distinct: BTreeSet<_> = told.into_iter().collect();
    assert_eq!(distinct.len(), 1, "{count} builds: {distinct:#?}");
}

#[test]
fn a_script() {
    let worlds = worlds("a_script", Larder::Shell);
    for world in &worlds {
        world.recipe("where", "id > $OUT/id\npwd > $OUT/pwd\nenv | grep -v JOBS | sort > $OUT/env\numask > $OUT/umask");
    }
    all_the_same(&worlds, "where");
}

#[test]
fn zlib() {
    let worlds = worlds("zlib", Larder::Compilers);
    for world in &worlds {
        world.recipe_of(site!(), "zlib");
    }
    all_the_same(&worlds, "zlib");
}
