//! The same files as git itself lists, over repositories of every form, and none through which anybody steers.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use tempfile::TempDir;

use super::*;

/// Runs git as an author would, without a configuration of this machine.
pub(super) fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command
        .args(["-c", "protocol.file.allow=always", "-c", "user.name=A"])
        .args(["-c", "user.email=a@author.example", "-C"])
        .arg(folder)
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// A new repository with files, each of which holds its own name.
pub(super) fn repository(options: &[&str], files: &[&str]) -> TempDir {
    let world = tempfile::tempdir().unwrap();
    git(
        world.path(),
        &[&["init", "-q", "-b", "main"], options].concat(),
    );
    write(world.path(), files);
    world
}

pub(super) fn write(folder: &Path, files: &[&str]) {
    for file in files {
        put(folder, file, file);
    }
}

pub(super) fn put(folder: &Path, file: &str, content: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

pub(super) fn commit(folder: &Path) {
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "-q", "--allow-empty", "-m", "all"]);
}

/// What git lists and what is there, submodules that are checked out with what they hold.
fn by_git(folder: &Path) -> BTreeSet<String> {
    let arguments = [
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ];
    let listed = git(folder, &arguments);
    let mut found = BTreeSet::new();
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        let (name, is_new) = (name.trim_end_matches('/'), name.ends_with('/'));
        let path = folder.join(name);
        if path.symlink_metadata().is_err() {
            continue;
        }
        found.insert(name.to_owned());
        if !is_new && path.is_dir() && path.join(".git").exists() {
            found.extend(by_git(&path).iter().map(|inner| format!("{name}/{inner}")));
        }
    }
    found
}

pub(super) fn listed(folder: &Path) -> Listing {
    list(folder).unwrap().unwrap()
}

pub(super) fn paths(folder: &Path) -> BTreeSet<String> {
    let listing = listed(folder);
    listing.paths.iter().map(ToString::to_string).collect()
}

/// Holds that both lists are the same, and that they are no empty ones.
pub(super) fn same(folder: &Path) -> BTreeSet<String> {
    let (own, theirs) = (paths(folder), by_git(folder));
    assert!(!theirs.is_empty(), "{}", folder.display());
    assert_eq!(own, theirs, "{}", folder.display());
    own
}

/// The same for a folder that may be ignored itself: then the repository has no say about it.
fn same_or_ignored(folder: &Path) {
    if list(folder).unwrap().is_some() {
        assert_eq!(paths(folder), by_git(folder), "{}", folder.display());
        return;
    }
    git(folder, &["check-ignore", "--quiet", "."]);
    assert_eq!(
        git(folder, &["ls-files", "--cached"]),
        "",
        "{}",
        folder.display()
    );
}

/// Names that patterns tell apart.
const FILES: &str = "a.c|a.o|build/x|build/keep|doc/a.txt|doc/b.txt|doc/deep/c.txt|lib/a.o|lib/inner/b.o|\
    out/1|out/2|sp ace /x|weird[1].c|#hash|!bang|logs/a/b/c.log|logs/debug.log|\
    vendor/x/y/z|tmp/a|q/tmp/b|ü/ä.o|trailing |x/y/node_modules/p";

/// Files of patterns, one after the other: `FILE=LINES`.
const PATTERNS: &[&str] = &[
    ".gitignore=*.o\n!lib/inner/b.o\n",
    ".gitignore=build/\n!build/keep\n",
    ".gitignore=build/*\n!build/keep\n",
    ".gitignore=/doc/*.txt\n",
    ".gitignore=doc/**/c.txt\n",
    ".gitignore=**/inner\n",
    ".gitignore=logs/**\n!logs/**/\n!logs/**/*.log\nlogs/debug.log\n",
    ".gitignore=out/[!1]\n",
    ".gitignore=weird[[]1].c\n\\#hash\n\\!bang\n",
    ".gitignore=trailing\\ \nsp\\ ace\\ /\n",
    ".gitignore=\u{feff}*.c\n",
    ".gitignore=/tmp\n",
    ".gitignore=tmp/\r\n*.log\r\n",
    ".gitignore=# comment\n\n   \n*\n!*/\n!*.c\n",
    ".gitignore=*.txt\n\ndoc/.gitignore=!b.txt\ndeep/\n",
    ".gitignore=ä.o\n",
    ".gitignore=?.c\n[a-b].o\n",
    ".gitignore=node_modules\n/x/y\n!/x/y\n",
    "doc/.gitignore=/a.txt\ndeep\n",
    "doc/.gitignore=*\n",
    "doc/deep/.gitignore=../a.txt\n",
    ".git/info/exclude=*.o\n",
    ".gitignore=.gitignore\n",
];

