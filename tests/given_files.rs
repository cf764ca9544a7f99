//! Files that somebody names: what is no regular file ends a command at once, and says what it is.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use zwieback_test_world::larder::Larder;
use zwieback_test_world::outcome::Outcome;
use zwieback_test_world::site;
use zwieback_test_world::world::World;

/// Every way to name a file on the command line; `@` is the file that is named.
const WAYS: [&str; 27] = [
    "verify @ --bundle text --key pub",
    "verify pub --bundle @ --key pub",
    "verify pub --bundle text --key @",
    "verify pub --bundle text --trust @",
    "verify pub --bundle text --key pub --policy @",
    "verify pub --summary @ --trust root --resource pkg:x",
    "log verify none --witnesses @",
    "policy digest @ --builds text --trust text",
    "policy digest text --builds @ --trust text",
    "policy digest text --builds text --trust @",
    "policy sign @ --output signed",
    "policy test text @ --key pub",
    "policy explain @ pub --bundle text --key pub",
    "key list --root @",
    "key trust --root @ pub --builder https://b.example",
    "key trust --root none @ --builder https://b.example",
    "key rotate --root root @ pub",
    "key sign --root root @",
    "bundle import @ --key pub --into bundles",
    "bundle import text --key @ --into bundles",
    "bundle lines @",
    "recheck @ --key pub",
    "recheck text --key @",
    "store import @",
    "status --gate @",
    "--config sign.passphrase_file=@ key show --key sealed",
    "key show --key ./@",
];

/// A world with a public key `pub`, a private one behind a passphrase, and a `text`.
fn world() -> World {
    let world = World::new(site!(), Larder::Empty);
    let word = world.write("project/word", "word\n");
    let mut chmod = Command::new("chmod");
    assert!(chmod.arg("600").arg(word).status().unwrap().success());
    let sealed = "--config sign.passphrase_file=word key generate sealed --encrypt";
    run(&world, sealed).expect(0, &[]);
    let shown = run(
        &world,
        "--config sign.passphrase_file=word key show --key sealed",
    );
    world.write("project/pub", shown.expect(0, &[]).stdout);
    world.write("project/text", "{}");
    let found = "--config sign.passphrase_file=word key trust --root root pub --sign-key sealed \
                 --builder https://b.example --operator b";
    run(&world, found).expect(0, &[]);
    world
}

/// Runs a line of words, for ten seconds at the most.
fn run(world: &World, line: &str) -> Outcome {
    let mut timeout = world.command("timeout");
    timeout.args(["-s", "KILL", "10", "zwieback"]);
    timeout.args(line.split_whitespace());
    timeout.output().unwrap().into()
}

fn fifo(world: &World, path: &str) {
    let mut mkfifo = Command::new("mkfifo");
    let path = world.project().join(path);
    assert!(mkfifo.arg(path).status().unwrap().success());
}

#[test]
fn no_command_waits_for_a_fifo_or_reads_a_device() {
    let world = world();
    fifo(&world, "fifo");
    symlink("/dev/zero", world.project().join("zero")).unwrap();
    for way in WAYS {
        for (file, kind) in [("fifo", "a FIFO"), ("zero", "a device")] {
            let outcome = run(&world, &way.replace('@', file));
            assert_eq!(outcome.code, Some(1), "{way}: {outcome}");
            let said = format!("{kind}, not a regular file; write what it holds to a file first");
            assert!(outcome.stderr.contains(&said), "{way}: {outcome}");
            assert!(outcome.stderr.contains(file), "{way}: {outcome}");
        }
    }
}

#[test]
fn a_file_without_an_end_is_not_read_to_its_end() {
    let world = world();
    // Sparse: 64 GiB that take no room.
    let mut truncate = Command::new("truncate");
    truncate
        .args(["-s", "64G"])
        .arg(world.project().join("huge"));
    assert!(truncate.status().unwrap().success());
    // A large artifact is an honest one, and an export as large as what it holds.
    let documents = |way: &&&str| !way.starts_with("verify @") && !way.starts_with("store import");
    for way in WAYS.iter().filter(documents) {
        let outcome = run(&world, &way.replace('@', "huge"));
        let refused = [Some(1), Some(4)].contains(&outcome.code);
        assert!(refused, "{way}: {outcome}");
    }
}

