//! How full a writable place is.

use std::fs;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::statvfs::fstatvfs;
use zwieback_core::sandbox_spec::limits::Quota;
use zwieback_core::sandbox_spec::operation::{Medium, Operation, Place};
use zwieback_core::sandbox_spec::spec::SandboxSpec;

use super::effort::processor_time;

/// A directory tree is added up no more often than this.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
/// Adding up takes at most one part in this many of one processor, as long as the file system has
/// not lost as much room as the place had left.
const SHARE: u32 = 40;
/// Directories deeper than this are not added up; to be there is to be too large.
const DEEPEST: usize = 200;

/// Measures one place.
#[derive(Debug)]
pub(crate) struct PlaceMeter {
    dir: OwnedFd,
    medium: Medium,
    quota: Quota,
    /// When the tree is added up again at the latest, and at the soonest.
    next: Instant,
    soonest: Instant,
    /// Room of the file system at which the place could be full.
    alarm: Quota,
}

impl PlaceMeter {
    /// Meters for the places of a spec, given as directories in the order of `Place::ALL`.
    pub(crate) fn all(spec: &SandboxSpec, dirs: Vec<OwnedFd>) -> Vec<Self> {
        let meter = |(place, dir)| {
            let known = spec
                .operations
                .iter()
                .find_map(|operation| match operation {
                    Operation::Writable {
                        place: found,
                        medium,
                        quota,
                        ..
                    } if *found == place => Some((*medium, *quota)),
                    _ => None,
                });
            known.map(|(medium, quota)| Self {
                dir,
                medium,
                quota,
                next: Instant::now(),
                soonest: Instant::now(),
                alarm: NOTHING,
            })
        };
        Place::ALL.into_iter().zip(dirs).filter_map(meter).collect()
    }

    /// Whether nothing more can, or may, be written.
    pub(crate) fn is_full(&mut self) -> bool {
        match self.medium {
            Medium::Memory => {
                let room = fstatvfs(&self.dir);
                room.is_ok_and(|room| room.blocks_available() == 0 || room.files_available() == 0)
            }
            Medium::Disk => self.measure(),
        }
    }

    fn measure(&mut self) -> bool {
        let room = self.room();
        let is_alarmed = room.bytes < self.alarm.bytes || room.inodes < self.alarm.inodes;
        let due = if is_alarmed { self.soonest } else { self.next };
        if Instant::now() < due {
            return false;
        }
        let path = format!("/proc/self/fd/{}/", self.dir.as_raw_fd());
        let (mut sum, before) = (NOTHING, processor_time());
        let fits = add_up(Path::new(&path), 0, &mut sum, self.quota);
        let took = processor_time().saturating_sub(before);
        self.soonest = Instant::now() + SHORTEST_PAUSE;
        self.next = Instant::now() + SHORTEST_PAUSE.max(took * SHARE);
        self.alarm = Quota {
            bytes: (room.bytes + sum.bytes).saturating_sub(self.quota.bytes),
            inodes: (room.inodes + sum.inodes).saturating_sub(self.quota.inodes),
        };
        !fits
    }

    /// What the file system has left, for this place and all others on it.
    fn room(&self) -> Quota {
        fstatvfs(&self.dir).map_or(NOTHING, |room| Quota {
            bytes: room.blocks_free() * room.fragment_size(),
            inodes: room.files_free(),
        })
    }
}

const NOTHING: Quota = Quota {
    bytes: 0,
    inodes: 0,
};

/// Adds a directory to `sum`; false as soon as it is more than `quota`. What vanishes
/// meanwhile counts as nothing.
fn add_up(dir: &Path, depth: usize, sum: &mut Quota, quota: Quota) -> bool {
    let Ok(entries) = fs::read_dir(dir) else {
        return true;
    };
    if depth > DEEPEST {
        return false;
    }
    for entry in entries.flatten() {
        // Of the entry itself: a symlink could lead anywhere.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        sum.inodes += 1;
        // stat(2): st_blocks counts 512 bytes whatever the file system does.
        sum.bytes = sum.bytes.saturating_add(metadata.blocks() * 512);
        if sum.bytes > quota.bytes || sum.inodes > quota.inodes {
            return false;
        }
        if metadata.is_dir() && !add_up(&entry.path(), depth + 1, sum, quota) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(dir: &Path, bytes: u64, inodes: u64) -> bool {
        let mut sum = NOTHING;
        add_up(dir, 0, &mut sum, Quota { bytes, inodes })
    }

    #[test]
    fn a_tree_is_added_up() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("a")).unwrap();
        fs::write(dir.path().join("a/b"), vec![7; 100_000]).unwrap();
        assert!(fits(dir.path(), 1 << 20, 10));
        assert!(!fits(dir.path(), 50_000, 10));
        assert!(!fits(dir.path(), 1 << 20, 1));
    }

    #[test]
    fn a_link_out_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/usr", dir.path().join("out")).unwrap();
        assert!(fits(dir.path(), 1 << 20, 1));
    }
}
