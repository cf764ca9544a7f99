//! How full a writable place is.

use std::os::fd::{AsFd as _, OwnedFd};
use std::time::{Duration, Instant};

use nix::sys::statvfs::fstatvfs;
use zwieback_model::sandbox_spec::limits::Quota;
use zwieback_model::sandbox_spec::operation::{Medium, Operation, Place};
use zwieback_model::sandbox_spec::spec::SandboxSpec;

use super::effort::processor_time;
use super::processes::Tables;
use super::tree_size::{Pass, add_up};
use super::unlinked;

/// A directory tree is added up no more often than this.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
/// Adding up takes at most one part in this many of one processor, as long as the file system has
/// not lost as much room as the place had left.
const SHARE: u32 = 40;
/// Passes in a row that could not be finished while the file system lost as much room as the place had
/// left. Then it counts as full: what moves or closes its folders all the time cannot hide behind that.
const MOST_PARTIAL: u32 = 4;

/// Measures one place.
#[derive(Debug)]
pub(crate) struct PlaceMeter {
    dir: OwnedFd,
    medium: Medium,
    quota: Quota,
    /// When the tree is added up again at the latest, and at the soonest.
    next: Instant,
    soonest: Instant,
    /// Room of the file system below which the place could be full.
    alarm: Quota,
    /// Passes in a row that could not be finished with less room than that.
    partial: u32,
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
            known.map(|(medium, quota)| Self::new(dir, medium, quota))
        };
        Place::ALL.into_iter().zip(dirs).filter_map(meter).collect()
    }

    /// Bytes of memory that its files take: none of a place on a disk.
    pub(crate) fn memory(&self) -> u64 {
        match self.medium {
            Medium::Memory => fstatvfs(&self.dir).map_or(0, |room| {
                let blocks = room.blocks().saturating_sub(room.blocks_free());
                blocks.saturating_mul(room.fragment_size())
            }),
            Medium::Disk => 0,
        }
    }

    /// Whether nothing more can, or may, be written.
    pub(crate) fn is_full(&mut self, tables: &Tables) -> bool {
        match self.medium {
            Medium::Memory => {
                let room = fstatvfs(&self.dir);
                room.is_ok_and(|room| room.blocks_available() == 0 || room.files_available() == 0)
            }
            Medium::Disk => self.measure(tables),
        }
    }

    fn new(dir: OwnedFd, medium: Medium, quota: Quota) -> Self {
        let mut meter = Self {
            dir,
            medium,
            quota,
            next: Instant::now(),
            soonest: Instant::now(),
            alarm: NOTHING,
            partial: 0,
        };
        meter.alarm = alarm(meter.room(), NOTHING, quota);
        meter
    }

    fn measure(&mut self, tables: &Tables) -> bool {
        let room = self.room();
        let is_alarmed = room.bytes < self.alarm.bytes || room.inodes < self.alarm.inodes;
        let due = if is_alarmed { self.soonest } else { self.next };
        if Instant::now() < due {
            return false;
        }
        let before = processor_time();
        let mut pass = add_up(self.dir.as_fd(), self.quota);
        if is_alarmed {
            // Room went somewhere: files without a name take it as well.
            pass = unlinked::add(pass, self.dir.as_fd(), tables, self.quota);
        }
        let took = processor_time().saturating_sub(before);
        self.soonest = Instant::now() + SHORTEST_PAUSE;
        self.next = Instant::now() + SHORTEST_PAUSE.max(took * SHARE);
        self.judge(pass, room, is_alarmed)
    }

    /// Whether the place counts as full after this pass.
    fn judge(&mut self, pass: Pass, room: Quota, is_alarmed: bool) -> bool {
        match pass {
            Pass::Full => true,
            Pass::Whole(sum) => {
                self.partial = 0;
                self.alarm = alarm(room, sum, self.quota);
                false
            }
            Pass::Partial => {
                self.partial += u32::from(is_alarmed);
                self.partial >= MOST_PARTIAL
            }
        }
    }

    /// What the file system has left, for this place and all others on it.
    fn room(&self) -> Quota {
        fstatvfs(&self.dir).map_or(NOTHING, |room| Quota {
            bytes: room.blocks_free() * room.fragment_size(),
            inodes: room.files_free(),
        })
    }
}

