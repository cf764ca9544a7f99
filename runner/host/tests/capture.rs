//! Traps a step can leave in its outputs, and the way of a tree through stage and capture.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use proptest::prelude::*;
use zwieback_host::capture::error::{CaptureError, Reason};
use zwieback_host::capture::outputs::{capture, capture_into};
use zwieback_host::capture::rules::{Rules, SetGroup};
use zwieback_host::capture::snapshot::{Completeness, Snapshot, snapshot};
use zwieback_host::fs::descent::{Descent, OWNER_READ};
use zwieback_host::fs::remove::remove_contents;
use zwieback_host::stage::{Access, Bytes, Order, Owner, StageOptions, Top, stage};
use zwieback_host::store::error::StoreError;
use zwieback_host::store::place::Store;
use zwieback_model::budget::Budget;
use zwieback_model::rel_path::RelPath;
use zwieback_model::tree::Entry;
use zwieback_test_world::skip::skip;

const OPTIONS: StageOptions = StageOptions {
    order: Order::Sorted,
    mtime: Some(315_532_800),
    owner: None,
    access: Access::Writable,
    bytes: Bytes::Known,
    top: Top::Dressed,
};

fn open(dir: &Path) -> File {
    File::open(dir).unwrap()
}

fn reason(trap: impl FnOnce(&Path)) -> (String, Reason) {
    let out = tempfile::tempdir().unwrap();
    trap(out.path());
    match capture(open(out.path()).as_fd(), &Rules::default()) {
        Err(CaptureError::Refused { path, reason }) => (path, reason),
        other => panic!("not refused: {other:?}"),
    }
}

fn mknod(path: &Path, kind: rustix::fs::FileType, device: u64) {
    let mode = rustix::fs::Mode::RUSR;
    rustix::fs::mknodat(rustix::fs::CWD, path, kind, mode, device).unwrap();
}

#[test]
fn things_that_are_no_files_are_refused_by_name() {
    let (path, why) = reason(|out| mknod(&out.join("pipe"), rustix::fs::FileType::Fifo, 0));
    assert!(path == "pipe" && matches!(why, Reason::Kind("named pipe")));
    let (_, why) =
        reason(|out| drop(std::os::unix::net::UnixListener::bind(out.join("s")).unwrap()));
    assert!(matches!(why, Reason::Kind("socket")));
    if rustix::process::geteuid().is_root() {
        let null = rustix::fs::makedev(1, 3);
        let (_, why) =
            reason(|out| mknod(&out.join("n"), rustix::fs::FileType::CharacterDevice, null));
        assert!(matches!(why, Reason::Kind("device")));
    } else {
        skip("capture", "making a device node takes root");
    }
}

#[test]
fn set_id_links_out_and_attributes_are_refused() {
    let (path, why) = reason(|out| {
        fs::create_dir(out.join("bin")).unwrap();
        fs::write(out.join("bin/su"), b"x").unwrap();
        fs::set_permissions(out.join("bin/su"), Permissions::from_mode(0o4755)).unwrap();
    });
    assert!(path == "bin/su" && matches!(why, Reason::SetId));
    let spool = tempfile::tempdir().unwrap();
    fs::create_dir(spool.path().join("spool")).unwrap();
    fs::set_permissions(spool.path().join("spool"), Permissions::from_mode(0o2755)).unwrap();
    let of_a_person = capture(open(spool.path()).as_fd(), &Rules::default());
    assert!(of_a_person.is_ok());
    let of_a_step = Rules {
        set_group: SetGroup::Refused,
        ..Rules::default()
    };
    let refused = capture(open(spool.path()).as_fd(), &of_a_step).unwrap_err();
    assert!(refused.to_string().contains("`spool`") && refused.to_string().contains("setgid"));
    assert!(refused.hint().unwrap().contains("chmod u-s,g-s"));
    let outside = tempfile::NamedTempFile::new().unwrap();
    let (_, why) = reason(|out| fs::hard_link(outside.path(), out.join("h")).unwrap());
    assert!(matches!(why, Reason::HardLink { links: 2, found: 1 }));
    let (_, why) = reason(|out| {
        fs::write(out.join("a"), b"x").unwrap();
        let set = rustix::fs::XattrFlags::CREATE;
        rustix::fs::setxattr(out.join("a"), "user.trap", b"1", set).unwrap();
    });
    assert!(matches!(why, Reason::Attribute(name) if name == "user.trap"));
}

