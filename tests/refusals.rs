//! What an attacker or an accident changed on the way: found, named, and never built from.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
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
use zwieback_test_world::source::{archive, recipe_of_purl, recipe_with_source, use_mirrors};
use zwieback_test_world::world::World;

const LOCK: &str = "project/recipes/data/zwieback.lock";

/// Changes a file of the store as an attacker would: the same length, the same time.
fn tamper(file: &Path) {
    let honest = fs::metadata(file).unwrap();
    let mut bytes = fs::read(file).unwrap();
    bytes[0] ^= 1;
    fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(file, bytes).unwrap();
    fs::set_permissions(file, honest.permissions()).unwrap();
    let opened = fs::File::open(file).unwrap();
    opened.set_modified(honest.modified().unwrap()).unwrap();
}

/// A project under version control of its own: the checkout around it ignores the folder of tests.
fn versioned(larder: Larder) -> World {
    let world = World::new(site!(), larder);
    let made = world.command("git").args(["init", "-q"]).status();
    assert!(made.unwrap().success());
    world
}

fn find(folder: &Path, ending: &str) -> PathBuf {
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                open.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                return path;
            }
        }
    }
    panic!("no {ending} in {}", folder.display());
}

#[test]
fn a_lock_that_was_changed_is_not_built_from() {
    let (honest, forged) = (Fingerprint::of(b"honest"), Fingerprint::of(b"forged"));
    let changes = [
        // Another file than was locked: the mirror's bytes are not it, whatever the lock's author wants.
        (
            "sha256",
            honest.sha256.to_string(),
            forged.sha256.to_string(),
            102,
            "is not what was locked",
        ),
        // Digests of two files.
        (
            "blake3",
            honest.blake3.to_string(),
            forged.blake3.to_string(),
            102,
            "is not what was locked",
        ),
        (
            "size",
            "size = 6".to_owned(),
            "size = 5".to_owned(),
            102,
            "is not what was locked",
        ),
        // Another purl than the recipe asks for.
        (
            "purl",
            "debian/data@1".to_owned(),
            "debian/other@1".to_owned(),
            1,
            "nothing in the manifest asks for pkg:deb/debian/other@1",
        ),
        (
            "version",
            "version = 1".to_owned(),
            "version = 2".to_owned(),
            1,
            "this lock has version 2",
        ),
        (
            "key",
            "size = 6".to_owned(),
            "sise = 6".to_owned(),
            1,
            "unknown field `sise`",
        ),
    ];
    let world = World::new(site!(), Larder::Shell);
    let place = recipe_with_source(&world, "data", "data.bin", b"honest");
    let mirror = Mirror::new([(&place, b"honest".to_vec(), Manner::Honest)]);
    use_mirrors(&world, &[mirror.root()]);
    let lock = fs::read_to_string(world.path(LOCK)).unwrap();
    for (what, from, to, code, said) in changes {
        assert!(lock.contains(&from), "{from} in {lock}");
        world.write(LOCK, lock.replace(&from, &to));
        let outcome = world.run(&["build", "data"]);
        assert_eq!(outcome.code, Some(code), "{what}: {outcome}");
        assert!(outcome.stderr.contains(said), "{what}: {outcome}");
        assert_eq!(outcome.stdout, "", "{what}");
    }
}

#[test]
fn a_lock_of_other_requests_is_stale_and_all_are_named() {
    let world = World::new(site!(), Larder::Shell);
    recipe_with_source(&world, "data", "data.bin", b"honest");
    recipe_with_source(&world, "more", "more.bin", b"honest");
    for name in ["data", "more"] {
        let file = format!("project/recipes/{name}/recipe.toml");
        let text = fs::read_to_string(world.path(&file)).unwrap();
        world.write(&file, text.replace(".bin", ".other"));
    }
    world
        .run(&["build", "data"])
        .expect(1, &["the lock of recipe `data` is stale"]);
    let check = ["2 locks are missing or stale", "`zwieback lock data more`"];
    world.run(&["lock", "--check"]).expect(1, &check);
}