#[test]
fn what_a_project_holds_is_read_in_the_same_way() {
    let world = World::new(site!(), Larder::Empty);
    world.recipe("greeting", "true");
    fifo(&world, "recipes/greeting/zwieback.lock");
    for command in [
        "lock greeting",
        "lock --check",
        "plan greeting",
        "fetch greeting",
    ] {
        let outcome = run(&world, command);
        outcome.expect(1, &["zwieback.lock", "a FIFO, not a regular file"]);
    }
}

#[test]
fn no_error_shows_a_line_of_what_a_project_links_to() {
    let world = World::new(site!(), Larder::Empty);
    world.recipe("greeting", "true");
    let secret = world.write("home/.ssh/id", "hunter2 = = no toml\n");
    let manifest = world.project().join("recipes/greeting/recipe.toml");
    let lock = world.project().join("recipes/greeting/zwieback.lock");
    let own = world.project().join(".zwieback.toml");
    let toolchain = world.project().join("toolchains/shell/toolchain.toml");
    for file in [own, lock, manifest, toolchain] {
        let kept = fs::read(&file).ok();
        drop(fs::remove_file(&file));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        symlink(&secret, &file).unwrap();
        let outcome = run(&world, "plan greeting").expect(1, &["symbolic link"]);
        assert!(!outcome.stderr.contains("hunter2"), "{outcome}");
        fs::remove_file(&file).unwrap();
        if let Some(kept) = kept {
            fs::write(&file, kept).unwrap();
        }
    }
}

/// What lies behind a link is whatever its author wants: files of the user's that he cannot read himself.
#[test]
fn no_folder_of_a_project_is_a_link() {
    let world = World::new(site!(), Larder::Empty);
    let honest = "[sources.a]\npath = \"src\"\npatches = [\"sub/fix.patch\"]\n";
    world.recipe_with("greeting", "true", honest);
    world.write("project/recipes/greeting/sub/fix.patch", "");
    world.write("project/src/a", "a\n");
    run(&world, "lock greeting").expect(0, &[]);
    let at = |path: &str| world.project().join(path);
    let commands = [
        "plan greeting",
        "plan recipes/greeting",
        "lock",
        "lock --check",
    ];
    for (folder, commands) in [
        ("recipes", &commands[..]),
        ("recipes/greeting", &commands),
        ("recipes/greeting/sub", &commands[..2]),
        ("toolchains/shell", &commands[..2]),
    ] {
        let outside = world.path("home/elsewhere");
        fs::rename(at(folder), &outside).unwrap();
        symlink(&outside, at(folder)).unwrap();
        let before = fs::read_dir(&outside).unwrap().count();
        for command in commands {
            let said = format!("{folder} is a symbolic link");
            run(&world, command).expect(1, &[&said, "put the folder itself there"]);
        }
        assert_eq!(fs::read_dir(&outside).unwrap().count(), before);
        fs::remove_file(at(folder)).unwrap();
        fs::rename(&outside, at(folder)).unwrap();
    }
    // Toolchains may be shared by several projects. They are read there, and nothing is written through the link.
    let shared = world.path("home/toolchains");
    fs::rename(at("toolchains"), &shared).unwrap();
    symlink(&shared, at("toolchains")).unwrap();
    run(&world, "plan greeting").expect(0, &["Planned"]);
    let lock = fs::read(shared.join("shell/zwieback.lock")).unwrap();
    fs::remove_file(shared.join("shell/zwieback.lock")).unwrap();
    let said = [
        "toolchains is a symbolic link",
        "put the folder itself there",
    ];
    run(&world, "lock shell").expect(1, &said);
    assert!(!shared.join("shell/zwieback.lock").exists());
    fs::write(shared.join("shell/zwieback.lock"), lock).unwrap();
    // A folder elsewhere is one that the user has named, not the project.
    fs::rename(at("recipes/greeting"), world.path("home/greeting")).unwrap();
    fs::create_dir_all(at("recipes")).unwrap();
    run(&world, "plan ../home/greeting").expect(0, &["Planned"]);
}

