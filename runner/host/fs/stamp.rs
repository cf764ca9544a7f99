//! What the kernel changes when a file is touched: the cheap proof that nobody did.

use rustix::fs::Stat;

/// Inode, size and times of one entry at one moment.
///
/// No ordinary process can set a ctime, so equal stamps mean equal bytes unless the clock was turned back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Inode number.
    pub inode: u64,
    /// Length in bytes.
    pub size: u64,
    /// Last change of the content, in nanoseconds since 1970.
    pub mtime: i64,
    /// Last change of content, mode, owner or link count, in nanoseconds since 1970.
    pub ctime: i64,
}

impl Stamp {
    /// The length of a stamp in a file.
    pub const LEN: usize = 32;

    /// The stamp in a stat.
    pub fn of(stat: &Stat) -> Self {
        Self {
            inode: stat.st_ino,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            mtime: nanoseconds(stat.st_mtime, stat.st_mtime_nsec),
            ctime: nanoseconds(stat.st_ctime, stat.st_ctime_nsec),
        }
    }

    /// The stamp as it is written to a file.
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..8].copy_from_slice(&self.inode.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.size.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.mtime.to_le_bytes());
        bytes[24..].copy_from_slice(&self.ctime.to_le_bytes());
        bytes
    }

    /// The stamp as it was written to a file.
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[at..at + 8]);
            word
        };
        Self {
            inode: u64::from_le_bytes(word(0)),
            size: u64::from_le_bytes(word(8)),
            mtime: i64::from_le_bytes(word(16)),
            ctime: i64::from_le_bytes(word(24)),
        }
    }
}

fn nanoseconds(seconds: i64, rest: u64) -> i64 {
    let rest = i64::try_from(rest).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_round_trip(inode: u64, size: u64, mtime: i64, ctime: i64) {
            let stamp = Stamp { inode, size, mtime, ctime };
            prop_assert_eq!(Stamp::from_bytes(&stamp.to_bytes()), stamp);
        }
    }
}