/// A place with these limits on a file system with this room could be full when less than this is left.
fn alarm(room: Quota, used: Quota, quota: Quota) -> Quota {
    let left = |room: u64, used: u64, quota: u64| room.saturating_add(used).saturating_sub(quota);
    Quota {
        bytes: left(room.bytes, used.bytes, quota.bytes),
        inodes: left(room.inodes, used.inodes, quota.inodes),
    }
}

const NOTHING: Quota = Quota {
    bytes: 0,
    inodes: 0,
};

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;

    fn meter(dir: &Path, bytes: u64) -> PlaceMeter {
        let quota = Quota {
            bytes,
            inodes: 100_000,
        };
        let dir = OwnedFd::from(fs::File::open(dir).unwrap());
        PlaceMeter::new(dir, Medium::Disk, quota)
    }

    fn own_tables() -> Tables {
        Tables {
            proc: OwnedFd::from(fs::File::open("/proc").unwrap()),
            shared_memory: None,
        }
    }

    /// Looks until the place is full, for as long as a limit may take to end a step, and some more.
    fn fills(meter: &mut PlaceMeter) -> bool {
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end {
            if meter.is_full(&own_tables()) {
                return true;
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    }

    #[test]
    fn files_of_a_place_in_memory_are_memory() {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        fs::write(dir.path().join("file"), vec![7; 8 << 20]).unwrap();
        let mut meter = meter(dir.path(), 1 << 20);
        assert_eq!(meter.memory(), 0);
        meter.medium = Medium::Memory;
        assert!(meter.memory() >= 8 << 20);
    }

    #[test]
    fn folders_that_move_all_the_time_hide_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let mut meter = meter(dir.path(), 1 << 20);
        let path = |name: &str| dir.path().join(name);
        fs::create_dir_all(path("from/deep")).unwrap();
        fs::create_dir(path("to")).unwrap();
        fs::write(path("from/deep/file"), vec![7; 8 << 20]).unwrap();
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    fs::rename(path("from/deep"), path("to/deep")).unwrap();
                    fs::rename(path("to/deep"), path("from/deep")).unwrap();
                }
            });
            let seen = fills(&mut meter);
            is_over.store(true, Ordering::Relaxed);
            assert!(seen);
        });
    }

    #[test]
    fn a_file_without_a_name_is_in_the_place_as_long_as_it_is_open() {
        use std::io::Write as _;
        let dir = tempfile::tempdir().unwrap();
        let mut meter = meter(dir.path(), 16 << 20);
        assert!(!meter.is_full(&own_tables()));
        let mut file = fs::File::create(dir.path().join("file")).unwrap();
        fs::remove_file(dir.path().join("file")).unwrap();
        file.write_all(&vec![7; 48 << 20]).unwrap();
        // Others may free room on the file system meanwhile, and that would put off the alarm.
        meter.alarm.bytes = u64::MAX;
        assert!(fills(&mut meter));
        drop(file);
    }

    #[test]
    fn passes_that_never_end_are_a_full_place_once_the_room_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let mut meter = meter(dir.path(), 1 << 20);
        for _ in 0..3 * MOST_PARTIAL {
            assert!(!meter.judge(Pass::Partial, NOTHING, false));
        }
        let mut judged = (0..MOST_PARTIAL).map(|_| meter.judge(Pass::Partial, NOTHING, true));
        assert!(judged.any(|full| full));
        assert!(!meter.judge(Pass::Whole(NOTHING), NOTHING, true));
        assert!(!meter.judge(Pass::Partial, NOTHING, true));
    }
}
