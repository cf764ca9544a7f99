//! What a proof must do to be believed: RFC 6962, section 2.1.

use serde::{Deserialize, Serialize};
use zwieback_model::digest::Digest;

use super::node;
use crate::reason::{Reason, Refusal};

/// A tree of so many entries, and the digest that stands for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TreeHead {
    /// How many entries.
    pub size: u64,
    /// The digest.
    pub root: Digest,
}

/// Where an entry stands, and the digests that lead from it to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// How many entries stand before it.
    pub index: u64,
    /// The digests, from the leaf's neighbour upwards.
    pub path: Vec<Digest>,
}

impl TreeHead {
    /// The head of a tree without entries.
    pub fn empty() -> Self {
        Self {
            size: 0,
            root: node::empty(),
        }
    }

    /// Makes sure that this tree has that leaf at the proof's place.
    pub fn includes(&self, leaf: Digest, proof: &InclusionProof) -> Result<(), Refusal> {
        let refuse = |saw: String| Err(Refusal::new(Reason::ProofInclusion, saw));
        if proof.index >= self.size {
            return refuse(format!("entry {} of {}", proof.index, self.size));
        }
        let mut path = proof.path.iter();
        let (mut index, mut last, mut digest) = (proof.index, self.size - 1, leaf);
        while last > 0 {
            let is_right = index % 2 == 1;
            // The last node of a level may have no neighbour; it rises as it is.
            if is_right || index < last {
                let Some(neighbour) = path.next() else {
                    return refuse(format!("only {} digests", proof.path.len()));
                };
                digest = if is_right {
                    node::node(neighbour, &digest)
                } else {
                    node::node(&digest, neighbour)
                };
            }
            (index, last) = (index / 2, last / 2);
        }
        if path.next().is_some() {
            return refuse(format!(
                "{} digests, fewer lead to the root",
                proof.path.len()
            ));
        }
        if digest != self.root {
            return refuse(format!("entry {} leads to {}", proof.index, digest.short()));
        }
        Ok(())
    }

    /// Makes sure that this tree is what that older one was, and more.
    pub fn extends(&self, older: &Self, path: &[Digest]) -> Result<(), Refusal> {
        let saw = format!("{} to {} entries", older.size, self.size);
        if older.size > self.size {
            return Err(Refusal::new(Reason::LogRolledBack, saw));
        }
        let agrees = match older.size {
            0 => path.is_empty() && older.root == node::empty(),
            size if size == self.size => path.is_empty() && older.root == self.root,
            _ => roots(*older, *self, path) == Some((older.root, self.root)),
        };
        if agrees {
            Ok(())
        } else {
            Err(Refusal::new(Reason::LogForked, saw))
        }
    }
}

/// Both roots as the path has them, or nothing if it is too short or too long (RFC 9162, 2.1.4.2).
fn roots(older: TreeHead, newer: TreeHead, path: &[Digest]) -> Option<(Digest, Digest)> {
    let mut digests = path.iter();
    let (mut index, mut last) = (older.size - 1, newer.size - 1);
    while index % 2 == 1 {
        (index, last) = (index / 2, last / 2);
    }
    // A tree that is a power of two is itself the first node of the path.
    let first = if older.size.is_power_of_two() {
        older.root
    } else {
        *digests.next()?
    };
    let (mut old, mut new) = (first, first);
    for digest in digests {
        if last == 0 {
            return None;
        }
        if index % 2 == 1 || index == last {
            old = node::node(digest, &old);
            new = node::node(digest, &new);
            while index % 2 == 0 && index != 0 {
                (index, last) = (index / 2, last / 2);
            }
        } else {
            new = node::node(&new, digest);
        }
        (index, last) = (index / 2, last / 2);
    }
    (last == 0).then_some((old, new))
}