#[test]
fn a_tampered_toolchain_is_found_on_use_and_mended() {
    let world = World::new(site!(), Larder::Shell);
    world.recipe("plain", "echo > $OUT/made");
    tamper(&find(&world.store().join("trees"), "usr/bin/sed"));
    let refused = world.run(&["build", "plain"]);
    assert_eq!(refused.stdout, "", "{refused}");
    refused.expect(
        102,
        &["usr/bin/sed", "was changed after it was written", "hint:"],
    );
    world
        .run(&["store", "verify"])
        .expect(102, &["usr/bin/sed", "1 problem"]);
    world
        .run(&["store", "verify", "--repair"])
        .expect(0, &["1 problem, all removed"]);
    world
        .run(&["build", "plain", "--offline"])
        .expect(0, &["plain 1 is reproducible"]);
    world.run(&["store", "verify"]).expect(0, &["0 problems"]);
}

#[test]
fn a_tampered_source_or_result_is_found_on_use() {
    let world = World::new(site!(), Larder::Shell);
    let source = archive(&world, "data", "honest source\n");
    let blake3 = Fingerprint::of(&source).blake3.to_string();
    let place = recipe_with_source(&world, "data", "data.tar", &source);
    let mirror = Mirror::new([(&place, source, Manner::Honest)]);
    use_mirrors(&world, &[mirror.root()]);
    world.run(&["fetch", "data"]).expect(0, &[]);
    tamper(&find(&world.store().join("blobs"), &blake3));
    world
        .run(&["build", "data"])
        .expect(102, &["was changed after it was written"]);
    world
        .run(&["store", "verify", "--repair"])
        .expect(0, &["1 problem"]);
    let built = world.run(&["build", "data"]);
    let made = Path::new(built.line()).join("data/data");
    built.expect(0, &["Fetched 1 input", "data 1 is reproducible"]);
    tamper(&made);
    let again = world.run(&["build", "data"]);
    assert_eq!(again.stdout, "", "{again}");
    again.expect(102, &["data/data", "was changed"]);
}

#[test]
fn a_package_of_that_name_elsewhere_is_never_asked_for() {
    let world = World::new(site!(), Larder::Shell);
    let purl = "pkg:cargo/data@1.0.0";
    recipe_of_purl(
        &world,
        "project/recipes/data",
        ("data", "1", purl),
        "data-1.0.0.crate",
        b"honest",
    );
    // One host with the name in every other ecosystem, under every path that these ask for.
    let forged = || (b"forged".to_vec(), Manner::Honest);
    let elsewhere = Mirror::new(
        [
            "data/-/data-1.0.0.crate",
            "data/data-1.0.0.crate",
            "data-1.0.0.crate",
        ]
        .map(|path| (path, forged().0, forged().1)),
    );
    let root = elsewhere.root();
    let mirrors = format!("[mirrors]\nnpm = [{root:?}]\npypi = [{root:?}]\ngeneric = [{root:?}]\n");
    world.write("home/.config/zwieback/config.toml", mirrors);
    world
        .run(&["build", "data"])
        .expect(1, &["data-1.0.0.crate", "cannot be had", "pkg:cargo"]);
    assert_eq!(elsewhere.asked(), Vec::<String>::new());
}

#[test]
fn a_lockfile_inside_a_source_must_have_every_digest() {
    let cargo = "version = 3\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\ndependencies = [\"left\"]\n\
                 [[package]]\nname = \"left\"\nversion = \"1.0.0\"\n\
                 source = \"registry+https://mirror.example/index\"\n";
    let npm = r#"{"lockfileVersion": 3, "packages": {"": {"name": "app"},
                  "node_modules/left": {"version": "1.0.0", "resolved": "https://mirror.example/left-1.0.0.tgz"}}}"#;
    let pypi = "left==1.0.0\n";
    for (vendor, file, text) in [
        ("cargo", "Cargo.lock", cargo),
        ("npm", "package-lock.json", npm),
        ("pypi", "requirements.txt", pypi),
    ] {
        let world = versioned(Larder::Empty);
        world.write(&format!("project/src/{file}"), text);
        let recipe = format!(
            "[recipe]\nname = \"app\"\nversion = \"1\"\ntoolchains = [\"shell\"]\n\n\
             [sources.app]\npath = \"src\"\nvendor = \"{vendor}\"\n\n\
             [[steps]]\nname = \"make\"\nrun = \"true\"\n"
        );
        world.write("project/recipes/app/recipe.toml", recipe);
        let locked = world.run(&["lock", "app"]);
        assert_eq!(locked.code, Some(1), "{vendor}: {locked}");
        assert!(locked.stderr.contains("left"), "{vendor}: {locked}");
        let lock = world.project().join("recipes/app/zwieback.lock");
        assert!(!lock.exists(), "{vendor}");
    }
}

