//! Hostile archives: what may not be in a tree is refused by name, and nothing lands outside.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Seek as _, Write as _};

use tar::{Builder, EntryType, Header};
use zwieback_host::archive::error::{ArchiveError, MemberRefusal};
use zwieback_host::archive::limits::{ArchiveLimits, Exceeded};
use zwieback_host::archive::options::{Options, Unpacked};
use zwieback_host::archive::unpack::unpack;
use zwieback_host::store::place::Store;
use zwieback_model::rel_path::RelPath;
use zwieback_model::tree::{Entry, Tree};

type Outcome = Result<(Tree, Unpacked), ArchiveError>;

fn unpacked_with(bytes: &[u8], options: &Options<'_>) -> Outcome {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(place.path()).unwrap();
    let writer = store.tree_writer().unwrap();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    let done = unpack(file, "test", &writer.layer("test"), options)?;
    let tree = writer.commit().unwrap();
    tree.check_whole().unwrap();
    Ok((tree.tree().clone(), done))
}

fn unpacked(bytes: &[u8]) -> Outcome {
    unpacked_with(bytes, &Options::default())
}

/// A header whose name is written as it is: the builder's own setters refuse what an enemy writes.
fn header(name: &[u8], kind: EntryType, size: usize) -> Header {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_size(size as u64);
    header.set_mode(0o6755);
    header.set_mtime(1_700_000_000);
    header.set_cksum();
    header
}

fn link(name: &[u8], kind: EntryType, target: &[u8]) -> Header {
    let mut header = header(name, kind, 0);
    header.set_link_name_literal(target).unwrap();
    header.set_cksum();
    header
}

