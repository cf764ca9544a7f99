//! Many recipes at once: what is needed comes first, one limit holds for all, a failure stays where it is.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use zwieback_model::digest::Digest;
use zwieback_test_world::larder::Larder;
use zwieback_test_world::site;
use zwieback_test_world::world::World;

/// Writes a recipe that needs others and puts what they made into its own output.
fn needing(world: &World, name: &str, needs: &[&str]) {
    let read: Vec<_> = needs.iter().map(|need| format!("{need}/made")).collect();
    let text = format!(
        "[recipe]\nname = \"{name}\"\nversion = \"1\"\ntoolchains = [\"shell\"]\nneeds = {needs:?}\n\n\
         [[steps]]\nname = \"make\"\nrun = \"cat {} > $OUT/made; echo {name} >> $OUT/made\"\n",
        read.join(" ")
    );
    world.write(&format!("project/recipes/{name}/recipe.toml"), text);
}

fn events(stdout: &str) -> Vec<Value> {
    let lines = stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The most runs that were at work between their first and their last event.
fn most_at_once(events: &[Value]) -> usize {
    let (mut now, mut most) = (BTreeSet::new(), 0);
    for event in events {
        let run = format!("{} {}", event["recipe"], event["run"]);
        match event["event"].as_str().unwrap() {
            "run-started" => drop(now.insert(run)),
            "run-finished" => assert!(now.remove(&run), "{run} ended and never began"),
            _ => {}
        }
        most = most.max(now.len());
    }
    assert!(now.is_empty(), "{now:?}");
    most
}

#[test]
fn one_limit_holds_for_all_recipes() {
    let world = World::new(site!(), Larder::Shell);
    for name in ["a", "b", "c", "d"] {
        world.recipe(name, &format!("echo {name} > $OUT/made"));
    }
    for (jobs, most) in [("1", 1), ("2", 2)] {
        let built = world.run(&[
            "--format",
            "json",
            "build",
            "--all",
            "--rebuild",
            "-j",
            jobs,
        ]);
        let events = events(&built.expect(0, &[]).stdout);
        assert!(most_at_once(&events) <= most, "-j {jobs}");
        let fates = &events.last().unwrap()["recipes"];
        let fates = fates.as_array().unwrap();
        assert_eq!(fates.len(), 4);
        assert!(fates.iter().all(|it| it["fate"] == "built"), "{fates:?}");
    }
}

#[test]
fn outputs_go_from_recipe_to_recipe_and_are_named_in_the_provenance() {
    let world = World::new(site!(), Larder::Shell);
    needing(&world, "base", &[]);
    needing(&world, "left", &["base"]);
    needing(&world, "right", &["base"]);
    needing(&world, "top", &["left", "right"]);
    let built = world.run(&["build", "top", "left", "--export", "out"]);
    let trees: Vec<_> = built.stdout.lines().map(str::to_owned).collect();
    built.clone().expect(0, &["4 recipes: 4 built"]);
    assert_eq!(trees.len(), 2, "only what was named is data: {built}");
    let made = fs::read_to_string(world.project().join("out/top/made")).unwrap();
    assert_eq!(made, "base\nleft\nbase\nright\ntop\n");
    let statement = statement(&world.project().join("out/top/top-1.sigstore.json"));
    let left = world.project().join("out/left/left-1.sigstore.json");
    let bundle = Digest::sha256(&fs::read(left).unwrap()).to_string();
    let digest_of = |list: &Value, name: &str| {
        let named = list.as_array().unwrap().iter();
        let mut digests = named.filter(|named| named["name"] == name);
        digests.next().map(|it| it["digest"]["sha256"].clone())
    };
    let details = &statement["predicate"]["runDetails"];
    assert_eq!(
        digest_of(&details["byproducts"], "bundle of left"),
        Some(bundle.into())
    );
    let inputs = &statement["predicate"]["buildDefinition"]["resolvedDependencies"];
    let tree = trees.iter().any(|path| {
        let name = Path::new(path).file_name().unwrap().to_str().unwrap();
        digest_of(inputs, "needs left") == Some(name.into())
    });
    assert!(tree, "{inputs}");
    // Again: all from the store, and the same data.
    let again = world.run(&["build", "top", "left"]);
    assert_eq!(again.stdout.lines().collect::<Vec<_>>(), trees);
    again.expect(0, &["4 recipes: 4 found in the store"]);
}

fn statement(bundle: &Path) -> Value {
    let bundle: Value = serde_json::from_slice(&fs::read(bundle).unwrap()).unwrap();
    let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
    let bytes = zwieback_model::base64::decode(payload).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn a_failure_takes_along_only_what_needs_it() {
    let world = World::new(site!(), Larder::Shell);
    world.recipe("broken", "echo what went wrong; exit 7");
    needing(&world, "lost", &["broken"]);
    needing(&world, "later", &["lost"]);
    world.recipe("fine", "echo > $OUT/made");
    let built = world.run(&["build", "--all"]).expect(
        100,
        &[
            "Failed broken: step `make` of run A exited with 7",
            "error: broken: step `make` of run A exited with 7\n  what went wrong",
            "4 recipes: 1 built, 1 failed, 2 not begun",
            "error: 3 of 4 recipes were not built: broken failed, later needs lost, lost needs broken",
        ],
    );
    assert_eq!(built.stdout.lines().count(), 1, "{built}");
    // What was built is not built again; with one CPU the order of beginning is that of the graph.
    let strict = world.run(&["build", "--all", "--fail-fast", "-j", "1", "--rebuild"]);
    strict.expect(100, &["broken failed"]);
}

#[test]
fn a_circle_is_an_error_that_tells_its_path() {
    let world = World::new(site!(), Larder::Empty);
    needing(&world, "hen", &["egg"]);
    needing(&world, "egg", &["hen"]);
    for command in [&["build", "--all"][..], &["plan", "--graph"]] {
        world
            .run(command)
            .expect(1, &["in a circle: egg -> hen -> egg", "hint:"]);
    }
    needing(&world, "hen", &["goose"]);
    world
        .run(&["build", "egg"])
        .expect(1, &["no recipe `goose`"]);
}

#[test]
fn an_interrupt_ends_all_that_was_begun() {
    let mark = format!("zwieback-crowd-{}", std::process::id());
    let world = World::new(site!(), Larder::Shell);
    for name in ["a", "b", "c", "d"] {
        world.recipe(name, &format!("bash -c 'exec -a {mark} sleep 300'"));
    }
    let mut build = world.zwieback(&["--format", "json", "build", "--all"]);
    let mut build = build
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let events = BufReader::new(build.stdout.take().unwrap()).lines();
    let begun = events.map_while(Result::ok);
    assert!(
        begun
            .into_iter()
            .any(|line| line.contains("\"step-started\""))
    );
    let id = build.id().to_string();
    let told = Command::new("kill").args(["-INT", &id]).status();
    assert!(told.unwrap().success());
    assert_eq!(build.wait().unwrap().code(), Some(130));
    let lines = fs::read_dir("/proc").unwrap().flatten();
    let lines = lines.filter_map(|it| fs::read_to_string(it.path().join("cmdline")).ok());
    assert_eq!(lines.filter(|line| line.starts_with(&mark)).count(), 0);
    let scratch = fs::read_dir(world.store().join("tmp")).unwrap();
    assert_eq!(scratch.count(), 0);
}
