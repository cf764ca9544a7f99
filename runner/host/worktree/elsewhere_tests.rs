//! No file outside of a checkout and of its own repository decides what belongs to a source.

use std::fs;
use std::os::unix::fs::symlink;

use super::tests::{commit, git, listed, paths, put, repository, same, write};
use super::*;

fn refused(folder: &Path) -> String {
    let error = list(folder).unwrap_err();
    let shown = error.to_string();
    let has_way_out = error.hint().is_some() || shown.contains("put the f");
    assert!(has_way_out, "{shown}");
    shown
}

/// A repository of the host that a stranger's project would like to read.
fn victim() -> tempfile::TempDir {
    let world = repository(&[], &["private", "shown"]);
    commit(world.path());
    put(world.path(), ".git/info/exclude", "hunter1\n");
    world
}

#[test]
fn no_link_below_git_leads_to_a_file_of_the_host() {
    let secret = tempfile::tempdir().unwrap();
    put(secret.path(), "exclude", "hunter1\n");
    for (link, target) in [
        ("info/exclude", "exclude"),
        ("info", ""),
        ("index", "exclude"),
    ] {
        let world = repository(&[], &["hunter1", "hunter2"]);
        let link = world.path().join(".git").join(link);
        fs::remove_dir_all(&link)
            .or_else(|_| fs::remove_file(&link))
            .ok();
        symlink(secret.path().join(target), &link).unwrap();
        let said = refused(world.path());
        assert!(said.contains("is a symbolic link"), "{said}");
    }
    let world = repository(&[], &["a"]);
    git(world.path(), &["add", "a"]);
    git(world.path(), &["update-index", "--split-index"]);
    for entry in fs::read_dir(world.path().join(".git")).unwrap().flatten() {
        let path = entry.path();
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with("sharedindex.")
        {
            fs::rename(&path, secret.path().join("shared")).unwrap();
            symlink(secret.path().join("shared"), path).unwrap();
        }
    }
    let said = refused(world.path());
    assert!(
        said.contains("sharedindex.") && said.contains("is a symbolic link"),
        "{said}"
    );
}

#[test]
fn a_git_file_leads_only_to_a_repository_that_names_the_folder() {
    let victim = victim();
    let project = tempfile::tempdir().unwrap();
    let at = project.path();
    write(at, &["private", "other", "hunter1"]);
    put(at, ".gitignore", "*\n");
    fs::write(
        at.join(".git"),
        format!("gitdir: {}/.git\n", victim.path().display()),
    )
    .unwrap();
    let said = refused(at);
    assert!(
        said.contains("does not say that its checkout is here"),
        "{said}"
    );
    // A repository inside of another, and no submodule: its name alone, as ever.
    let world = repository(&[], &["a"]);
    fs::rename(at, world.path().join("inner")).unwrap();
    assert_eq!(
        paths(world.path()),
        ["a", "inner"].map(str::to_owned).into()
    );
    assert_eq!(listed(world.path()).absent, ["inner".parse().unwrap()]);
}

#[test]
fn a_submodule_of_the_project_around_is_not_another_ones() {
    let world = tempfile::tempdir().unwrap();
    let part = world.path().join("part");
    write(&part, &["p"]);
    git(&part, &["init", "-q", "-b", "main"]);
    commit(&part);
    let whole = world.path().join("whole");
    write(&whole, &["w"]);
    git(&whole, &["init", "-q", "-b", "main"]);
    let from = part.to_str().unwrap();
    for name in ["lib/one", "lib/two"] {
        git(&whole, &["submodule", "--quiet", "add", from, name]);
    }
    commit(&whole);
    same(&whole);
    same(&whole.join("lib/one"));
    // Of a linked worktree as well, whose submodules lie in a folder of its own.
    let other = world.path().join("other");
    git(&whole, &["worktree", "add", "-q", other.to_str().unwrap()]);
    git(&other, &["submodule", "--quiet", "update", "--init"]);
    assert!(same(&other).contains("lib/two/p"));
    // What a folder that was copied into the project says of itself reaches no submodule of it.
    fs::copy(whole.join("lib/one/.git"), whole.join("lib/two/.git")).unwrap();
    assert!(refused(&whole).contains("does not say that its checkout is here"));
}

#[test]
fn worktrees_and_repositories_apart_are_followed_while_they_point_back() {
    let world = repository(&[], &["main/a"]);
    let at = |name: &str| world.path().join(name);
    git(&at("main"), &["init", "-q"]);
    commit(&at("main"));
    git(
        &at("main"),
        &["worktree", "add", "-q", at("other").to_str().unwrap()],
    );
    same(&at("other"));
    fs::rename(at("other"), at("moved")).unwrap();
    assert!(refused(&at("moved")).contains("does not say"));
    git(&at("moved"), &["worktree", "repair"]);
    same(&at("moved"));
    // With paths from there, as git 2.48 writes them on request.
    let own = fs::read_dir(at("main/.git/worktrees")).unwrap().flatten();
    let own = own.map(|entry| entry.path()).next().unwrap();
    fs::write(own.join("gitdir"), "../../../../moved/.git\n").unwrap();
    same(&at("moved"));
    // A repository apart says so once it is told.
    let apart = format!("--separate-git-dir={}", at("apart").display());
    git(world.path(), &["init", "-q", &apart, "tree"]);
    write(&at("tree"), &["x"]);
    assert!(refused(&at("tree")).contains("does not say"));
    git(
        &at("tree"),
        &["config", "core.worktree", at("tree").to_str().unwrap()],
    );
    same(&at("tree"));
}

#[test]
fn no_link_and_no_commondir_puts_another_repository_into_place() {
    let victim = victim();
    let theirs = victim.path().join(".git");
    let project = tempfile::tempdir().unwrap();
    write(project.path(), &["hunter1"]);
    symlink(&theirs, project.path().join(".git")).unwrap();
    assert!(refused(project.path()).contains(".git is a symbolic link"));
    // A folder that says that it shares the files of the host's repository.
    let world = repository(&[], &["hunter1"]);
    let line = format!("{}\n", theirs.display());
    put(world.path(), ".git/commondir", &line);
    assert!(refused(world.path()).contains("leads to another repository"));
    // The same from what looks like a worktree of its own.
    let at = |name: &str| project.path().join("p").join(name);
    let back = format!("{}\n", at(".git").display());
    put(&at(""), "w/worktrees/x/gitdir", &back);
    put(&at(""), "w/worktrees/x/HEAD", "x\n");
    put(&at(""), "w/worktrees/x/commondir", &line);
    fs::write(at(".git"), "gitdir: w/worktrees/x\n").unwrap();
    assert!(refused(&at("")).contains("leads to another repository"));
}
