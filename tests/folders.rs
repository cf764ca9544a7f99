//! Folders that are compared without being kept.

use std::fs;

use zwieback_explain::finding::Explanation;
use zwieback_test_world::larder::Larder;
use zwieback_test_world::outcome::Outcome;
use zwieback_test_world::site;
use zwieback_test_world::world::World;

/// More than a process may open at a time, each in both folders.
const FILES: usize = 600;

#[test]
fn more_files_than_descriptors_differ() {
    let world = World::new(site!(), Larder::Empty);
    for side in ["a", "b"] {
        for number in 0..FILES {
            world.write(&format!("project/{side}/{number}"), format!("of {side}\n"));
        }
    }
    let script = "ulimit -n 256; exec zwieback diff a b --format json";
    let seen: Outcome = world
        .command("sh")
        .args(["-c", script])
        .output()
        .unwrap()
        .into();
    let seen = seen.expect(104, &[]);
    let report: Explanation = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(report.differing, FILES);
    assert_eq!(report.unexamined, []);
}

#[test]
fn nothing_is_kept_of_a_folder() {
    let world = World::new(site!(), Larder::Empty);
    world.write("project/a/x", "1\n");
    world.write("project/b/x", "2\n");
    world.run(&["diff", "a", "b"]).expect(104, &["x", "line 1"]);
    let kept = fs::read_dir(world.store().join("trees")).map_or(0, Iterator::count);
    assert_eq!(kept, 0);
}
