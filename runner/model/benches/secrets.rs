//! How fast bytes are looked through for secrets: `secrets FOLDER ROUNDS` prints megabytes a second of one CPU.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use zwieback_model::secrets::filter::Filter;
use zwieback_model::secrets::scan::Scan;
use zwieback_model::secrets::search_budget::SearchBudget;

/// As much as is read of the folder.
const MOST: usize = 256 << 20;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next().filter(|word| !word.starts_with('-')) else {
        return;
    };
    let rounds: u32 = arguments
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap_or(5);
    let mut files = Vec::new();
    collect(&folder, &mut files);
    let mut bytes = 0;
    let contents: Vec<Vec<u8>> = files
        .iter()
        .filter_map(|file| fs::read(file).ok())
        .take_while(|content| {
            bytes += content.len();
            bytes <= MOST
        })
        .collect();
    let size: usize = contents.iter().map(Vec::len).sum();
    let filter = Filter::new();
    for _ in 0..rounds {
        let begun = cpu();
        for content in &contents {
            black_box(Scan::of(&filter, "file", content, &SearchBudget::default()));
        }
        let spent = u128::from(cpu() - begun).max(1);
        println!("{} MB/s", size as u128 * 1000 / spent);
    }
}

fn collect(folder: impl AsRef<Path>, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => collect(entry.path(), files),
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
}

/// Nanoseconds that this process has had of its CPU: others on the machine do not count.
fn cpu() -> u64 {
    let text = fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let first = text
        .split(' ')
        .next()
        .and_then(|number| number.parse().ok());
    first.unwrap_or(0)
}
