//! What lies in a project's folder steers no program that is started on its behalf.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::fs::symlink;

use zwieback_test_world::larder::Larder;
use zwieback_test_world::mirror::{Manner, Mirror};
use zwieback_test_world::site;
use zwieback_test_world::skip::skip;
use zwieback_test_world::world::World;

/// A recipe of one package, and a file that is there once code of the project has run.
fn project(purl: &str) -> (World, String) {
    let world = World::new(site!(), Larder::Empty);
    let text = format!(
        "[recipe]\nname = \"it\"\nversion = \"1\"\ntoolchains = [\"shell\"]\n\n\
         [sources.it]\npurl = \"{purl}\"\n\n[[steps]]\nname = \"no\"\nrun = 'true'\n"
    );
    world.write("project/recipes/it/recipe.toml", text);
    let mark = world.path("ran").display().to_string();
    (world, mark)
}

fn has(world: &World, program: &str, arguments: &[&str]) -> bool {
    let seen = world.command(program).args(arguments).output();
    seen.is_ok_and(|output| output.status.success())
}

#[test]
fn a_repository_among_the_files_of_a_source_starts_nothing() {
    let world = World::new(site!(), Larder::Empty);
    let mark = world.path("ran").display().to_string();
    let config = format!(
        "[core]\nrepositoryformatversion = 0\nbare = false\nworktree = .\n\
         fsmonitor = \"touch {mark}; false\"\n"
    );
    world.write("project/src/a.c", "int a;\n");
    world.write("project/src/HEAD", "ref: refs/heads/main\n");
    world.write("project/src/config", &config);
    for folder in ["objects", "refs"] {
        world.write(&format!("project/src/{folder}/keep"), "");
    }
    let text = "[recipe]\nname = \"it\"\nversion = \"1\"\ntoolchains = [\"shell\"]\n\n\
                [sources.it]\npath = \"src\"\n\n[[steps]]\nname = \"no\"\nrun = 'true'\n";
    world.write("project/recipes/it/recipe.toml", text);
    // A clone: there is a repository around the source, whose configuration says the same.
    let made = world.command("git").args(["init", "-q"]).status().unwrap();
    assert!(made.success());
    let own = "[core]\nrepositoryformatversion = 0\nfsmonitor = \"touch %; false\"\n";
    world.write("project/.git/config", own.replace('%', &mark));
    world.run(&["lock", "it"]).expect(0, &["Locked recipe it"]);
    world.run(&["lock", "--check"]).expect(0, &[]);
    world.run(&["init", "src", "--name", "other"]);
    assert!(!world.path("ran").exists(), "code of the source has run");
}

#[test]
fn a_folder_that_is_called_pip_is_not_pip() {
    let (world, mark) = project("pkg:pypi/foo@1.0");
    if !has(&world, "python3", &["-I", "-m", "pip", "--version"]) {
        return skip("a_folder_that_is_called_pip_is_not_pip", "there is no pip");
    }
    let server = Mirror::new([("simple/foo/", b"{\"files\":[]}".to_vec(), Manner::Honest)]);
    let conf = format!("[global]\nindex-url = {}simple/\n", server.root());
    world.write("home/.config/pip/pip.conf", conf);
    let code = format!("open({mark:?}, 'w')\n");
    for module in [
        "pip/__init__.py",
        "pip/__main__.py",
        "sitecustomize.py",
        "re.py",
    ] {
        world.write(&format!("project/{module}"), &code);
    }
    let mut lock = world.zwieback(&["lock", "it"]);
    lock.env("PYTHONPATH", world.project());
    lock.env("PATH", format!(".:{}", "/usr/local/bin:/usr/bin:/bin"));
    world.write("project/python3", format!("#!/bin/sh\n: > {mark}\n"));
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(world.path("project/python3"), mode).unwrap();
    let said = lock.output().unwrap();
    // It was asked, by the index that the user configured.
    let asked = server.asked();
    assert!(
        asked.iter().any(|path| path.contains("simple/foo")),
        "{asked:?} {said:?}"
    );
    assert!(!world.path("ran").exists(), "code of the project has run");
}