fn tar_of(members: &[(Header, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (header, content) in members {
        builder.append(header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn file(name: &[u8], content: &'static [u8]) -> (Header, &'static [u8]) {
    (header(name, EntryType::Regular, content.len()), content)
}

fn refusal(bytes: &[u8]) -> MemberRefusal {
    match unpacked(bytes) {
        Err(ArchiveError::Refused { reason, .. }) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn an_ordinary_tar_becomes_a_tree() {
    let bytes = tar_of(&[
        (header(b"./", EntryType::Directory, 0), b""),
        file(b"./zlib//README", b"read me"),
        (link(b"zlib/link", EntryType::Symlink, b"/etc/passwd"), b""),
        (link(b"zlib/same", EntryType::Link, b"./zlib/README"), b""),
    ]);
    let (tree, done) = unpacked(&bytes).unwrap();
    assert_eq!(tree.len(), 4);
    assert_eq!(tree.get("zlib/same"), tree.get("zlib/README"));
    assert!(matches!(
        tree.get("zlib/README"),
        Some(Entry::File {
            executable: true,
            ..
        })
    ));
    assert_eq!(
        done,
        Unpacked {
            entries: 3,
            bytes: 14,
            newest: Some(1_700_000_000)
        }
    );
}

#[test]
fn every_compression_gives_the_same_tree() {
    let bytes = tar_of(&[file(b"a/b", b"content")]);
    let plain = unpacked(&bytes).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&bytes).unwrap();
    let mut bz2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bz2.write_all(&bytes).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(&bytes).unwrap();
    let zstd = zstd::encode_all(&bytes[..], 1).unwrap();
    let packed = [
        gzip.finish().unwrap(),
        bz2.finish().unwrap(),
        xz.finish().unwrap(),
        zstd,
    ];
    for packed in packed {
        assert_eq!(unpacked(&packed).unwrap(), plain);
        let cut = unpacked(&packed[..packed.len() - 3]);
        assert!(matches!(cut, Err(ArchiveError::Damaged(_))), "cut: {cut:?}");
        let mut flipped = packed.clone();
        flipped[packed.len() / 2] ^= 0x55;
        assert!(unpacked(&flipped).is_err());
    }
}

#[test]
fn names_that_leave_the_tree_are_refused() {
    for name in [
        &b"/etc/passwd"[..],
        b"../x",
        b"a/../../x",
        b"a\x1b[2J",
        b"a\nb",
        b"\xff\xfe",
    ] {
        assert!(
            matches!(
                refusal(&tar_of(&[file(name, b"x")])),
                MemberRefusal::Path(_)
            ),
            "{name:?}"
        );
    }
}

#[test]
fn nothing_is_written_through_a_symlink() {
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().to_str().unwrap().as_bytes();
    let way = (link(b"way", EntryType::Symlink, target), &b""[..]);
    assert!(unpacked(&tar_of(&[way.clone(), file(b"way/out", b"x")])).is_err());
    assert!(
        unpacked(&tar_of(&[
            way,
            (link(b"new", EntryType::Link, b"way/out"), b"")
        ]))
        .is_err()
    );
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn hard_links_stay_inside() {
    for target in [
        &b"/etc/passwd"[..],
        b"../../etc/passwd",
        b"later",
        b"itself-missing",
    ] {
        let bytes = tar_of(&[(link(b"a", EntryType::Link, target), b"")]);
        assert!(
            matches!(refusal(&bytes), MemberRefusal::HardLink(_)),
            "{target:?}"
        );
    }
}

#[test]
fn nodes_are_refused() {
    for kind in [EntryType::Char, EntryType::Block] {
        assert!(matches!(
            refusal(&tar_of(&[(header(b"n", kind, 0), b"")])),
            MemberRefusal::Device
        ));
    }
    assert!(matches!(
        refusal(&tar_of(&[(header(b"n", EntryType::Fifo, 0), b"")])),
        MemberRefusal::Fifo
    ));
    let sparse = tar_of(&[(header(b"n", EntryType::GNUSparse, 0), b"")]);
    assert!(matches!(refusal(&sparse), MemberRefusal::Kind(_)));
}

#[test]
fn one_name_has_one_content() {
    let twice = tar_of(&[file(b"a", b"1"), file(b"a", b"1")]);
    assert_eq!(unpacked(&twice).unwrap().0.len(), 1);
    for second in [
        file(b"a", b"2"),
        file(b"a/b", b"1"),
        (link(b"a", EntryType::Symlink, b"x"), b""),
    ] {
        let bytes = tar_of(&[file(b"a", b"1"), second]);
        assert!(matches!(refusal(&bytes), MemberRefusal::Duplicate(_)));
    }
}

#[test]
fn long_names_are_read_and_bounded() {
    let long = "d/".repeat(100) + "f";
    let mut builder = Builder::new(Vec::new());
    let mut member = header(b"", EntryType::Regular, 1);
    builder.append_data(&mut member, &long, &b"x"[..]).unwrap();
    assert!(
        unpacked(&builder.into_inner().unwrap())
            .unwrap()
            .0
            .get(&long)
            .is_some()
    );
    let huge = vec![b'a'; 2 << 20];
    let bytes = tar_of(&[(
        header(b"././@LongLink", EntryType::GNULongName, huge.len()),
        &huge,
    )]);
    assert!(matches!(refusal(&bytes), MemberRefusal::Kind(_)));
}

#[test]
fn two_gibibytes_of_zeros_from_a_few_kilobytes_are_refused() {
    let size = 2_usize << 30;
    let mut packed = zstd::Encoder::new(Vec::new(), 3).unwrap();
    packed
        .write_all(header(b"zeros", EntryType::Regular, size).as_bytes())
        .unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..size / zeros.len() {
        packed.write_all(&zeros).unwrap();
    }
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 256 << 10, "{}", packed.len());
    let limits = ArchiveLimits {
        bytes: 1 << 20,
        ..ArchiveLimits::default()
    };
    let refused = unpacked_with(
        &packed,
        &Options {
            limits,
            ..Options::default()
        },
    );
    assert!(
        matches!(
            refused,
            Err(ArchiveError::TooMuch(Exceeded::Bytes(1_048_576)))
        ),
        "{refused:?}"
    );
}

#[test]
fn copies_of_a_file_count_too() {
    let mut members = vec![file(b"a", b"0123456789")];
    for name in [&b"b"[..], b"c", b"d"] {
        members.push((link(name, EntryType::Link, b"a"), b""));
    }
    let limits = ArchiveLimits {
        bytes: 1 << 20,
        ..ArchiveLimits::default()
    };
    let options = Options {
        limits,
        ..Options::default()
    };
    assert_eq!(
        unpacked_with(&tar_of(&members), &options).unwrap().1.bytes,
        40
    );
    let big: &'static [u8] = vec![7; 400_000].leak();
    members[0] = file(b"a", big);
    let refused = unpacked_with(&tar_of(&members), &options);
    assert!(
        matches!(refused, Err(ArchiveError::TooMuch(Exceeded::Bytes(_)))),
        "{refused:?}"
    );
}

#[test]
fn too_many_members_and_too_deep_paths_are_refused() {
    let limits = ArchiveLimits {
        entries: 2,
        depth: 3,
        ..ArchiveLimits::default()
    };
    let options = Options {
        limits,
        ..Options::default()
    };
    let three = tar_of(&[file(b"a", b""), file(b"b", b""), file(b"c", b"")]);
    assert!(matches!(
        unpacked_with(&three, &options),
        Err(ArchiveError::TooMuch(Exceeded::Entries(2)))
    ));
    let deep = tar_of(&[file(b"a/b/c/d", b"")]);
    assert!(matches!(
        unpacked_with(&deep, &options),
        Err(ArchiveError::TooMuch(Exceeded::Depth(3)))
    ));
}

#[test]
fn paths_and_links_of_a_small_archive_do_not_fill_the_memory() {
    let options = Options {
        limits: ArchiveLimits {
            paths: 5000,
            ..ArchiveLimits::default()
        },
        ..Options::default()
    };
    let long = "a".repeat(80);
    let names = |count: usize| (0..count).map(|number| format!("{long}/{number}"));
    let files = |count: usize| {
        let members =
            names(count).map(|name| (header(name.as_bytes(), EntryType::Regular, 0), &b""[..]));
        tar_of(&members.collect::<Vec<_>>())
    };
    assert!(unpacked_with(&files(40), &options).is_ok());
    assert!(matches!(
        unpacked_with(&files(80), &options),
        Err(ArchiveError::TooMuch(Exceeded::Paths(5000)))
    ));
    let links = |count: usize| {
        let members = (0..count).map(|number| {
            let mut link = header(format!("l{number}").as_bytes(), EntryType::Symlink, 0);
            link.set_link_name("b".repeat(90)).unwrap();
            link.set_cksum();
            (link, &b""[..])
        });
        tar_of(&members.collect::<Vec<_>>())
    };
    assert!(unpacked_with(&links(50), &options).is_ok());
    assert!(matches!(
        unpacked_with(&links(60), &options),
        Err(ArchiveError::TooMuch(Exceeded::Paths(5000)))
    ));
}

#[test]
fn folders_that_paths_imply_count_like_members() {
    let options = Options {
        limits: ArchiveLimits {
            entries: 100,
            ..ArchiveLimits::default()
        },
        ..Options::default()
    };
    let names = |count: usize| (0..count).map(|number| format!("{number}/a/b/c/d/e/f/g/h/i"));
    let of = |kind: EntryType, count: usize| {
        let members = names(count).map(|name| (header(name.as_bytes(), kind, 0), &b""[..]));
        tar_of(&members.collect::<Vec<_>>())
    };
    // Ten members of ten names each are a hundred entries, whether they are files or folders.
    for kind in [EntryType::Regular, EntryType::Directory] {
        assert!(unpacked_with(&of(kind, 10), &options).is_ok());
        assert!(matches!(
            unpacked_with(&of(kind, 11), &options),
            Err(ArchiveError::TooMuch(Exceeded::Entries(100)))
        ));
    }
    // A file that is left out of the tree takes part in the count of members alone.
    let place = |_| None;
    let options = Options {
        place: &place,
        ..options
    };
    assert!(unpacked_with(&of(EntryType::Regular, 100), &options).is_ok());
    assert!(unpacked_with(&of(EntryType::Regular, 101), &options).is_err());
}

#[test]
fn a_tar_that_ends_inside_a_member_is_damaged() {
    let bytes = tar_of(&[file(b"a", b"0123456789")]);
    let cut = unpacked(&bytes[..515]);
    assert!(matches!(cut, Err(ArchiveError::Damaged(_))), "{cut:?}");
}

#[test]
fn paths_can_be_moved_and_left_out() {
    let place = |path: RelPath| match path.as_str().strip_prefix("lib/") {
        Some(rest) => format!("usr/lib/{rest}").parse().ok(),
        None => (!path.as_str().starts_with("doc")).then_some(path),
    };
    let bytes = tar_of(&[
        file(b"./lib/x", b"1"),
        file(b"./doc/y", b"2"),
        (link(b"z", EntryType::Link, b"lib/x"), b""),
    ]);
    let (tree, _) = unpacked_with(
        &bytes,
        &Options {
            place: &place,
            ..Options::default()
        },
    )
    .unwrap();
    let paths: Vec<_> = tree.files().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["usr/lib/x", "z"]);
}

#[test]
fn zips_follow_the_same_rules() {
    let zip_of = |name: &str, content: &[u8]| {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default().unix_permissions(0o755);
        writer.start_file(name, options).unwrap();
        writer.write_all(content).unwrap();
        writer.finish().unwrap().into_inner()
    };
    let (tree, done) = unpacked(&zip_of("pkg/a.py", b"print()")).unwrap();
    assert!(matches!(
        tree.get("pkg/a.py"),
        Some(Entry::File {
            executable: true,
            ..
        })
    ));
    assert!(done.newest.unwrap() >= 315_532_800, "{done:?}");
    assert!(matches!(
        refusal(&zip_of("../a", b"x")),
        MemberRefusal::Path(_)
    ));
    let limits = ArchiveLimits {
        bytes: 1000,
        ..ArchiveLimits::default()
    };
    let bomb = unpacked_with(
        &zip_of("a", &[0; 5000]),
        &Options {
            limits,
            ..Options::default()
        },
    );
    assert!(
        matches!(bomb, Err(ArchiveError::TooMuch(Exceeded::Bytes(1000)))),
        "{bomb:?}"
    );
    let whole = zip_of("a", b"some bytes");
    assert!(matches!(
        unpacked(&whole[..whole.len() - 30]),
        Err(ArchiveError::Damaged(_))
    ));
}

#[test]
fn a_zip_of_too_many_members_is_refused_before_they_fill_the_memory() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    // Long names make the list as long as millions of short ones do.
    for number in 0..1300 {
        let name = format!("{number}/{}", "a".repeat(60_000));
        zip.start_file(name, options).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    assert!(matches!(
        unpacked(&bytes),
        Err(ArchiveError::TooMuch(Exceeded::Entries(1_000_000)))
    ));
}

#[test]
fn other_files_are_no_archives() {
    assert!(matches!(
        unpacked(b"#!/bin/sh\n"),
        Err(ArchiveError::UnknownFormat(_))
    ));
    assert!(matches!(unpacked(b""), Err(ArchiveError::UnknownFormat(_))));
}
