//! Indices that somebody wrote by hand, to have the reader run out of memory, of its stack or of time.

use gix_index::hash::{Kind, hasher};

use super::tests::repository;
use super::*;

const FILE: u32 = 0o100_644;
const REPOSITORY: u32 = 0o160_000;

/// An entry of an index of version 4: what it cuts from the path before, and what it adds.
fn entry(mode: u32, cut: usize, added: &[u8]) -> Vec<u8> {
    let mut entry = vec![0; 24];
    entry.extend(mode.to_be_bytes());
    entry.extend([0; 12 + 20 + 2]);
    let mut number = vec![u8::try_from(cut & 0x7f).unwrap()];
    let mut left = cut >> 7;
    while left > 0 {
        left -= 1;
        number.insert(0, u8::try_from(left & 0x7f).unwrap() | 0x80);
        left >>= 7;
    }
    entry.extend(number);
    entry.extend(added);
    entry.push(0);
    entry
}

fn index(entries: &[Vec<u8>], extensions: &[u8]) -> Vec<u8> {
    let mut bytes = b"DIRC\0\0\0\x04".to_vec();
    bytes.extend(u32::try_from(entries.len()).unwrap().to_be_bytes());
    bytes.extend(entries.concat());
    bytes.extend(extensions);
    let mut hasher = hasher(Kind::Sha1);
    hasher.update(&bytes);
    bytes.extend(hasher.try_finalize().unwrap().as_slice());
    bytes
}

fn extension(name: &[u8], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [name, &length, content].concat()
}

/// An index of a submodule `a` and of so many files whose paths share all but six bytes.
fn bomb(files: usize, length: usize) -> Vec<u8> {
    let mut entries = vec![entry(REPOSITORY, 0, b"a")];
    for number in 0..files {
        let end = format!("{number:06}");
        entries.push(match number {
            0 => entry(FILE, 1, format!("{}{end}", "b".repeat(length)).as_bytes()),
            _ => entry(FILE, 6, end.as_bytes()),
        });
    }
    index(&entries, b"")
}

fn put_index(top: &Path, bytes: &[u8]) {
    let git = top.join(".git");
    for name in ["objects", "refs"] {
        std::fs::create_dir_all(git.join(name)).unwrap();
    }
    std::fs::write(git.join("HEAD"), "x").unwrap();
    std::fs::write(git.join("index"), bytes).unwrap();
}

#[test]
fn indices_of_repositories_within_each_other_share_one_budget() {
    let world = repository(&[], &["a/a/f"]);
    let at = world.path();
    put_index(at, &bomb(400, 60_000));
    put_index(&at.join("a"), &bomb(8_600, 60_000));
    let error = list(at).unwrap_err();
    // Measured, and refused before it is decoded: alone it would have had its place.
    assert!(
        matches!(&error, WorktreeError::Indices { path, .. } if path.ends_with("a/.git/index")),
        "{error}"
    );
    assert!(error.hint().is_some());
    put_index(&at.join("a"), &bomb(400, 6_000));
    assert_eq!(listed(at), ["a", "a/a"]);
}

fn listed(folder: &Path) -> Vec<String> {
    let listing = list(folder).unwrap().unwrap();
    listing.paths.iter().map(ToString::to_string).collect()
}

#[test]
fn patterns_of_all_repositories_share_one_amount_of_work() {
    let world = repository(&[], &["a/a/f", "a/b", "b"]);
    let at = world.path();
    put_index(at, &bomb(1, 6));
    put_index(&at.join("a"), &bomb(1, 6));
    let exclude = Path::new(".git/info/exclude");
    // The paths of the one around take all of the work.
    let work = "*/**/a\n".repeat(1 << 16);
    for top in [at.to_owned(), at.join("a")] {
        let file = top.join(exclude);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, &work).unwrap();
    }
    let mut left = Left {
        indices: index::memory(),
        matching: Budget::new(1 << 20),
        submodules: 1,
    };
    let repository = Repository::at(at).unwrap().unwrap();
    let walked = walk(&repository, at, "", &mut left, &mut Listing::default());
    let refused = walked.unwrap_err();
    assert!(
        matches!(&refused, WorktreeError::Patterns(file) if file.ends_with("a/.git/info/exclude")),
        "{refused}"
    );
}

#[test]
fn submodules_within_each_other_have_an_end() {
    let world = repository(&[], &[&format!("{}f", "a/".repeat(20))]);
    let mut at = world.path().to_owned();
    for _ in 0..20 {
        put_index(&at, &bomb(0, 0));
        at.push("a");
    }
    let error = list(world.path()).unwrap_err();
    assert!(
        matches!(error, WorktreeError::TooManyWithin { most: 16, .. }),
        "{error}"
    );
    assert!(error.hint().is_some());
}

#[test]
fn extensions_that_nest_without_end_are_not_read() {
    let world = repository(&[], &["f"]);
    let nested = [b"\0-1 1\n".repeat(2_000_000), b"\0-1 0\n".to_vec()].concat();
    put_index(
        world.path(),
        &index(&[entry(FILE, 0, b"f")], &extension(b"TREE", &nested)),
    );
    assert_eq!(listed(world.path()), ["f"]);
}

#[test]
fn a_shared_index_leads_to_no_other() {
    let world = repository(&[], &["f"]);
    let git = world.path().join(".git");
    let null = [0_u8; 20];
    // Without checksums, the name of a shared index is zeros, and it can name itself.
    let unsigned = |entries: &[Vec<u8>]| {
        let mut bytes = index(entries, &extension(b"link", &null));
        let end = bytes.len() - null.len();
        bytes[end..].copy_from_slice(&null);
        bytes
    };
    put_index(world.path(), &unsigned(&[]));
    let shared = git.join(format!("sharedindex.{}", "0".repeat(40)));
    std::fs::write(shared, unsigned(&[entry(FILE, 0, b"f")])).unwrap();
    assert_eq!(listed(world.path()), ["f"]);
}