#[test]
fn names_that_cannot_be_printed_are_refused_escaped() {
    for (name, shown) in [
        (&b"a\nb"[..], "a\\nb"),
        (b"\x1b[2J", "\\u{1b}[2J"),
        (b"\xff", "\\xff"),
    ] {
        let (path, why) = reason(|out| fs::write(out.join(OsStr::from_bytes(name)), b"x").unwrap());
        assert_eq!(path, shown);
        assert!(matches!(why, Reason::Name(_)));
    }
    let (_, why) = reason(|out| symlink(OsStr::from_bytes(b"\xff"), out.join("l")).unwrap());
    assert!(matches!(why, Reason::Target));
}

#[test]
fn depth_size_and_number_are_bounded() {
    // In memory: making 15 000 nested directories on a disk is what takes the time.
    let deep = tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap();
    let root = open(deep.path());
    let mut walk = Descent::new(root.as_fd(), OWNER_READ).unwrap();
    for _ in 0..15_000 {
        rustix::fs::mkdirat(walk.here(), c"d", rustix::fs::Mode::RWXU).unwrap();
        walk.down(c"d").unwrap();
    }
    let refused = capture(root.as_fd(), &Rules::default());
    assert!(matches!(
        refused,
        Err(CaptureError::Refused {
            reason: Reason::Depth(256),
            ..
        })
    ));
    let seen = snapshot(root.as_fd(), &Rules::default(), None, &mut memory()).unwrap();
    assert_eq!(seen.completeness(), Completeness::Cut);
    remove_contents(root.as_fd()).unwrap();

    let sparse = File::create(deep.path().join("sparse")).unwrap();
    sparse.set_len(1 << 40).unwrap();
    let refused = capture(root.as_fd(), &Rules::default());
    assert!(matches!(refused, Err(CaptureError::Bytes { path, .. }) if path == "sparse"));
    fs::write(deep.path().join("more"), b"x").unwrap();
    let one = Rules {
        entries: 1,
        ..Rules::default()
    };
    assert!(matches!(
        capture(root.as_fd(), &one),
        Err(CaptureError::Entries(1))
    ));
}

#[test]
fn locked_entries_and_links_inside_are_taken() {
    let out = tempfile::tempdir().unwrap();
    fs::create_dir_all(out.path().join("locked/in")).unwrap();
    fs::write(out.path().join("locked/in/a"), b"x").unwrap();
    fs::hard_link(out.path().join("locked/in/a"), out.path().join("b")).unwrap();
    symlink("/etc/../etc/shadow", out.path().join("l")).unwrap();
    fs::set_permissions(out.path().join("b"), Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(out.path().join("locked"), Permissions::from_mode(0o000)).unwrap();
    let tree = capture(open(out.path()).as_fd(), &Rules::default()).unwrap();
    assert_eq!(tree.get("b"), tree.get("locked/in/a"));
    assert!(
        matches!(tree.get("l"), Some(Entry::Symlink { target }) if target == "/etc/../etc/shadow")
    );
}

#[test]
fn a_staged_tree_is_a_copy_with_the_given_owner_and_time() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(&place.path().join("store")).unwrap();
    let out = place.path().join("out");
    fs::create_dir_all(out.join("d")).unwrap();
    fs::write(out.join("d/tool"), b"#!/bin/sh").unwrap();
    fs::set_permissions(out.join("d/tool"), Permissions::from_mode(0o700)).unwrap();
    let stored = capture_into(open(&out).as_fd(), &Rules::default(), &store).unwrap();
    let root = rustix::process::geteuid().is_root();
    let owner = root.then_some(Owner {
        uid: 65_000,
        gid: 65_001,
    });
    if !root {
        skip("capture", "giving files away takes root");
    }
    let under: RelPath = "build/zlib".parse().unwrap();
    let options = StageOptions { owner, ..OPTIONS };
    stage(&stored, open(place.path()).as_fd(), Some(&under), &options).unwrap();
    let tool = fs::metadata(place.path().join("build/zlib/d/tool")).unwrap();
    assert_eq!(
        (tool.mode() & 0o7777, tool.mtime(), tool.nlink()),
        (0o755, 315_532_800, 1)
    );
    let dir = fs::metadata(place.path().join("build/zlib/d")).unwrap();
    assert_eq!((dir.mode() & 0o7777, dir.mtime()), (0o755, 315_532_800));
    if let Some(owner) = owner {
        assert_eq!((tool.uid(), dir.gid()), (owner.uid, owner.gid));
    }
}

