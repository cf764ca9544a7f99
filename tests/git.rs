//! Commits of repositories as sources: pinned, taken from whichever place has them, never checked out by git.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use zwieback_test_world::larder::Larder;
use zwieback_test_world::mirror::{Manner, Mirror};
use zwieback_test_world::site;
use zwieback_test_world::world::World;

/// Runs git as an author would, with a fixed name and time; answers what it prints.
fn git(world: &World, folder: &Path, arguments: &[&str]) -> String {
    let mut command = world.command("git");
    command
        .args(["-c", "protocol.file.allow=always", "-C"])
        .arg(folder)
        .args(arguments);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "A");
        command.env(format!("GIT_{who}_EMAIL"), "a@mirror.example");
        command.env(format!("GIT_{who}_DATE"), "2020-01-02T03:04:05Z");
    }
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Two repositories below `mirror/acme`: `tool`, and `part`, which is a submodule of it.
fn repositories(world: &World) -> [String; 2] {
    let part = repository(world, "part");
    world.write("work/part/part.txt", "part\n");
    let part_commit = commit(world, &part);
    let tool = repository(world, "tool");
    world.write("work/tool/text.txt", "one\ntwo $Id$\n");
    world.write("work/tool/left-out", "but for attributes\n");
    // Each would change what a checkout or an archive of git holds.
    world.write(
        "work/tool/.gitattributes",
        "*.txt text eol=crlf ident\nleft-out export-ignore\n",
    );
    let at = world.path("mirror/acme/part.git");
    let submodule = [
        "submodule",
        "--quiet",
        "add",
        at.to_str().unwrap(),
        "lib/part",
    ];
    git(world, &tool, &submodule);
    [commit(world, &tool), part_commit]
}

fn repository(world: &World, name: &str) -> PathBuf {
    let folder = world.path(&format!("work/{name}"));
    fs::create_dir_all(&folder).unwrap();
    git(world, &folder, &["init", "--quiet", "-b", "main"]);
    folder
}

/// Commits everything and puts a bare copy where mirrors have it.
fn commit(world: &World, folder: &Path) -> String {
    git(world, folder, &["add", "--all"]);
    git(world, folder, &["commit", "--quiet", "-m", "all"]);
    let name = folder.file_name().unwrap().to_str().unwrap();
    let bare = world.path(&format!("mirror/acme/{name}.git"));
    let (from, to) = (folder.to_str().unwrap(), bare.to_str().unwrap());
    git(world, folder, &["clone", "--quiet", "--bare", from, to]);
    git(world, &bare, &["update-server-info"]);
    git(world, folder, &["rev-parse", "HEAD"])
}

fn recipe(world: &World, version: &str, more: &str) {
    let text = format!(
        "[recipe]\nname = \"tool\"\nversion = \"1\"\ntoolchains = [\"shell\"]\n\n\
         [sources.tool]\npurl = \"pkg:github/acme/tool@{version}\"\n{more}\n\
         [[steps]]\nname = \"copy\"\nrun = 'cp -R tool $OUT/; echo $SOURCE_DATE_EPOCH > $OUT/epoch'\n"
    );
    world.write("project/recipes/tool/recipe.toml", text);
}

fn mirrors(world: &World, roots: &[&str]) {
    let text = format!("[mirrors]\ngithub = {roots:?}\n");
    world.write("home/.config/zwieback/config.toml", text);
}

fn local(world: &World) -> String {
    format!("file://{}/", world.path("mirror").display())
}

const SUBMODULES: &str = "submodules = { \"lib/part\" = \"pkg:github/acme/part\" }\n";

fn output(world: &World, path: &str) -> String {
    let out = world.path("out");
    fs::read_to_string(out.join(path)).unwrap()
}

#[test]
fn a_commit_is_pinned_and_comes_as_it_was_committed() {
    let world = World::new(site!(), Larder::Shell);
    let [tool, part] = repositories(&world);
    recipe(&world, &tool, SUBMODULES);
    // The first has nothing: the next one is asked.
    mirrors(
        &world,
        &[&format!("{}nothing/", local(&world)), &local(&world)],
    );
    world
        .run(&["lock", "tool"])
        .expect(0, &["Locked recipe tool"]);
    let lock = fs::read_to_string(world.path("project/recipes/tool/zwieback.lock")).unwrap();
    assert!(
        lock.contains(&format!("pkg:github/acme/tool@{tool}")),
        "{lock}"
    );
    assert!(
        lock.contains(&format!("pkg:github/acme/part@{part}")),
        "{lock}"
    );
    assert!(!lock.contains("mirror"), "{lock}");
    let out = world.path("out");
    let link = out.to_str().unwrap();
    world
        .run(&["build", "tool", "--offline", "-o", link])
        .expect(0, &["reproducible"]);
    assert_eq!(output(&world, "tool/text.txt"), "one\ntwo $Id$\n");
    assert_eq!(output(&world, "tool/left-out"), "but for attributes\n");
    assert_eq!(output(&world, "tool/lib/part/part.txt"), "part\n");
    assert_eq!(output(&world, "epoch"), "1577934245\n");
}

#[test]
fn what_was_locked_is_fetched_again_from_a_server_of_plain_files() {
    let world = World::new(site!(), Larder::Shell);
    let [tool, _] = repositories(&world);
    recipe(&world, &tool, "");
    mirrors(&world, &[&local(&world)]);
    world.run(&["lock", "tool"]).expect(0, &[]);
    let server = served(&world);
    mirrors(&world, &[server.root()]);
    // Another store has seen none of it.
    let mut fetch = world.zwieback(&["fetch", "tool"]);
    fetch.env("ZWIEBACK_STORE", world.path("another-store"));
    let outcome: zwieback_test_world::outcome::Outcome = fetch.output().unwrap().into();
    assert!(outcome.stderr.contains("Fetched"), "{outcome}");
    assert!(server.asked().iter().any(|path| path.contains("tool.git")));
}

