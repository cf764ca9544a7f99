//! Lockfiles: what reads is written and read back as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zwieback_model::manifest::diagnostic::SourceText;
use zwieback_model::manifest::lockfile::Lockfile;

fuzz_target!(|text: &str| {
    let read = |text: &str| Lockfile::parse(SourceText { path: "fuzz", text });
    if let Ok(lock) = read(text) {
        assert_eq!(read(&lock.to_text()).expect("what is written reads"), lock);
    }
});
