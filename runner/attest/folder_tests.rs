//! A folder against its statement: each way to differ has its reason.

use zwieback_model::digest::Fingerprint;
use zwieback_model::json::value::Value;

use super::*;
use crate::output_tree::subjects;
use crate::resource::ResourceDescriptor;

/// `bin/run` that may be executed, `lib/a`, `lib/b`, an empty folder and a link.
fn tree() -> Tree {
    let mut tree = Tree::default();
    let mut add = |path: &str, entry| tree.insert(path.parse().unwrap(), entry).unwrap();
    for path in ["bin/run", "lib/a", "lib/b"] {
        let content = Fingerprint::of(path.as_bytes());
        let executable = path == "bin/run";
        let file = tree::Entry::File {
            content,
            executable,
        };
        add(path, file);
    }
    add("empty", tree::Entry::Directory);
    let target = "lib/a".to_owned();
    add("link", tree::Entry::Symlink { target });
    tree
}

fn file(bytes: &str, mode: u32) -> Present {
    Present::File {
        sha256: Some(Digest::sha256(bytes.as_bytes())),
        mode,
        capable: false,
    }
}

fn link(target: &str) -> Present {
    let target = target.as_bytes().to_vec();
    Present::Symlink { target }
}

/// What an export of that tree looks like.
fn honest() -> Folder {
    let entries = [
        ("bin", Present::Directory),
        ("bin/run", file("bin/run", 0o755)),
        ("empty", Present::Directory),
        ("lib", Present::Directory),
        ("lib/a", file("lib/a", 0o644)),
        ("lib/b", file("lib/b", 0o644)),
        ("link", link("lib/a")),
    ];
    let own = entries.map(|(path, present)| (path.as_bytes().to_vec(), present));
    own.into()
}

fn changed(path: &str, to: Option<Present>) -> Folder {
    let mut folder = honest();
    match to {
        Some(present) => folder.insert(path.as_bytes().to_vec(), present),
        None => folder.remove(path.as_bytes()),
    };
    folder
}

const ALL: Leave = Leave {
    modes: false,
    missing: false,
};
const SUBSET: Leave = Leave {
    modes: false,
    missing: true,
};
const MODES: Leave = Leave {
    modes: true,
    missing: false,
};

fn against_tree(folder: &Folder, leave: Leave) -> Result<usize, Refusal> {
    let tree = tree();
    compare(&Stated::tree(&tree), folder, leave).map(|files| files.len())
}

/// Against a statement that lists its files and whose tree is unknown.
fn against_files(folder: &Folder, unsaid: Unsaid, leave: Leave) -> Result<usize, Refusal> {
    let statement = Statement {
        subject: subjects(&tree(), "r-1"),
        predicate_type: String::new(),
        predicate: Value::Null,
    };
    let stated = Stated::files(&statement, unsaid)?;
    compare(&stated, folder, leave).map(|files| files.len())
}

#[track_caller]
fn assert_refused(came: Result<usize, Refusal>, reason: Reason, saw: &str) {
    let refusal = came.unwrap_err();
    assert_eq!(refusal.reason, reason, "{refusal}");
    assert!(refusal.saw().contains(saw), "{refusal}");
}

#[test]
fn what_equals_the_tree_is_accepted() {
    for leave in [ALL, SUBSET, MODES] {
        assert_eq!(against_tree(&honest(), leave), Ok(3));
    }
}

/// One change each, and what it is refused for.
type Case = (&'static str, Option<Present>, Reason, &'static str);

fn assert_each(cases: impl IntoIterator<Item = Case>) {
    for (path, to, reason, saw) in cases {
        let folder = changed(path, to);
        assert_refused(against_tree(&folder, ALL), reason, saw);
    }
}