#[test]
fn ignored_files_are_those_that_git_ignores() {
    for text in PATTERNS {
        let world = repository(&[], &FILES.split('|').collect::<Vec<_>>());
        for part in text.split("\n\n") {
            let (file, content) = part.split_once('=').unwrap_or((".gitignore", part));
            put(world.path(), file, &format!("{content}\n"));
        }
        same(world.path());
        // What is tracked stays, whatever ignores it.
        let add = "add --force a.o build/x doc/deep/c.txt out/2";
        git(world.path(), &add.split(' ').collect::<Vec<_>>());
        assert!(same(world.path()).contains("build/x"), "{text}");
        same_or_ignored(&world.path().join("doc"));
        same_or_ignored(&world.path().join("lib/inner"));
    }
}

#[test]
fn nearer_patterns_are_stronger_and_exclude_is_the_weakest() {
    let world = repository(&[], &["a/x.o", "a/b/x.o", "x.o"]);
    put(world.path(), ".git/info/exclude", "*.o\n");
    put(world.path(), "a/.gitignore", "!x.o\n");
    put(world.path(), "a/b/.gitignore", "x.o\n");
    let kept = same(world.path());
    assert!(kept.contains("a/x.o") && !kept.contains("a/b/x.o") && !kept.contains("x.o"));
    // A user's own configuration makes no difference between two machines.
    put(world.path(), ".git/config-of-user", "*\n");
    let configure = ["config", "core.excludesFile", ".git/config-of-user"];
    git(world.path(), &configure);
    assert_eq!(paths(world.path()), kept);
}

#[test]
fn every_form_of_an_index_is_read() {
    let files = ["a/1", "a/2", "b/1", "b/c/1", "d", "e.o", "f.o"];
    for format in ["sha1", "sha256"] {
        for version in ["2", "4"] {
            let format = format!("--object-format={format}");
            let world = repository(&[&format], &files);
            let at = world.path();
            put(at, ".gitignore", "*.o\n");
            // Nothing is tracked yet, and there is no index.
            same(at);
            git(at, &["update-index", "--index-version", version]);
            git(at, &["add", "--force", "a", "e.o"]);
            same(at);
            git(at, &["commit", "-q", "-m", "x"]);
            git(at, &["add", "--intent-to-add", "d"]);
            same(at);
            git(at, &["update-index", "--split-index"]);
            same(at);
            // Entries that are new, replaced and gone, beside the shared ones.
            put(at, "a/1", "other");
            git(at, &["add", "--force", "f.o", "a/1", "b/c/1"]);
            git(at, &["rm", "-q", "--cached", "e.o"]);
            let kept = same(at);
            assert!(
                kept.contains("f.o") && !kept.contains("e.o"),
                "{format} {version}"
            );
            git(at, &["update-index", "--no-split-index"]);
            git(at, &["config", "index.skipHash", "true"]);
            git(at, &["add", "b/1"]);
            same(at);
            same(&at.join("b"));
        }
    }
}

#[test]
fn what_is_not_checked_out_is_not_there() {
    for options in [
        &["--cone", "--sparse-index"][..],
        &["--cone", "--no-sparse-index"],
        &["--no-cone"],
    ] {
        let world = repository(&[], &["a/1", "a/b/2", "c/3", "c/d/4", "top", "x.o"]);
        let at = world.path();
        commit(at);
        git(at, &[&["sparse-checkout", "set"], options, &["a"]].concat());
        assert!(!at.join("c/3").exists());
        put(at, ".gitignore", "*.o\n");
        write(at, &["c/new", "c/new.o", "a/b/new"]);
        let kept = same(at);
        assert!(
            kept.contains("c/new") && !kept.contains("c/new.o"),
            "{options:?}"
        );
    }
}

#[test]
fn a_worktree_shares_what_is_excluded() {
    let world = repository(&[], &["main/a", "main/b.o"]);
    let (main, other) = (world.path().join("main"), world.path().join("other"));
    git(&main, &["init", "-q"]);
    commit(&main);
    put(&main, ".git/info/exclude", "*.o\n");
    git(&main, &["worktree", "add", "-q", other.to_str().unwrap()]);
    write(&other, &["new", "new.o", "sub/x"]);
    let kept = same(&other);
    assert_eq!(kept.len(), 4, "{kept:?}");
    fs::write(other.join(".git"), "gitdir: /no/such\n").unwrap();
    assert!(matches!(list(&other), Err(WorktreeError::LeadsNowhere(_))));
}