/// A configuration that is there and no file is not the same as none: a project tightens with it.
#[test]
fn no_configuration_is_passed_over() {
    let world = World::new(site!(), Larder::Empty);
    world.recipe("greeting", "true");
    let own = world.project().join(".zwieback.toml");
    for target in ["/dev/zero", "nowhere", "recipes"] {
        symlink(target, &own).unwrap();
        run(&world, "plan greeting").expect(1, &[".zwieback.toml", "symbolic link"]);
        fs::remove_file(&own).unwrap();
    }
    fifo(&world, ".zwieback.toml");
    run(&world, "plan greeting").expect(1, &[".zwieback.toml", "a FIFO"]);
    fs::remove_file(&own).unwrap();
    fs::create_dir(&own).unwrap();
    run(&world, "plan greeting").expect(1, &[".zwieback.toml", "directory"]);
    fs::remove_dir(&own).unwrap();
    let users = world.write("home/.config/zwieback/config.toml", "");
    fs::remove_file(&users).unwrap();
    symlink("nowhere", &users).unwrap();
    run(&world, "plan greeting").expect(1, &["config.toml", "No such file"]);
    fs::remove_file(&users).unwrap();
    // A recipe that cannot be read is none the less one.
    let recipe = world.project().join("recipes/greeting/recipe.toml");
    fs::remove_file(&recipe).unwrap();
    fifo(&world, "recipes/greeting/recipe.toml");
    for command in ["plan greeting", "lock --check"] {
        run(&world, command).expect(1, &["recipe.toml", "a FIFO"]);
    }
}

#[test]
fn a_patch_is_a_file_of_its_recipe() {
    let world = World::new(site!(), Larder::Empty);
    let source = "[sources.a]\npath = \"src\"\npatches = [\"fix.patch\"]\n";
    world.recipe_with("greeting", "true", source);
    world.write("project/src/a", "a\n");
    let secret = world.write("home/.ssh/id", "secret");
    symlink(secret, world.project().join("recipes/greeting/fix.patch")).unwrap();
    run(&world, "lock greeting").expect(0, &[]);
    let outcome = run(&world, "plan greeting");
    outcome.expect(1, &["fix.patch", "symbolic link"]);
}

#[test]
fn a_digest_is_of_a_policy_alone() {
    let world = world();
    world.write("project/release.toml", "version = 1\n");
    for documents in [
        "text --builds text --trust root",
        "release.toml --builds text --trust root",
        "release.toml --builds release.toml --trust text",
    ] {
        let outcome = run(&world, &format!("policy digest {documents}"));
        outcome.expect(4, &["release-policy-malformed"]);
    }
}

#[test]
fn a_careless_umask_opens_nothing_to_others() {
    let world = world();
    let script = "umask 000; set -e
        export ZWIEBACK_CONFIG_SIGN_PASSPHRASE_FILE=word
        zwieback key generate log --kind ed25519 > /dev/null
        key=$(zwieback -q log init log --name log.example --sign-key log)
        zwieback verify pub --bundle text --trust root && exit 1
        find $HOME log \\( -perm -o=w -o -perm -g=w \\) ! -type l
        zwieback log verify log --signed-by \"$key\" > /dev/null
        chmod 777 $HOME/.local/state/zwieback/roots
        zwieback verify pub --bundle text --trust root && exit 1
        find $HOME/.local/state/zwieback $HOME/.local/share/zwieback/keys \\
             -perm /077 ! -type l ! -name '*.pub'";
    let found = world.command("bash").args(["-c", script]).output().unwrap();
    let found = Outcome::from(found);
    assert_eq!((found.code, found.stdout.trim()), (Some(0), ""), "{found}");
    for memory in ["roots", "log-memory", "key-uses.jsonl"] {
        let made = world.path("home/.local/state/zwieback").join(memory);
        assert!(made.exists(), "{memory} is remembered: {found}");
    }
}

/// A sparse file of no bytes at all is as long as anybody likes: it is refused by its length, and not read.
#[test]
fn an_artifact_without_an_end_is_not_read() {
    let world = world();
    let long = fs::File::create(world.path("project/long")).unwrap();
    long.set_len(10 << 40).unwrap();
    let told = ["it has 10995116277760 bytes", "`limits.size`"];
    for line in [
        "verify long --bundle text --key pub",
        "policy explain text long --bundle text --key pub",
        "--config limits.size=9TiB verify long --bundle text --key pub",
    ] {
        run(&world, line).expect(101, &told);
    }
}