#[test]
fn what_is_missing_or_nobody_signed() {
    use Reason::{EntryExtra, EntryMissing};
    assert_each([
        ("lib/a", None, EntryMissing, "\"lib/a\""),
        ("empty", None, EntryMissing, "\"empty\""),
        ("link", None, EntryMissing, "\"link\""),
        ("lib/c", Some(file("lib/c", 0o644)), EntryExtra, "a file"),
        ("new", Some(Present::Directory), EntryExtra, "a folder"),
        ("new", Some(link("/etc")), EntryExtra, "a link"),
        ("new", Some(Present::Other("a FIFO")), EntryExtra, "a FIFO"),
    ]);
    let mut folder = honest();
    folder.insert(b"\xff".to_vec(), Present::Directory);
    assert_refused(against_tree(&folder, ALL), EntryExtra, "xff");
}

#[test]
fn what_is_another_thing_than_was_signed() {
    use Reason::{ArtifactChanged, ArtifactSwapped, EntryKind, LinkChanged};
    let plain = |bytes| Some(file(bytes, 0o644));
    let unread = Present::File {
        sha256: None,
        mode: 0o644,
        capable: false,
    };
    let fifo = Present::Other("a FIFO");
    assert_each([
        ("lib/a", Some(link("/evil")), EntryKind, "is a link, a file"),
        ("lib/a", Some(Present::Directory), EntryKind, "is a folder"),
        ("lib/a", Some(fifo), EntryKind, "is a FIFO"),
        (
            "empty",
            Some(link("/etc")),
            EntryKind,
            "is a link, a folder",
        ),
        ("link", plain("lib/a"), EntryKind, "is a file, a link"),
        ("link", Some(link("lib/b")), LinkChanged, "\"lib/b\""),
        ("lib/a", plain("evil"), ArtifactChanged, "sha256"),
        ("lib/a", Some(unread), ArtifactChanged, "length"),
        ("lib/a", plain("lib/b"), ArtifactSwapped, "\"lib/b\""),
    ]);
}

#[test]
fn what_would_run_otherwise_than_was_signed() {
    use Reason::{ModeChanged, ModeSpecial};
    let run = |mode| Some(file("bin/run", mode));
    let capable = Present::File {
        sha256: Some(Digest::sha256(b"bin/run")),
        mode: 0o755,
        capable: true,
    };
    let plain = |mode| Some(file("lib/a", mode));
    assert_each([
        ("lib/a", plain(0o755), ModeChanged, "and was not"),
        ("lib/a", plain(0o645), ModeChanged, "and was not"),
        ("bin/run", run(0o644), ModeChanged, "is not executable"),
        ("bin/run", run(0o4755), ModeSpecial, "4755"),
        ("bin/run", run(0o2755), ModeSpecial, "2755"),
        ("bin/run", run(0o1755), ModeSpecial, "1755"),
        ("bin/run", Some(capable), ModeSpecial, "capabilities"),
    ]);
}

#[test]
fn every_difference_is_named_and_the_first_stands_for_all() {
    let mut folder = changed("lib", Some(link("/evil")));
    folder.remove(&b"lib/a"[..]);
    folder.remove(&b"lib/b"[..]);
    folder.insert(b"zz".to_vec(), Present::Directory);
    let refusal = against_tree(&folder, ALL).unwrap_err();
    assert_eq!(refusal.reason, Reason::EntryKind);
    // What lay in the folder is not named: nobody could have put it below a link.
    let others: Vec<_> = refusal.others().iter().map(|it| it.reason).collect();
    assert_eq!(others, [Reason::EntryExtra]);
    assert!(refusal.to_string().ends_with("(and 1 more)"), "{refusal}");
}

