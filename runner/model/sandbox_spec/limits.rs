//! How much of the machine one run may use.

use serde::{Deserialize, Serialize};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Upper bounds of one run. A recipe may state any of them; the rest are the defaults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Bytes of memory that belong to all processes together; address space is not limited,
    /// because Go, the JVM and the sanitizers reserve terabytes of it.
    pub memory: u64,
    /// Processes and threads that may exist at one time.
    pub processes: u64,
    /// Files one process may hold open.
    pub open_files: u64,
    /// Room in the work place, `/build`.
    pub work: Quota,
    /// Room in the output place, `/out`.
    pub out: Quota,
    /// Room in `/tmp`.
    pub tmp: Quota,
    /// Bytes of `/dev/shm`.
    pub shm: u64,
    /// Bytes one step may write to its output and error streams.
    pub log: u64,
    /// Seconds of wall-clock time all steps may take together.
    pub seconds: u64,
    /// What may be captured from `/out` afterwards.
    pub outputs: OutputLimits,
}

/// Room in one writable place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Quota {
    /// Bytes, as allocated.
    pub bytes: u64,
    /// Files, directories and symlinks.
    pub inodes: u64,
}

/// Bounds of a captured output tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct OutputLimits {
    /// Entries in the tree.
    pub count: u64,
    /// Names in the longest path.
    pub depth: u64,
    /// Bytes of all files together, by their length and not by what is allocated.
    pub bytes: u64,
}

/// Bytes in each writable place where nobody says otherwise.
pub const DISK: u64 = 4 * GIB;

impl Limits {
    /// The room of shared memory.
    pub const fn shared(&self) -> Quota {
        Quota {
            bytes: self.shm,
            inodes: 1024,
        }
    }

    /// The largest file a step can write anywhere.
    pub const fn largest_file(&self) -> u64 {
        let mut largest = self.shm;
        let quotas = [self.work.bytes, self.out.bytes, self.tmp.bytes];
        let mut at = 0;
        while at < quotas.len() {
            if quotas[at] > largest {
                largest = quotas[at];
            }
            at += 1;
        }
        largest
    }
}

impl Quota {
    /// As many files as so many bytes are likely to hold.
    pub const fn of(bytes: u64) -> Self {
        Self {
            bytes,
            // One inode for each 16 KiB: a Linux source tree has one for each 15 KiB.
            inodes: bytes / (16 * KIB),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 8 * GIB,
            processes: 4096,
            open_files: 4096,
            work: Quota::of(DISK),
            out: Quota::of(DISK),
            tmp: Quota::of(DISK),
            shm: 64 * MIB,
            log: 64 * MIB,
            seconds: 3600,
            outputs: OutputLimits::default(),
        }
    }
}

impl Default for OutputLimits {
    fn default() -> Self {
        Self {
            count: 100_000,
            depth: 64,
            bytes: 8 * GIB,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox_spec::operation::Place;

    #[test]
    fn the_largest_place_bounds_a_file() {
        let limits = Limits::default();
        assert_eq!(limits.largest_file(), limits.work.bytes);
        assert_eq!(limits.quota(Place::Tmp), limits.tmp);
    }

    #[test]
    fn limits_are_written_in_part() {
        let limits: Limits = serde_json::from_str(r#"{"open-files": 7}"#).unwrap();
        assert_eq!(limits.open_files, 7);
        assert_eq!(limits.log, Limits::default().log);
        assert!(serde_json::from_str::<Limits>(r#"{"ram": 7}"#).is_err());
    }
}
