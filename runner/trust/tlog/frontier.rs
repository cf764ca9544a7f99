//! The right edge of a growing tree: its root in constant memory.

use serde::{Deserialize, Serialize};
use zwieback_model::digest::Digest;

use super::node;
use super::proof::TreeHead;

/// The perfect trees that a tree is made of, the largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Digest>,
}

impl Frontier {
    /// Adds the digest of the next entry.
    pub fn push(&mut self, leaf: Digest) {
        let mut digest = leaf;
        // A carry, as when counting in binary: two perfect trees of one size become one.
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().expect("a peak for every bit of the size");
            digest = node::node(&left, &digest);
        }
        self.peaks.push(digest);
        self.size += 1;
    }

    /// The tree so far.
    pub fn head(&self) -> TreeHead {
        let fold = |right: Digest, left: &Digest| node::node(left, &right);
        let root = match self.peaks.split_last() {
            Some((last, others)) => others.iter().rev().fold(*last, fold),
            None => node::empty(),
        };
        TreeHead {
            size: self.size,
            root,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_small_tree() {
        let (mut frontier, mut leaves) = (Frontier::default(), Vec::new());
        for number in 0..70_u8 {
            assert_eq!(frontier.head().root, node::root(&leaves), "{number}");
            frontier.push(node::leaf(&[number]));
            leaves.push(node::leaf(&[number]));
        }
        assert_eq!(frontier.head().size, 70);
    }
}
