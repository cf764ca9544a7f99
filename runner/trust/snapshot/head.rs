//! The head of a snapshot: what was folded, where its parts are, and a keyed digest over all that.

use std::fmt;
use std::str::FromStr as _;

use serde::{Deserialize, Serialize};
use zwieback_model::digest::Digest;

use super::page::Address;
use crate::log::blocks::BlockStamps;
use crate::state::part::Base;
use crate::tlog::frontier::Frontier;

/// Heads of another form are not read.
const VERSION: u32 = 9;

/// The key by which a reader knows its own snapshots.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SnapshotKey([u8; 32]);

/// What a snapshot is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    version: u32,
    /// The key of the log.
    pub log: String,
    /// The digest of the first policy.
    pub policy: Digest,
    /// The tree of the entries that were folded.
    pub tree: Frontier,
    /// What the log's files looked like when those entries were proven.
    pub blocks: BlockStamps,
    /// What holds for everything.
    pub base: Base,
    /// The first page, unless there is no part.
    pub root: Option<Address>,
    /// The number of the file with the pages.
    pub file: u64,
    /// How much of that file counts.
    pub end: u64,
    /// How much of that nothing leads to.
    pub dead: u64,
}

impl SnapshotKey {
    /// The key of these bytes, which only their owner has.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    fn seal(&self, content: &[u8]) -> blake3::Hash {
        blake3::keyed_hash(&self.0, content)
    }
}

impl fmt::Debug for SnapshotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SnapshotKey")
    }
}

impl Head {
    /// The head of a snapshot of no entries.
    pub fn empty(log: String, policy: Digest) -> Self {
        Self {
            version: VERSION,
            log,
            policy,
            tree: Frontier::default(),
            blocks: BlockStamps::default(),
            base: Base::default(),
            root: None,
            file: 0,
            end: 0,
            dead: 0,
        }
    }

    /// The bytes of the file: a keyed digest, and what it is over.
    pub fn to_bytes(&self, key: &SnapshotKey) -> Vec<u8> {
        let content = serde_json::to_vec(self).expect("maps of heads have keys that are text");
        let mut bytes = format!("{}\n", key.seal(&content).to_hex()).into_bytes();
        bytes.extend_from_slice(&content);
        bytes
    }

    /// Reads a head that was written with the same key; anything else is none.
    pub fn parse(bytes: &[u8], key: &SnapshotKey) -> Option<Self> {
        let (seal, content) = bytes.split_at_checked(65)?;
        let seal = std::str::from_utf8(seal).ok()?.strip_suffix('\n')?;
        // The comparison of blake3's hashes takes the same time wherever they differ.
        let genuine = blake3::Hash::from_str(seal).ok()? == key.seal(content);
        let head: Self = genuine.then(|| serde_json::from_slice(content).ok())??;
        (head.version == VERSION).then_some(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_owner_can_write_a_head() {
        let key = SnapshotKey::new([7; 32]);
        let head = Head::empty("log".into(), Digest::sha256(b"policy"));
        let bytes = head.to_bytes(&key);
        assert_eq!(Head::parse(&bytes, &key), Some(head));
        assert_eq!(Head::parse(&bytes, &SnapshotKey::new([8; 32])), None);
        for at in 0..bytes.len() {
            let mut edited = bytes.clone();
            edited[at] ^= 1;
            assert_eq!(Head::parse(&edited, &key), None, "{at}");
        }
        assert_eq!(Head::parse(&bytes[..64], &key), None);
    }
}
