//! Limits: each holds, whatever a step does to be out of sight, and each has a key in the recipe.

use zwieback_test_world::larder::Larder;
use zwieback_test_world::site;
use zwieback_test_world::world::World;

fn world() -> World {
    World::new(site!(), Larder::Shell)
}

/// Makes nested folders of one name, goes into the last, and prints nothing.
fn nest(name: &str, depth: usize) -> String {
    format!("i=0; while [ $i -lt {depth} ]; do mkdir {name}; cd -P {name}; i=$((i+1)); done")
}

#[test]
fn nested_folders_are_no_limit_by_themselves() {
    let world = world();
    let script = format!(
        "{}\necho x > bottom; sleep 4\necho fine > $OUT/x",
        nest("confdir3", 300)
    );
    world.recipe("deep", &script);
    world.run(&["build", "deep"]).expect(0, &["reproducible"]);
}

/// Run B works on a disk, run A in memory, where the kernel keeps the limit by itself: only run B is to fail.
#[test]
fn no_path_is_too_long_for_the_limit_of_disk() {
    let world = world();
    let name = "d".repeat(250);
    let script = format!(
        "if [ $(stat -f -c %T /build) = tmpfs ]; then echo ok > $OUT/x; exit 0; fi\n{}\n\
         for f in 1 2 3 4; do head -c 60000000 /dev/zero > $f; done; sleep 5; echo ok > $OUT/x",
        nest(&name, 20)
    );
    world.recipe_with("hidden", &script, "[limits]\ndisk = \"64 MiB\"\n");
    world
        .run(&["build", "hidden"])
        .expect(101, &["run B", "disk"]);
    let left = std::fs::read_dir(world.runs()).unwrap();
    let disks = left
        .flatten()
        .flat_map(|run| std::fs::read_dir(run.path()).into_iter().flatten());
    let disks: Vec<_> = disks.flatten().map(|entry| entry.file_name()).collect();
    assert!(
        !disks
            .iter()
            .any(|name| name.to_string_lossy().starts_with("disk-")),
        "{disks:?}"
    );
}
