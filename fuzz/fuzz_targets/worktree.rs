//! What a folder's repository says of it: an index, and patterns.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use zwieback_host::worktree::config;
use zwieback_host::worktree::ignored::{Patterns, matching};
use zwieback_host::worktree::index::{self, Index};

fuzz_target!(|bytes: &[u8]| {
    let beside = |_: &str| Ok(Some(bytes.to_vec()));
    let path = Path::new("/nowhere/index");
    if let Ok(index) = Index::parse(bytes, path, beside, &mut index::memory()) {
        assert!(index.holds_below(b""));
    }
    if let Some(path) = config::worktree(bytes) {
        assert!(path.len() <= bytes.len());
    }
    let mut patterns = Patterns::default();
    if patterns.push(bytes, Path::new("a/.gitignore"), "a").is_ok() {
        // As a walk puts a path together: of names, none of them empty.
        let names = bytes.split(|byte| *byte == b'/');
        let names: Vec<_> = names.filter(|name| !name.is_empty()).collect();
        for path in [&b"a/b.o"[..], b"b", &names.join(&b'/')] {
            // What would take too long is an error, and no answer.
            drop(patterns.cover(path, bytes.len() % 2 == 0, &mut matching()));
        }
    }
});