fn memory() -> Budget {
    Snapshot::memory(&Rules::default())
}

/// A folder as deep as one may be, of the longest names, and so many files at its end.
fn deep(files: usize) -> tempfile::TempDir {
    let place = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let place = place.unwrap();
    let root = open(place.path());
    let mut walk = Descent::new(root.as_fd(), OWNER_READ).unwrap();
    let name = std::ffi::CString::new("d".repeat(255)).unwrap();
    for _ in 0..200 {
        rustix::fs::mkdirat(walk.here(), &*name, rustix::fs::Mode::RWXU).unwrap();
        walk.down(&name).unwrap();
    }
    for number in 0..files {
        let name = format!("f{number}");
        rustix::fs::symlinkat("x", walk.here(), &*name).unwrap();
    }
    place
}

#[test]
fn a_snapshot_keeps_each_name_once_and_ends_where_its_memory_does() {
    let place = deep(2000);
    let root = open(place.path());
    // In full, the paths of each snapshot have 100 MiB.
    let mut memory = Budget::new(1 << 20);
    let one = snapshot(root.as_fd(), &Rules::default(), None, &mut memory).unwrap();
    assert_eq!((one.len(), one.completeness()), (2200, Completeness::Whole));
    let left = memory.left();
    assert!(left > 1 << 19, "{left}");
    let same = snapshot(root.as_fd(), &Rules::default(), Some(&one), &mut memory).unwrap();
    // What did not change is kept once, however many steps leave it so.
    assert_eq!((memory.left(), one.differences(&same).count()), (left, 0));
    let mut little = Budget::new(64 << 10);
    let cut = snapshot(root.as_fd(), &Rules::default(), None, &mut little).unwrap();
    assert!((1..1000).contains(&cut.len()), "{}", cut.len());
    assert_eq!(cut.completeness(), Completeness::Cut);
    remove_contents(root.as_fd()).unwrap();
}

#[test]
fn names_that_wait_on_the_way_down_count_like_those_that_were_visited() {
    let place = tempfile::tempdir().unwrap();
    let mut folder = place.path().to_owned();
    for _ in 0..10 {
        for number in 0..10 {
            fs::write(folder.join(format!("f{number}")), b"").unwrap();
        }
        folder.push("a");
        fs::create_dir(&folder).unwrap();
    }
    let root = open(place.path());
    let rules = |entries| Rules {
        entries,
        ..Rules::default()
    };
    let taken = |entries| snapshot(root.as_fd(), &rules(entries), None, &mut memory()).unwrap();
    assert_eq!(
        (taken(110).len(), taken(110).completeness()),
        (110, Completeness::Whole)
    );
    // Nothing but folders was visited when the names of all were too many.
    assert_eq!(
        (taken(50).len(), taken(50).completeness()),
        (4, Completeness::Cut)
    );
    assert!(matches!(
        capture(root.as_fd(), &rules(109)),
        Err(CaptureError::Entries(109))
    ));
}

#[test]
fn outputs_have_an_end_in_the_bytes_of_their_paths() {
    let place = tempfile::tempdir().unwrap();
    let mut folder = place.path().to_owned();
    for _ in 0..15 {
        folder.push("d".repeat(250));
    }
    fs::create_dir_all(&folder).unwrap();
    for number in 0..2000 {
        symlink("x", folder.join(format!("f{number}"))).unwrap();
    }
    let few = Rules {
        entries: 3000,
        ..Rules::default()
    };
    let refused = capture(open(place.path()).as_fd(), &few).unwrap_err();
    assert!(matches!(refused, CaptureError::Paths { .. }), "{refused}");
    assert!(refused.limit().is_some() && refused.hint().unwrap().contains("outputs = 6000"));
    assert!(capture(open(place.path()).as_fd(), &Rules::default()).is_ok());
}

