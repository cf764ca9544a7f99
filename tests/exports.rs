//! An export is put in its place whole, follows no link, and replaces nothing that is somebody's own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use zwieback_test_world::larder::Larder;
use zwieback_test_world::outcome::Outcome;
use zwieback_test_world::site;
use zwieback_test_world::world::World;

fn world() -> World {
    World::new(site!(), Larder::Shell)
}

fn export(world: &World, recipe: &str, folder: &str) -> Outcome {
    world.run(&["build", recipe, "--export", folder])
}

fn shell(world: &World, script: &str) -> String {
    let done = world
        .command("bash")
        .args(["-ec", script])
        .output()
        .unwrap();
    assert!(done.status.success(), "{script}: {done:?}");
    String::from_utf8(done.stdout).unwrap()
}

fn names(world: &World, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(world.project().join(folder)).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_later_version_does_not_write_through_a_link_of_an_earlier_one() {
    let world = world();
    let outside = world.path("elsewhere");
    fs::create_dir(&outside).unwrap();
    let link = format!("ln -s {} $OUT/ssh\necho 1 > $OUT/one", outside.display());
    world.recipe("sly", &link);
    let said = "links lead out of the folder and are exported as they are: `ssh` -> `";
    export(&world, "sly", "out").expect(0, &[said]);
    assert_eq!(
        fs::read_link(world.path("project/out/ssh")).unwrap(),
        outside
    );
    world.recipe(
        "sly",
        "mkdir $OUT/ssh\necho evil > $OUT/ssh/authorized_keys",
    );
    export(&world, "sly", "out").expect(0, &["Exported 1 file to out"]);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    // Nothing of the first export is left, and nothing lies beside the second.
    let written = ["SHA256SUMS", "sly-1.sigstore.json", "sly-1.tree", "ssh"];
    assert_eq!(names(&world, "out"), written);
    assert!(
        names(&world, ".")
            .iter()
            .all(|name| !name.starts_with(".zwieback-"))
    );
}

#[test]
fn outputs_that_have_the_names_of_an_export_are_kept() {
    let world = world();
    let digest = "0000000000000000000000000000000000000000000000000000000000000000";
    world.recipe(
        "own",
        &format!("echo one > $OUT/tool\necho '{digest}  tool' > $OUT/sha256sums\necho two > $OUT/own-1.sigstore.json"),
    );
    export(&world, "own", "out").expect(0, &["are in out.zwieback"]);
    assert_eq!(
        names(&world, "out"),
        ["own-1.sigstore.json", "sha256sums", "tool"]
    );
    assert_eq!(
        fs::read_to_string(world.path("project/out/own-1.sigstore.json")).unwrap(),
        "two\n"
    );
    let beside = ["SHA256SUMS", "own-1.sigstore.json", "own-1.tree"];
    assert_eq!(names(&world, "out.zwieback"), beside);
    shell(
        &world,
        "cd out && sha256sum --check --strict ../out.zwieback/SHA256SUMS",
    );
    // Again, and then without such names: the folder beside goes.
    export(&world, "own", "out").expect(0, &[]);
    world.recipe("own", "echo one > $OUT/tool");
    export(&world, "own", "out").expect(0, &[]);
    assert_eq!(names(&world, "out").len(), 4);
    assert!(!world.path("project/out.zwieback").exists());
}

#[test]
fn what_no_export_wrote_is_never_removed() {
    let world = world();
    world.recipe("words", "mkdir $OUT/d\necho one > $OUT/d/one");
    export(&world, "words", "out").expect(0, &[]);
    let changes = [
        ("echo mine > out/notes", "holds `notes`", "rm out/notes"),
        (
            "echo mine > out/d/notes",
            "holds `d/notes`",
            "rm out/d/notes",
        ),
        (
            "cp -p out/d/one one; echo mine > out/d/one",
            "holds `d/one`",
            "mv one out/d/one",
        ),
        ("ln -s /etc out/d/etc", "holds `d/etc`", "rm out/d/etc"),
        ("mkdir out/empty", "holds `empty`", "rmdir out/empty"),
        ("mkfifo out/pipe", "holds `pipe`", "rm out/pipe"),
        (
            "cp out/SHA256SUMS s; echo >> out/SHA256SUMS",
            "holds `SHA256SUMS`",
            "mv s out/SHA256SUMS",
        ),
        (
            "cp out/words-1.sigstore.json out/x.sigstore.json",
            "sigstore.json`",
            "rm out/x.sigstore.json",
        ),
        (
            "mkdir out.zwieback; echo > out.zwieback/x",
            "out.zwieback holds",
            "rm -r out.zwieback",
        ),
        (
            "mv out/words-1.tree t",
            "none of them is the tree",
            "mv t out/words-1.tree",
        ),
    ];
    for (change, said, back) in changes {
        shell(&world, change);
        let before = shell(&world, "find out* | sort");
        export(&world, "words", "out").expect(1, &[said, "hint: move it away"]);
        assert_eq!(shell(&world, "find out* | sort"), before, "{change}");
        shell(&world, back);
        // As it was again: it is an earlier export, and may go.
        export(&world, "words", "out").expect(0, &[]);
    }
}

#[test]
fn a_link_a_file_and_a_folder_of_others_are_in_the_way() {
    let world = world();
    world.recipe("words", "echo one > $OUT/one");
    fs::create_dir(world.path("real")).unwrap();
    symlink(world.path("real"), world.path("project/link")).unwrap();
    world.write("project/file", "mine");
    world.write("project/folder/mine", "mine");
    export(&world, "words", "link/").expect(
        1,
        &["is a symbolic link", "name the folder that it leads to"],
    );
    export(&world, "words", "file").expect(1, &["is no folder"]);
    export(&world, "words", "folder").expect(1, &["none of them is the tree of an earlier export"]);
    assert_eq!(fs::read_dir(world.path("real")).unwrap().count(), 0);
    // Of several recipes each has a folder in the one that is named, which is no link either.
    world.recipe("more", "echo two > $OUT/two");
    let several = ["build", "words", "more", "--export", "link"];
    world.run(&several).expect(1, &["is a symbolic link"]);
    assert_eq!(fs::read_dir(world.path("real")).unwrap().count(), 0);
    fs::create_dir_all(world.path("project/a/empty")).unwrap();
    for made in ["a/empty", "a/new/one"] {
        export(&world, "words", made).expect(0, &[]);
        assert_eq!(names(&world, made).len(), 4);
    }
}

#[test]
fn modes_are_those_of_the_tree_whatever_the_umask_is() {
    let world = world();
    world.recipe(
        "words",
        "mkdir $OUT/d\necho one > $OUT/d/one\ncp $OUT/d/one $OUT/run\nchmod 700 $OUT/run",
    );
    export(&world, "words", "first").expect(0, &[]);
    let zwieback = world.zwieback(&["build", "words", "--export", "out"]);
    let program = zwieback.get_program().to_str().unwrap().to_owned();
    let arguments: Vec<_> = zwieback
        .get_args()
        .map(|argument| argument.to_str().unwrap().to_owned())
        .collect();
    for umask in ["000", "077"] {
        shell(
            &world,
            &format!("umask {umask}; {program} {}", arguments.join(" ")),
        );
        for (path, expected) in [
            ("d", 0o755),
            ("d/one", 0o644),
            ("run", 0o755),
            ("SHA256SUMS", 0o644),
        ] {
            let about = fs::metadata(world.path(&format!("project/out/{path}"))).unwrap();
            assert_eq!(about.permissions().mode() & 0o7777, expected, "{path}");
        }
        let top = fs::metadata(world.path("project/out")).unwrap();
        assert_eq!(
            top.permissions().mode() & 0o022,
            0,
            "nobody else writes to it"
        );
        fs::remove_dir_all(world.path("project/out")).unwrap();
    }
}

#[test]
fn an_out_link_replaces_links_into_a_store_alone() {
    let world = world();
    world.recipe("words", "echo one > $OUT/one");
    let build = ["build", "words", "--out-link", "result"];
    world.run(&build).expect(0, &[]);
    world.run(&build).expect(0, &[]);
    let ours = fs::read_link(world.path("project/result")).unwrap();
    assert!(ours.starts_with(world.store().join("trees")));
    world.write("precious/x", "mine");
    for mine in [
        world.path("precious"),
        "../precious".into(),
        world.store().join("trees"),
    ] {
        fs::remove_file(world.path("project/result")).unwrap();
        symlink(&mine, world.path("project/result")).unwrap();
        world.run(&build).expect(1, &["does not lead into a store"]);
        assert_eq!(fs::read_link(world.path("project/result")).unwrap(), mine);
    }
}

#[test]
fn names_that_nobody_can_read_are_refused_with_their_step() {
    let world = world();
    for (name, said) in [
        (
            "\\342\\200\\256gpj.exe",
            "`\\u{202e}gpj.exe` is refused: its name cannot be shown: it holds U+202E",
        ),
        ("tool\\342\\200\\213", "`tool\\u{200b}` is refused"),
        ("a\\033[2J", "`a\\u{1b}[2J` is refused"),
        ("a\\377", "`a\\xff` is refused"),
        ("a\\\\..\\\\b", "it leads out of its folder"),
    ] {
        world.recipe(
            "names",
            &format!("name=$(printf '{name}')\necho x > \"$OUT/$name\""),
        );
        let refused = world.run(&["build", "names"]);
        let hint = "hint: rename it in that step";
        refused.expect(100, &["run A, step `", said, hint]);
    }
    world.recipe(
        "names",
        "mkdir $OUT/d\necho x > $OUT/d/Foo\necho y > $OUT/d/foo",
    );
    let noted =
        "names differ in case alone, and are one where case does not count: `d/Foo` and `d/foo`";
    world.run(&["build", "names"]).expect(0, &[noted]);
}
