//! Limits: each holds, whatever a step does to be out of sight, and each has a key in the recipe.

use zwieback_test_world::larder::Larder;
use zwieback_test_world::site;
use zwieback_test_world::tells::TELLS;
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

/// What a recipe may raise is told with the line that does it, and that line is taken.
#[test]
fn outputs_have_limits_that_a_recipe_raises() {
    let world = world();
    for (script, line) in [
        (
            "for i in 1 2 3 4 5; do echo x > $OUT/$i; done",
            "outputs = 4",
        ),
        (
            "mkdir -p $OUT/1/2/3/4; echo x > $OUT/1/2/3/4/5",
            "depth = 3",
        ),
        ("head -c 3000 /dev/zero > $OUT/x", "size = \"2000 B\""),
    ] {
        let limits = format!("[limits]\n{line}\n");
        world.recipe_with("wide", script, &limits);
        let refused = world
            .run(&["build", "wide"])
            .expect(101, &["into `[limits]` of the recipe"]);
        let raised = refused.stderr.split("write `").nth(1).unwrap();
        let raised = raised.split('`').next().unwrap();
        assert_ne!(raised, line);
        world.recipe_with("wide", script, &format!("[limits]\n{raised}\n"));
        world.run(&["build", "wide"]).expect(0, &["reproducible"]);
    }
}

#[test]
fn shared_memory_and_open_files_have_keys() {
    let world = world();
    let fill =
        "head -c 100000000 /dev/zero > /dev/shm/x; ls -l /dev/shm > /dev/null; echo fine > $OUT/x";
    world.recipe("shm", fill);
    world
        .run(&["build", "shm"])
        .expect(100, &["No space left", "`shm = \"128 MiB\"`"]);
    world.recipe_with("shm", fill, "[limits]\nshm = \"128 MiB\"\n");
    world.run(&["build", "shm"]).expect(0, &["reproducible"]);
    world.recipe_with(
        "files",
        "ulimit -n > $OUT/x",
        "[limits]\nopen-files = 8000\n",
    );
    world
        .run(&["build", "files", "--export", "out"])
        .expect(0, &[]);
    let said = std::fs::read_to_string(world.project().join("out/x")).unwrap();
    assert_eq!(said, "8000\n");
}

#[test]
fn a_mode_or_an_owner_that_is_refused_has_a_way_out() {
    let world = world();
    world.recipe("spool", "install -d -m 2755 $OUT/spool");
    world
        .run(&["build", "spool"])
        .expect(100, &["setgid", "install -m 755", "zwieback logs"]);
    world.recipe("owned", "echo x > $OUT/x; chown 0:0 $OUT/x");
    world
        .run(&["build", "owned"])
        .expect(100, &["--no-same-owner"]);
}

/// An argument of a program may have 128 KiB; the script of a step is none.
#[test]
fn a_step_may_be_longer_than_any_argument() {
    let world = world();
    let line = "echo 0123456789 0123456789 0123456789 >> $OUT/x\n";
    let script = line.repeat(10_000);
    assert!(script.len() > 400 << 10);
    world.recipe("long", &format!("{script}ls -A /tmp > /dev/null\n"));
    world
        .run(&["build", "long", "--export", "out"])
        .expect(0, &["reproducible"]);
    let said = std::fs::read_to_string(world.project().join("out/x")).unwrap();
    assert_eq!(said.lines().count(), 10_000);
    // It fails as any script does, and what comes after it finds nothing of it.
    world.recipe("broken", &format!("{script}false\necho not reached\n"));
    let failed = world
        .run(&["build", "broken"])
        .expect(100, &["exited with 1"]);
    assert!(!failed.stderr.contains("not reached"), "{failed}");
}

#[test]
fn what_sanitizers_and_virtual_machines_print_leads_to_the_way_out() {
    let world = world();
    for (line, way_out) in [
        (
            "==7==LeakSanitizer has encountered a fatal error.",
            "needs_ptrace = true",
        ),
        ("java.lang.OutOfMemoryError: Java heap space", "-Xmx"),
    ] {
        // Far above the end of the log, of which the screen shows some lines.
        let script = format!(
            "echo '{line}' >&2; i=0; while [ $i -lt 90 ]; do echo; i=$((i+1)); done; exit 1"
        );
        world.recipe("tells", &script);
        world
            .run(&["build", "tells"])
            .expect(100, &[way_out, "the whole log: zwieback logs"]);
    }
}

#[test]
fn streams_are_opened_anew_and_home_is_there() {
    let world = world();
    world.recipe(
        "streams",
        "echo one > /dev/stdout; echo two > /dev/stderr; echo three | cat > /proc/self/fd/1\n\
         echo four | tee /dev/stderr > $OUT/tee; exec 3> $OUT/fd; echo five > /dev/fd/3\n\
         echo six > $HOME/.toolrc; cat $HOME/.toolrc > $OUT/home",
    );
    world
        .run(&["build", "streams"])
        .expect(0, &["reproducible"]);
}

/// Each output differs by a cause of its own that leaves no trace: the same runs tell of all of them. A tree is kept of
/// each run.
#[test]
fn further_runs_have_an_end_however_many_outputs_differ() {
    let world = World::new(site!(), Larder::Shell);
    let lines = TELLS.map(|(factor, command)| {
        format!(
            "word=$( ({command}) | cksum | cut -d ' ' -f 1 | tr 0-9 aeiouklmnr)\n\
            for i in 1 2 3; do echo see $word here > $OUT/{factor}$i; done\n"
        )
    });
    world.recipe(
        "many",
        &format!("{}head -c 9 /dev/urandom > $OUT/run", lines.concat()),
    );
    let arguments = ["build", "many", "--profile", "strict", "--no-progress"];
    let said = world.run(&arguments);
    let said = said.expect(104, &["is not reproducible"]);
    assert!(!said.stderr.contains("not confirmed"), "{}", said.stderr);
    let trees = std::fs::read_dir(world.store().join("trees")).unwrap();
    let trees = trees.map(|entry| entry.unwrap().path());
    let runs = trees.filter(|path| path.join("run").is_file()).count();
    assert!((2 + 14..=2 + 96).contains(&runs), "{runs} runs");
}
