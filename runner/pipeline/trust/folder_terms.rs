//! On what terms a folder is held against signed statements, and what it means that it cannot be read.

use std::io;
use std::path::Path;

use zwieback_attest::build_type::ForeignBuildTypes;
use zwieback_attest::folder::Leave;
use zwieback_attest::reason::{Reason, Refusal};
use zwieback_attest::statement::Statement;
use zwieback_attest::trust::Trust;
use zwieback_host::fs::folder_walk::FolderError;
use zwieback_model::digest::Digest;
use zwieback_model::timestamp::Timestamp;

use super::tree_file::TreeFiles;

/// What folders are held against, and how.
#[derive(Debug)]
pub struct Terms<'a> {
    /// The statements, each signed by somebody who is trusted.
    pub statements: &'a [Statement],
    /// Whom to believe, for bundles that lie in a folder and were not named.
    pub trust: &'a Trust,
    /// Build types besides our own, for the same.
    pub foreign: &'a ForeignBuildTypes,
    /// What the clock shows, for the same.
    pub now: Timestamp,
    /// The files that were named as evidence: they may lie in a folder.
    pub evidence: &'a [Evidence],
    /// Where else the file of a tree may lie.
    pub trees: &'a TreeFiles,
    /// What is not asked.
    pub leave: Leave,
}

/// A file that was named as evidence, by its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Its length.
    pub length: u64,
    /// Its digest.
    pub sha256: Digest,
}

impl Evidence {
    /// The evidence with these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            length: bytes.len() as u64,
            sha256: Digest::sha256(bytes),
        }
    }
}

/// A folder that cannot be read to its end cannot be said to equal anything.
pub fn unreadable(path: &Path, error: &FolderError) -> Refusal {
    let crosses = matches!(error, FolderError::Fault(fault)
        if io::Error::from(fault.errno()).kind() == io::ErrorKind::CrossesDevices);
    if crosses {
        let saw = format!(
            "{}: something else is mounted in it: {error}",
            path.display()
        );
        return Refusal::new(Reason::EntryKind, saw);
    }
    Refusal::new(
        Reason::FolderUnreadable,
        format!("{}: {error}", path.display()),
    )
}
