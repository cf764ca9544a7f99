//! The rules under which an archive is unpacked, and what came out of it.

use zwieback_model::rel_path::RelPath;

use crate::archive::limits::ArchiveLimits;

/// How an archive is unpacked.
#[derive(Clone, Copy)]
pub struct Options<'o> {
    /// The most it may hold.
    pub limits: ArchiveLimits,
    /// Where a path of the archive goes in the tree; `None` leaves the member out.
    pub place: &'o (dyn Fn(RelPath) -> Option<RelPath> + Sync),
    /// Whether a file at a place is a program though the archive does not say so.
    pub is_program: &'o (dyn Fn(&RelPath) -> bool + Sync),
}

/// What came out of an archive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// Members that are now in the tree.
    pub entries: u64,
    /// Bytes of its files.
    pub bytes: u64,
    /// The newest modification time of its files, in seconds since 1970: what `SOURCE_DATE_EPOCH` starts from.
    pub newest: Option<i64>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            limits: ArchiveLimits::default(),
            place: &Some,
            is_program: &|_| false,
        }
    }
}