#[test]
fn a_projects_npmrc_learns_no_secret() {
    let (world, _) = project("pkg:npm/foo@1.0.0");
    if !has(&world, "npm", &["--version"]) {
        return skip("a_projects_npmrc_learns_no_secret", "there is no npm");
    }
    let server = Mirror::new([("foo", b"{}".to_vec(), Manner::Honest)]);
    world.write(
        "home/.npmrc",
        format!("registry={}\nfetch-retries=0\n", server.root()),
    );
    let theirs = format!("registry={}evil/${{MY_SECRET}}/\n", server.root());
    world.write("project/.npmrc", theirs);
    world.write("project/package.json", "{\"name\":\"x\"}");
    let mut lock = world.zwieback(&["lock", "it"]);
    lock.env("MY_SECRET", "hunter2");
    let said = lock.output().unwrap();
    let asked = server.asked();
    assert!(
        asked.iter().any(|path| path.contains("foo")),
        "{asked:?} {said:?}"
    );
    assert!(!asked.iter().any(|path| path.contains("evil")), "{asked:?}");
}

#[test]
fn a_signer_is_never_looked_up_in_the_present_folder() {
    let (world, mark) = project("pkg:generic/foo@1");
    let script = world.write("project/sign", format!("#!/bin/sh\n: > {mark}\n"));
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    world
        .run(&["key", "show", "--key", "exec:./sign"])
        .expect(1, &["never looked up there", "write the whole path"]);
    // A name is looked up in PATH, and an empty entry of it is no folder.
    let mut show = world.zwieback(&["key", "show", "--key", "exec:sign"]);
    show.env("PATH", ":.:/usr/bin");
    assert!(!show.output().unwrap().status.success());
    assert!(!world.path("ran").exists(), "code of the project has run");
    // By its whole path it is the user's choice, and starts in a folder without the project's files.
    let whole = format!("exec:{}", script.display());
    world
        .run(&["key", "show", "--key", &whole])
        .expect(1, &["answered"]);
    assert!(world.path("ran").exists());
}

#[test]
fn a_source_is_reached_through_no_link() {
    let world = World::new(site!(), Larder::Shell);
    world.write("home/secret/default.key", "secret");
    world.write("project/real/file", "own\n");
    let link = |to: &str, at: &str| symlink(world.path(to), world.project().join(at)).unwrap();
    link("home/secret", "vendor");
    link("home", "real/in");
    for (name, path) in [("direct", "vendor"), ("behind", "real/in/secret")] {
        let source = format!("\n[sources.a]\npath = \"{path}\"\n");
        world.recipe_with(name, "cp a/default.key $OUT/", &source);
        world
            .run(&["lock", name])
            .expect(1, &["is a symbolic link"]);
    }
    world.recipe_with(
        "honest",
        "cp a/file $OUT/",
        "\n[sources.a]\npath = \"real\"\ninclude = [\"file\"]\n",
    );
    world.run(&["lock", "honest"]).expect(0, &[]);
}

#[test]
fn a_new_recipe_is_not_written_through_a_link() {
    let world = World::new(site!(), Larder::Shell);
    let outside = world.path("home/.profile");
    fs::create_dir_all(world.project().join("recipes/it")).unwrap();
    symlink(&outside, world.project().join("recipes/it/recipe.toml")).unwrap();
    world.run(&["init", "it"]).expect(1, &["recipe.toml"]);
    assert!(!outside.exists(), "a file of the user's was made");
}

#[test]
fn nothing_is_begun_in_a_folder_that_is_a_link() {
    for (link, within) in [
        ("toolchains", "c"),
        ("toolchains/c", ""),
        ("recipes/it", ""),
    ] {
        let world = World::new(site!(), Larder::Empty);
        fs::create_dir_all(world.project().join("recipes")).unwrap();
        let outside = world.path("home/elsewhere");
        fs::create_dir_all(&outside).unwrap();
        let at = world.project().join(link);
        drop(fs::remove_dir_all(&at));
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        symlink(&outside, &at).unwrap();
        world
            .run(&["init", "it"])
            .expect(1, &["is a symbolic link", "nothing is written through it"]);
        assert!(
            !outside.join(within).join("toolchain.toml").exists(),
            "{link}"
        );
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "{link}");
    }
}
