//! A record of the log: an entry of its tree, and the bundle that the entry is about.
//!
//! A bundle lies beside the tree, and one changed byte in it would make the record say nothing. So a
//! record cannot be had as it was found: [`StoredRecord`] keeps its bytes to itself, and only
//! [`StoredRecord::prove`] gives what can be read, after it held the bundle against the entry.

use std::path::PathBuf;

use zwieback_attest::bundle::Bundle;
use zwieback_attest::known_keys::KnownKeys;
use zwieback_model::digest::Digest;

use super::error::LogError;
use crate::reason::{Reason, Refusal};
use crate::statement::said::{Check, Reading};
use crate::tlog::entry::Entry;
use crate::tlog::node;

/// What lies at an entry's place: the entry is the tree's, the bundle was not looked at.
#[derive(Clone, Debug)]
pub struct StoredRecord {
    index: u64,
    leaf: Digest,
    file: PathBuf,
    body: Vec<u8>,
    bundle: Vec<u8>,
}

/// A record whose entry is in the tree of a believed checkpoint, and whose bundle is the entry's.
#[derive(Clone, Debug)]
pub struct ProvenRecord {
    index: u64,
    leaf: Digest,
    body: Vec<u8>,
    entry: Entry,
    bundle: Bundle,
    bytes: Vec<u8>,
}

impl StoredRecord {
    /// What was found at the place of an entry that has that digest in the tree. The caller holds the
    /// digest against the checkpoint.
    pub(super) fn found(
        leaf: Digest,
        index: u64,
        body: Vec<u8>,
        file: PathBuf,
        bundle: Vec<u8>,
    ) -> Result<Self, LogError> {
        let stored = Self {
            index,
            leaf,
            file,
            body,
            bundle,
        };
        if node::leaf(&stored.body) == leaf {
            Ok(stored)
        } else {
            Err(stored.edited("the entry has another digest in the tree"))
        }
    }

    /// Its place.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many bytes it has.
    pub(crate) fn length(&self) -> usize {
        self.body.len() + self.bundle.len()
    }

    /// Makes sure that the bundle is the one that the entry is about. Keys are read once for all records.
    pub fn prove(self, keys: &mut KnownKeys) -> Result<ProvenRecord, LogError> {
        let entry = match Entry::parse(&self.body, keys) {
            Ok(entry) => entry,
            // The tree has it so: whoever wrote it, no reader here can tell what belongs to it.
            Err(refusal) => {
                let saw = format!("entry {}: {}", self.index, refusal.saw());
                return Err(Refusal::new(refusal.reason, saw).into());
            }
        };
        let bundle = Bundle::parse(&self.bundle);
        let Ok(bundle) = bundle else {
            return Err(self.edited("no bundle can be read there"));
        };
        if entry.names(&bundle).is_err() {
            return Err(self.edited("the bundle is not the one that was logged"));
        }
        Ok(ProvenRecord {
            index: self.index,
            leaf: self.leaf,
            body: self.body,
            entry,
            bundle,
            bytes: self.bundle,
        })
    }

    fn edited(&self, what: &str) -> LogError {
        let saw = format!("entry {} in {:?}: {what}", self.index, self.file.display());
        Refusal::new(Reason::LogEdited, saw).into()
    }
}

impl ProvenRecord {
    /// Its place.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The digest of the entry in the tree.
    pub fn leaf(&self) -> Digest {
        self.leaf
    }

    /// The bytes of the entry.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Which key signed which bytes.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The bundle.
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// The bytes of the bundle.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// What it says.
    pub fn read(self, check: Check) -> Reading {
        Reading::of(&self.entry, self.bundle, check)
    }
}