#[test]
fn a_link_out_of_a_folder_is_not_a_source() {
    let world = versioned(Larder::Shell);
    world.write("project/src/honest.c", "int main(void) { return 0; }\n");
    let recipe = "[recipe]\nname = \"app\"\nversion = \"1\"\ntoolchains = [\"shell\"]\n\n\
                  [sources.app]\npath = \"src\"\n\n\
                  [[steps]]\nname = \"make\"\nrun = \"cp -R app $OUT/\"\n";
    world.write("project/recipes/app/recipe.toml", recipe);
    world.run(&["lock", "app"]).expect(0, &["Locked"]);
    let lock = world.path("project/recipes/app/zwieback.lock");
    let honest = fs::read(&lock).unwrap();
    let link = world.path("project/src/passwords");
    for target in ["/etc/passwd", "../../home", "a/../../../x"] {
        symlink(target, &link).unwrap();
        let built = world.run(&["build", "app"]);
        assert_eq!(built.stdout, "", "{built}");
        built.expect(1, &["passwords", target]);
        fs::remove_file(&lock).unwrap();
        world
            .run(&["lock", "app"])
            .expect(1, &["passwords", target]);
        assert!(!lock.exists());
        fs::write(&lock, &honest).unwrap();
        fs::remove_file(&link).unwrap();
    }
}

#[test]
fn toolchains_that_disagree_about_a_path_name_both_owners() {
    let world = World::new(site!(), Larder::Shell);
    for (name, content) in [("one", "first\n"), ("two", "second\n")] {
        toolchain(&world, name, content);
    }
    let recipe = |toolchains: &str| {
        let text = format!(
            "[recipe]\nname = \"app\"\nversion = \"1\"\ntoolchains = {toolchains}\n\n\
             [[steps]]\nname = \"make\"\nrun = \"cp /usr/share/meeting $OUT/\"\n"
        );
        world.write("project/recipes/app/recipe.toml", text);
    };
    recipe("[\"shell\", \"one\", \"two\"]");
    let collided = world.run(&["build", "app"]);
    collided.expect(1, &["usr/share/meeting", "from both one and two"]);
    recipe("[\"shell\", \"one\"]");
    world.run(&["build", "app"]).expect(0, &["is reproducible"]);
}

/// Writes a toolchain of one package with one file, whose package is in the store.
fn toolchain(world: &World, name: &str, content: &str) {
    let package = format!("{name}/usr/share/meeting");
    world.write(&package, content);
    let control = format!(
        "Package: {name}\nVersion: 1\nArchitecture: amd64\nMaintainer: nobody <n@mirror.example>\nDescription: a test\n"
    );
    world.write(&format!("{name}/DEBIAN/control"), control);
    let file = format!("{name}_1_amd64.deb");
    let made = Command::new("dpkg-deb")
        .args(["--build", "--root-owner-group"])
        .args([world.path(name), world.path(&file)])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let bytes = fs::read(world.path(&file)).unwrap();
    let print = Fingerprint::of(&bytes);
    let text = format!(
        "[toolchain]\nname = \"{name}\"\ndescription = \"One file\"\n\n[deb]\nrelease = \"bookworm\"\narchitecture = \"amd64\"\n\
         packages = [\"{name}\"]\n"
    );
    let manifest = Toolchain::parse(SourceText {
        path: "toolchain.toml",
        text: &text,
    });
    let purl: zwieback_model::purl::Purl =
        format!("pkg:deb/debian/{name}@1?arch=amd64&distro=bookworm")
            .parse()
            .unwrap();
    let input = LockedInput {
        source: None,
        purl: purl.clone(),
        file: file.parse().unwrap(),
        sha256: print.sha256,
        blake3: Some(print.blake3),
        size: print.size,
        locations: vec![file.parse().unwrap()],
    };
    let lock = Lockfile::new(manifest.unwrap().requests(), vec![input]);
    let folder = format!("project/toolchains/{name}");
    world.write(&format!("{folder}/toolchain.toml"), &text);
    world.write(&format!("{folder}/zwieback.lock"), lock.to_text());
    let store = zwieback_host::store::place::Store::open(&world.store()).unwrap();
    let expected = zwieback_host::store::blob::Expected::Exactly(print);
    let origin = zwieback_host::store::origin::Origin::Package(&purl);
    let file = world.path(&file);
    store.import_file(&file, expected, origin).unwrap();
}