#[test]
fn a_submodule_brings_its_files_and_an_absent_one_is_told() {
    let world = tempfile::tempdir().unwrap();
    let part = world.path().join("part");
    write(&part, &["p1", "deep/p2"]);
    git(&part, &["init", "-q", "-b", "main"]);
    commit(&part);
    let whole = world.path().join("whole");
    write(&whole, &["w", "nested/file", "plain/.git/x"]);
    git(&whole, &["init", "-q", "-b", "main"]);
    git(
        &whole,
        &[
            "submodule",
            "--quiet",
            "add",
            part.to_str().unwrap(),
            "lib/part",
        ],
    );
    commit(&whole);
    put(&whole, "lib/part/new", "");
    put(&whole, "lib/part/.gitignore", "*.o\n");
    put(&whole, "lib/part/x.o", "");
    // A repository that is no submodule.
    write(&whole, &["own/x"]);
    git(&whole.join("own"), &["init", "-q", "-b", "main"]);
    commit(&whole.join("own"));
    let kept = same(&whole);
    for path in ["lib/part/deep/p2", "lib/part/new", "own", "nested/file"] {
        assert!(kept.contains(path), "{path}: {kept:?}");
    }
    assert!(!kept.contains("own/x"));
    assert_eq!(listed(&whole).absent, ["own".parse().unwrap()]);
    let clone = world.path().join("clone");
    git(
        world.path(),
        &[
            "clone",
            "-q",
            whole.to_str().unwrap(),
            clone.to_str().unwrap(),
        ],
    );
    assert!(same(&clone).contains("lib/part"));
    assert_eq!(listed(&clone).absent, ["lib/part".parse().unwrap()]);
}

#[test]
fn what_changed_its_kind_is_what_it_is_now() {
    let world = repository(&[], &["gone", "file", "folder/x", "folder/y", "link"]);
    let at = world.path();
    commit(at);
    for file in ["gone", "file", "link"] {
        fs::remove_file(at.join(file)).unwrap();
    }
    fs::remove_dir_all(at.join("folder")).unwrap();
    write(at, &["file/inner", "folder"]);
    symlink("folder", at.join("link")).unwrap();
    symlink("nowhere", at.join("new-link")).unwrap();
    let kept = same(at);
    assert!(kept.contains("file/inner") && kept.contains("folder") && !kept.contains("gone"));
}

#[test]
fn a_name_in_an_index_reaches_nothing_elsewhere() {
    let world = repository(&[], &["keys/default.key", "a"]);
    let at = world.path();
    commit(at);
    let elsewhere = tempfile::tempdir().unwrap();
    write(elsewhere.path(), &["default.key"]);
    fs::remove_dir_all(at.join("keys")).unwrap();
    symlink(elsewhere.path(), at.join("keys")).unwrap();
    // git names the file in spite of the link, and it is there to be read.
    assert!(by_git(at).contains("keys/default.key"));
    assert!(at.join("keys/default.key").exists());
    assert_eq!(paths(at), ["a", "keys"].map(str::to_owned).into());
}

#[test]
fn a_project_that_the_repository_around_it_ignores_is_its_own() {
    let world = repository(&[], &["work/a", "work/b.o", "other"]);
    put(world.path(), ".gitignore", "work/\n*.o\n");
    assert_eq!(list(&world.path().join("work")).unwrap(), None);
    // Once something of it is tracked it belongs to that repository after all.
    git(world.path(), &["add", "--force", "work/a"]);
    assert_eq!(paths(&world.path().join("work")), ["a".to_owned()].into());
    same(&world.path().join("work"));
    let alone = tempfile::tempdir().unwrap();
    assert_eq!(list(alone.path()).unwrap(), None);
}

#[test]
fn a_repository_among_the_files_is_files() {
    let world = repository(&[], &["a", "bare/HEAD", "bare/objects/x", "bare/refs/y"]);
    let at = world.path();
    let mark = at.join("ran");
    let config = format!(
        "[core]\nrepositoryformatversion = 0\nbare = false\nworktree = .\nfsmonitor = \"touch {}; false\"\n",
        mark.display()
    );
    put(at, "bare/HEAD", "ref: refs/heads/main\n");
    put(at, "bare/config", &config);
    let bare = paths(&at.join("bare"));
    assert_eq!(bare.len(), 4, "{bare:?}");
    assert!(paths(at).contains("bare/config"));
    // Its own configuration says the same, and nobody asks it.
    fs::write(at.join(".git/config"), config).unwrap();
    assert!(paths(at).contains("a"));
    assert!(!mark.exists());
}

