//! The file of a tree, and a folder held against it: what is read has the bytes that it was read from.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zwieback_attest::folder::{Folder, Leave, Present, Stated, compare};
use zwieback_attest::output_tree::{StatedTree, subjects};
use zwieback_model::digest::Digest;
use zwieback_model::tree::Entry;

fuzz_target!(|bytes: &[u8]| {
    let named = StatedTree {
        file: "words-1.tree".to_owned(),
        digest: Digest::sha256(bytes),
    };
    let Ok(tree) = named.parse(bytes) else {
        return;
    };
    assert_eq!(tree.canonical().as_bytes(), bytes);
    assert!(!subjects(&tree, "words-1").is_empty());
    let present = |entry: &Entry| match entry {
        Entry::Directory => Present::Directory,
        Entry::Symlink { target } => Present::Symlink {
            target: target.clone().into_bytes(),
        },
        Entry::File {
            content,
            executable,
        } => Present::File {
            sha256: Some(content.sha256),
            mode: if *executable { 0o755 } else { 0o644 },
            capable: false,
        },
    };
    let entries = tree.entries();
    let folder: Folder = entries
        .map(|(path, entry)| (path.as_str().as_bytes().to_vec(), present(entry)))
        .collect();
    let stated = Stated::tree(&tree);
    assert!(compare(&stated, &folder, Leave::default()).is_ok());
});