#[test]
fn a_snapshot_names_what_changed() {
    let work = tempfile::tempdir().unwrap();
    let dir = open(work.path());
    fs::create_dir(work.path().join("src")).unwrap();
    fs::write(work.path().join("src/a.c"), b"a").unwrap();
    fs::write(work.path().join("src/b.c"), b"b").unwrap();
    let one = snapshot(dir.as_fd(), &Rules::default(), None, &mut memory()).unwrap();
    let same = snapshot(dir.as_fd(), &Rules::default(), Some(&one), &mut memory()).unwrap();
    assert_eq!(one.differences(&same).count(), 0);
    fs::write(work.path().join("src/b.c"), b"B").unwrap();
    fs::write(work.path().join(OsStr::from_bytes(b"new\xff")), b"n").unwrap();
    let two = snapshot(dir.as_fd(), &Rules::default(), Some(&same), &mut memory()).unwrap();
    assert_eq!(
        one.differences(&two).collect::<Vec<_>>(),
        ["new\\xff", "src/b.c"]
    );
    assert_eq!((two.len(), two.completeness()), (4, Completeness::Whole));
}

#[test]
fn a_file_that_is_not_as_long_as_it_says_is_refused() {
    // Files of procfs say they are empty and are not: what a file that grows meanwhile looks like.
    let refused = capture(
        open(Path::new("/proc/sys/kernel/random")).as_fd(),
        &Rules::default(),
    );
    let Err(CaptureError::Refused { path, reason }) = refused else {
        panic!("not refused: {refused:?}");
    };
    assert!(path == "boot_id" && matches!(reason, Reason::Changed));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn stage_and_capture_round_trip(
        entries in prop::collection::vec(("[a-cé ]{1,3}(/[a-c.]x?){0,3}", 0..4_u8, any::<Vec<u8>>()), 0..16),
        reversed: bool,
    ) {
        let place = tempfile::tempdir().unwrap();
        let store = Store::open(&place.path().join("store")).unwrap();
        let writer = store.tree_writer().unwrap();
        let layer = writer.layer("test");
        for (path, kind, bytes) in entries {
            let Ok(path) = path.parse::<RelPath>() else { continue };
            match kind {
                0 => drop(layer.directory(&path)),
                1 => drop(layer.symlink(path, "../../x")),
                kind => {
                    if let Ok(mut file) = layer.file(path, kind == 2) {
                        file.write_all(&bytes).unwrap();
                        drop(file.finish());
                    }
                }
            }
        }
        let stored = writer.commit().unwrap();
        fs::create_dir(place.path().join("to")).unwrap();
        let to = open(&place.path().join("to"));
        let order = if reversed { Order::Reversed } else { Order::Sorted };
        stage(&stored, to.as_fd(), None, &StageOptions { order, ..OPTIONS }).unwrap();
        prop_assert_eq!(&capture(to.as_fd(), &Rules::default()).unwrap(), stored.tree());
        let again = capture_into(to.as_fd(), &Rules::default(), &store).unwrap();
        prop_assert_eq!(again.digest(), stored.digest());
        again.check_quick().unwrap();
    }
}

#[test]
fn what_is_handed_over_is_hashed_while_it_is_copied() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(place.path()).unwrap();
    let writer = store.tree_writer().unwrap();
    let mut file = writer
        .layer("a")
        .file("file".parse().unwrap(), false)
        .unwrap();
    file.write_all(b"as it was").unwrap();
    file.finish().unwrap();
    let tree = writer.commit().unwrap();
    let staged = |bytes| {
        let to = tempfile::tempdir().unwrap();
        let options = StageOptions { bytes, ..OPTIONS };
        stage(&tree, open(to.path()).as_fd(), None, &options)
    };
    staged(Bytes::Hashed).unwrap();
    let stored = tree.path().join("file");
    fs::set_permissions(&stored, Permissions::from_mode(0o644)).unwrap();
    for other in [&b"as it is "[..], b"as it was, and more"] {
        fs::write(&stored, other).unwrap();
        let refused = staged(Bytes::Hashed).unwrap_err();
        assert!(matches!(refused, StoreError::Tampered { path } if path == "file"));
    }
}
