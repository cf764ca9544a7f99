//! How much a program puts into a folder, looked at while it works: a server can send it anything.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often it is looked.
const GLANCE: Duration = Duration::from_millis(500);

/// The most that may lie in a folder.
#[derive(Clone, Debug)]
pub(super) struct Growth {
    pub(super) folder: PathBuf,
    pub(super) most: u64,
}

impl Growth {
    /// Whether there is more in the folder.
    pub(super) fn is_beyond(&self) -> bool {
        held(&self.folder) > self.most
    }

    /// The same as a question that is asked often and answered now and then.
    pub(super) fn watched(&self) -> impl FnMut() -> bool {
        let mut next = Instant::now() + GLANCE;
        move || {
            let now = Instant::now();
            if now < next {
                return false;
            }
            let beyond = self.is_beyond();
            next = Instant::now() + GLANCE;
            beyond
        }
    }
}

/// The bytes of all files below a folder; what vanishes meanwhile counts for nothing.
fn held(folder: &Path) -> u64 {
    let mut open = vec![folder.to_owned()];
    let mut held = 0_u64;
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            match entry.metadata() {
                Ok(meta) if meta.is_dir() => open.push(entry.path()),
                Ok(meta) => held = held.saturating_add(meta.len()),
                Err(_gone) => {}
            }
        }
    }
    held
}