#[test]
fn what_is_left_out_of_the_question() {
    let mut part = honest();
    part.retain(|path, _| path.starts_with(b"lib"));
    assert_refused(against_tree(&part, ALL), Reason::EntryMissing, "\"bin\"");
    assert_eq!(against_tree(&part, SUBSET), Ok(2));
    part.insert(b"more".to_vec(), file("x", 0o644));
    assert_refused(against_tree(&part, SUBSET), Reason::EntryExtra, "\"more\"");
    let nothing = against_tree(&Folder::new(), SUBSET);
    assert_refused(nothing, Reason::ArtifactMissing, "");
    for mode in [0o644, 0o666] {
        let flat = changed("bin/run", Some(file("bin/run", mode)));
        assert_eq!(against_tree(&flat, MODES), Ok(3));
        assert_refused(against_tree(&flat, SUBSET), Reason::ModeChanged, "bin/run");
    }
    let special = changed("bin/run", Some(file("bin/run", 0o6755)));
    assert_refused(against_tree(&special, MODES), Reason::ModeSpecial, "6755");
}

#[test]
fn an_older_statement_does_not_tell_of_links_and_modes() {
    let older = |folder: &Folder, leave| against_files(folder, Unsaid::Older, leave);
    let refused = older(&honest(), ALL);
    assert_refused(refused, Reason::NotStated, "\"bin/run\" is executable");
    assert_eq!(older(&honest(), SUBSET), Ok(3));
    let mut plain = changed("bin/run", Some(file("bin/run", 0o644)));
    plain.remove(&b"link"[..]);
    assert_refused(older(&plain, ALL), Reason::NotStated, "\"empty\"");
    plain.remove(&b"empty"[..]);
    assert_eq!(older(&plain, ALL), Ok(3));
    for (path, to, reason) in [
        ("lib/a", None, Reason::EntryMissing),
        ("lib/a", Some(link("/evil")), Reason::EntryKind),
        ("lib", Some(link("/evil")), Reason::EntryKind),
        ("lib/c", Some(file("c", 0o644)), Reason::EntryExtra),
        ("fifo", Some(Present::Other("a FIFO")), Reason::EntryExtra),
        ("lib/a", Some(file("lib/b", 0o644)), Reason::ArtifactSwapped),
    ] {
        let mut folder = plain.clone();
        match to {
            Some(present) => folder.insert(path.as_bytes().to_vec(), present),
            None => folder.remove(path.as_bytes()),
        };
        assert_refused(older(&folder, ALL), reason, path);
        if reason != Reason::EntryMissing {
            assert_refused(older(&folder, SUBSET), reason, path);
        }
    }
}

#[test]
fn without_its_tree_a_statement_covers_listed_files_alone() {
    let without = |folder: &Folder, leave| {
        let file = "r-1.tree".to_owned();
        against_files(folder, Unsaid::NoTree { file }, leave)
    };
    assert_refused(without(&honest(), ALL), Reason::TreeMissing, "r-1.tree");
    assert_refused(without(&honest(), MODES), Reason::TreeMissing, "r-1.tree");
    assert_refused(without(&honest(), SUBSET), Reason::TreeMissing, "bin/run");
    let mut part = honest();
    part.retain(|path, _| path.starts_with(b"lib"));
    assert_eq!(without(&part, SUBSET), Ok(2));
    part.insert(b"link".to_vec(), link("/evil"));
    assert_refused(without(&part, SUBSET), Reason::TreeMissing, "\"link\"");
}

/// A megabyte of slashes would be half a million folders, each compared with each other byte by byte.
#[test]
fn a_name_that_is_longer_than_any_path_implies_no_folders() {
    let statement = |label: &str| {
        let content = Fingerprint::of(b"a");
        let subject = ResourceDescriptor::named(label, &content);
        crate::fixture::provenance().into_statement(vec![subject])
    };
    let (deep, endless) = ("a/".repeat(2000) + "b", "a/".repeat(500_000) + "b");
    for (label, is_there) in [(deep, true), (endless, false)] {
        let statement = statement(&label);
        let stated = Stated::files(&statement, Unsaid::Older).unwrap();
        assert_eq!(stated.sums().count(), 1);
        assert_eq!(stated.has(b"a/a"), is_there);
    }
}