#[test]
fn what_is_no_index_is_refused_at_once() {
    let world = repository(&[], &["a"]);
    let index = world.path().join(".git/index");
    let made = Command::new("mkfifo").arg(&index).status().unwrap();
    assert!(made.success());
    let error = list(world.path()).unwrap_err();
    assert!(
        matches!(&error, WorktreeError::Io { source, .. } if source.to_string().contains("FIFO"))
    );
    fs::remove_file(&index).unwrap();
    for bytes in [
        &b""[..],
        b"DIRC",
        b"DIRC\0\0\0\x02\xff\xff\xff\xff",
        &[0; 100],
    ] {
        fs::write(&index, bytes).unwrap();
        let error = list(world.path()).unwrap_err();
        assert!(matches!(error, WorktreeError::Index { .. }), "{error}");
        assert!(error.hint().is_some());
    }
    fs::remove_file(&index).unwrap();
    git(world.path(), &["add", "a"]);
    git(world.path(), &["update-index", "--split-index"]);
    for entry in fs::read_dir(world.path().join(".git")).unwrap().flatten() {
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with("sharedindex.")
        {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    let error = list(world.path()).unwrap_err().to_string();
    assert!(error.contains("there is no sharedindex."), "{error}");
}

#[test]
fn a_repository_of_somebody_else_decides_nothing() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can give a folder away");
        return;
    }
    let world = repository(&[], &["mine/a", "mine/hidden"]);
    put(world.path(), ".git/info/exclude", "hidden\n");
    let theirs = world.path().join(".git");
    std::os::unix::fs::chown(&theirs, Some(65_534), None).unwrap();
    let error = list(&world.path().join("mine")).unwrap_err();
    assert!(matches!(
        error,
        WorktreeError::Foreign { owner: 65_534, .. }
    ));
    assert!(error.hint().is_some());
}

/// What repositories that nobody thought of are made of.
const NAMES: [&str; 6] = ["a", "b.o", "c.txt", "d", "e e", "f.O"];

/// Lines that they ignore files by.
const LINES: &[&str] = &[
    "*.o",
    "!*.o",
    "a",
    "a/",
    "/a",
    "d/*",
    "!d/a",
    "**/d",
    "d/**",
    "/d/",
    "*",
    "!*/",
    "e\\ e",
    "[a-c]*",
    "!/a/b.o",
    "a/d/",
    "!a/d/c.txt",
];

/// Repositories that nobody thought of, from a few parts; the numbers are the same on every machine.
#[test]
fn any_repository_is_listed_as_git_lists_it() {
    let mut state = 7_u64;
    let mut pick = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..24 {
        let world = repository(&[], &["always"]);
        let at = world.path();
        for _ in 0..14 {
            let parts: Vec<&str> = (0..=pick(3)).map(|_| NAMES[pick(NAMES.len())]).collect();
            let path = at.join(parts.join("/"));
            // A name may be taken by a file already.
            if path
                .parent()
                .is_some_and(|parent| fs::create_dir_all(parent).is_ok())
                && !path.is_dir()
            {
                fs::write(path, "x").unwrap();
            }
        }
        for folder in ["", "a", "d", "a/d"] {
            if at.join(folder).is_dir() && pick(3) > 0 {
                let text: Vec<&str> = (0..=pick(3)).map(|_| LINES[pick(LINES.len())]).collect();
                put(
                    &at.join(folder),
                    ".gitignore",
                    &format!("{}\n", text.join("\n")),
                );
            }
        }
        same_or_empty(at);
        git(at, &["add", "--force", "always"]);
        same_or_empty(at);
        for name in NAMES {
            if at.join(name).exists() && pick(2) == 0 {
                git(at, &["add", "--force", name]);
            }
        }
        same_or_empty(at);
        for name in NAMES.iter().filter(|name| at.join(name).is_dir()) {
            if let Some(listing) = list(&at.join(name)).unwrap() {
                let own: BTreeSet<_> = listing.paths.iter().map(ToString::to_string).collect();
                assert_eq!(own, by_git(&at.join(name)), "{name} in {}", at.display());
            }
        }
    }
}

/// A pattern may ignore all there is.
fn same_or_empty(folder: &Path) {
    assert_eq!(paths(folder), by_git(folder), "{}", folder.display());
}