/// A server of plain files that has the mirror.
fn served(world: &World) -> Mirror {
    let mut files = Vec::new();
    plain_files(&world.path("mirror"), "", &mut files);
    let honest = |(path, bytes)| (path, bytes, Manner::Honest);
    Mirror::of(files.into_iter().map(honest))
}

/// Every file below a folder as a server of plain files has it; git asks for its list with a query.
fn plain_files(folder: &Path, below: &str, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder.join(below)).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        let path = if below.is_empty() {
            name
        } else {
            format!("{below}/{name}")
        };
        if entry.path().is_dir() {
            plain_files(folder, &path, files);
            continue;
        }
        let bytes = fs::read(entry.path()).unwrap();
        if path.ends_with("info/refs") {
            files.push((format!("{path}?service=git-upload-pack"), bytes.clone()));
        }
        files.push((path, bytes));
    }
}

#[test]
fn what_is_no_commit_or_has_no_place_is_refused() {
    let world = World::new(site!(), Larder::Shell);
    let [tool, _] = repositories(&world);
    recipe(&world, "main", "");
    mirrors(&world, &[&local(&world)]);
    world
        .run(&["lock", "tool"])
        .expect(1, &["names no commit", "git ls-remote"]);
    recipe(
        &world,
        &tool,
        "submodules = { \"lib/other\" = \"pkg:github/acme/part\" }\n",
    );
    world
        .run(&["lock", "tool"])
        .expect(1, &["no submodule at lib/other"]);
    recipe(&world, &tool, "url = [\"http://mirror.example/tool\"]\n");
    world
        .run(&["lock", "tool"])
        .expect(1, &["leads away", "vcs_url=git%2BURL"]);
    let moved = format!("{tool}?vcs_url=git%2Bhttps://mirror.example/tool");
    recipe(&world, &moved, "url = [\"ext::sh -c true\"]\n");
    world
        .run(&["lock", "tool"])
        .expect(1, &["https, http and file"]);
    let absent = tool.replace(|digit: char| digit.is_ascii_digit(), "a");
    recipe(&world, &absent, "");
    world
        .run(&["lock", "tool"])
        .expect(1, &["cannot be had", "tool.git"]);
    recipe(&world, &tool, "");
    world.write("home/.config/zwieback/config.toml", "");
    world
        .run(&["lock", "tool"])
        .expect(1, &["no place to ask", "insteadOf"]);
    let rewrite = format!("[url \"{}\"]\n\tinsteadOf = github:\n", local(&world));
    world.write("home/.gitconfig", rewrite);
    world
        .run(&["lock", "tool"])
        .expect(0, &["Locked recipe tool"]);
}

#[test]
fn a_commit_has_a_largest_size_as_sent_and_as_an_archive() {
    let world = World::new(site!(), Larder::Shell);
    let tool = repository(&world, "tool");
    // Bytes that no compression makes less of.
    let mut state = 1_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let noise: Vec<u8> = (0..2 << 20).map(|_| random()).collect();
    fs::write(tool.join("noise"), noise).unwrap();
    let commit_of_noise = commit(&world, &tool);
    recipe(&world, &commit_of_noise, "");
    mirrors(&world, &[&local(&world)]);
    let smallest = ["--config", "fetch.largest=1 MiB", "lock", "tool"];
    world
        .run(&smallest)
        .expect(101, &["sent more than 1048576 bytes", "[fetch] largest"]);
    world
        .run(&["lock", "tool"])
        .expect(0, &["Locked recipe tool"]);

    // One object of a megabyte under forty names is sent in a few kilobytes.
    fs::remove_dir_all(world.path("mirror/acme/tool.git")).unwrap();
    fs::remove_dir_all(&tool).unwrap();
    let tool = repository(&world, "tool");
    for number in 0..40 {
        fs::write(tool.join(number.to_string()), vec![0; 1 << 20]).unwrap();
    }
    let commit_of_names = commit(&world, &tool);
    recipe(&world, &commit_of_names, "");
    let small = ["--config", "fetch.largest=20 MiB", "lock", "tool"];
    world.run(&small).expect(
        101,
        &["the commit has more than 20971520 bytes", "[fetch] largest"],
    );
    world
        .run(&["lock", "tool"])
        .expect(0, &["Locked recipe tool"]);
}

/// A hundred kilobytes are sent: a large object, and another one that is made of it. git holds both to see
/// what the second one is.
#[test]
fn what_git_is_sent_does_not_fill_the_memory() {
    let world = World::new(site!(), Larder::Shell);
    let tool = repository(&world, "tool");
    let mut zeros = vec![0; 96 << 20];
    fs::write(tool.join("a"), &zeros).unwrap();
    zeros.push(1);
    fs::write(tool.join("b"), &zeros).unwrap();
    let commit_of_zeros = commit(&world, &tool);
    let bare = world.path("mirror/acme/tool.git");
    git(&world, &bare, &["repack", "-a", "-d", "--quiet"]);
    git(&world, &bare, &["update-server-info"]);
    recipe(&world, &commit_of_zeros, "");
    let server = served(&world);
    mirrors(&world, &[server.root()]);
    let little = ["--config", "programs.memory=128 MiB", "lock", "tool"];
    world.run(&little).expect(
        101,
        &[
            "`git` needed more than the 128 MiB of memory",
            "Out of memory, malloc failed",
            "raise `[programs] memory`",
        ],
    );
    world
        .run(&["lock", "tool"])
        .expect(0, &["Locked recipe tool"]);
}
