//! Proofs against a naive tree: all small sizes, and random large ones.

use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::reason::Reason;
use crate::tlog::proof::TreeHead;

/// Every level of a tree in memory.
struct Memory(Vec<Digest>);

impl Tiles for Memory {
    type Error = Infallible;

    fn digests(&self, tile: Tile) -> Result<Vec<Digest>, Infallible> {
        let leaves = 1 << (tile.level * HEIGHT);
        let first = tile.index * WIDTH;
        let digest = |at: u64| {
            let start = usize::try_from(at * leaves).unwrap();
            node::root(&self.0[start..start + usize::try_from(leaves).unwrap()])
        };
        Ok((first..first + tile.width).map(digest).collect())
    }
}

fn memory(size: u64) -> Memory {
    Memory((0..size).map(|it| node::leaf(&it.to_be_bytes())).collect())
}

fn head(memory: &Memory, size: u64) -> TreeHead {
    TreeHead {
        size,
        root: node::root(&memory.0[..usize::try_from(size).unwrap()]),
    }
}

#[test]
fn every_proof_of_every_small_tree() {
    let memory = memory(40);
    for size in 0..=40 {
        let whole = head(&memory, size);
        let mut tree = Tree::new(&memory, size);
        assert_eq!(tree.root(), Ok(whole.root));
        for index in 0..size {
            let proof = tree.inclusion(index).unwrap();
            let leaf = tree.leaf(index).unwrap();
            assert_eq!(whole.includes(leaf, &proof), Ok(()), "{index} of {size}");
        }
        for older in 0..=size {
            let path = tree.consistency(older).unwrap();
            let old = head(&memory, older);
            assert_eq!(whole.extends(&old, &path), Ok(()), "{older} to {size}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn large_trees(size in 250_u64..3000, a: prop::sample::Index, b: prop::sample::Index) {
        let memory = memory(size);
        let whole = head(&memory, size);
        let mut tree = Tree::new(&memory, size);
        let index = a.index(usize::try_from(size).unwrap()) as u64;
        let proof = tree.inclusion(index).unwrap();
        prop_assert!(whole.includes(tree.leaf(index).unwrap(), &proof).is_ok());
        let older = 1 + b.index(usize::try_from(size).unwrap()) as u64;
        let path = tree.consistency(older).unwrap();
        prop_assert!(whole.extends(&head(&memory, older), &path).is_ok());
    }

    #[test]
    fn a_changed_proof_proves_nothing(
        size in 2_u64..70,
        a: prop::sample::Index,
        at: prop::sample::Index,
        kind in 0..4,
    ) {
        let memory = memory(size);
        let whole = head(&memory, size);
        let mut tree = Tree::new(&memory, size);
        let index = a.index(usize::try_from(size).unwrap()) as u64;
        let leaf = tree.leaf(index).unwrap();
        let mut proof = tree.inclusion(index).unwrap();
        let other = Digest::sha256(b"other");
        match kind {
            0 => { let at = at.index(proof.path.len()); proof.path[at] = other; }
            1 => { proof.path.pop(); }
            2 => proof.path.push(other),
            _ => proof.index = (proof.index + 1) % size,
        }
        let refusal = whole.includes(leaf, &proof).unwrap_err();
        prop_assert_eq!(refusal.reason, Reason::ProofInclusion.into());
    }

    #[test]
    fn a_fork_has_no_consistency(older in 1_u64..60, more in 1_u64..20, at: prop::sample::Index) {
        let memory = memory(older + more);
        let whole = head(&memory, older + more);
        let old = head(&memory, older);
        let mut path = Tree::new(&memory, older + more).consistency(older).unwrap();
        let forged = TreeHead { root: Digest::sha256(b"fork"), ..old };
        prop_assert_eq!(whole.extends(&forged, &path).unwrap_err().reason, Reason::LogForked.into());
        let at = at.index(path.len());
        path[at] = Digest::sha256(b"other");
        prop_assert_eq!(whole.extends(&old, &path).unwrap_err().reason, Reason::LogForked.into());
        path.remove(at);
        prop_assert_eq!(whole.extends(&old, &path).unwrap_err().reason, Reason::LogForked.into());
        prop_assert_eq!(old.extends(&whole, &path).unwrap_err().reason, Reason::LogRolledBack.into());
    }
}

#[test]
fn a_proof_of_growth_is_for_trees_of_its_sizes() {
    let memory = memory(24);
    for newer in 2..=20 {
        for older in 1..newer {
            let path = Tree::new(&memory, newer).consistency(older).unwrap();
            let (old, new) = (head(&memory, older), head(&memory, newer));
            new.extends(&old, &path).unwrap();
            for other in (1..=24).filter(|other| ![older, newer].contains(other)) {
                let other = head(&memory, other);
                let both = [(other, new, "older"), (old, other, "newer")];
                for (old, new, which) in both.into_iter().filter(|(old, new, _)| old < new) {
                    let refused = new.extends(&old, &path).unwrap_err();
                    let saw = format!("{older} to {newer}, {which} is {}", other.size);
                    assert_eq!(refused.reason, Reason::LogForked.into(), "{saw}");
                }
            }
            // One digest more, and one less.
            let longer: Vec<Digest> = path.iter().copied().chain([old.root]).collect();
            assert!(new.extends(&old, &longer).is_err(), "{older} to {newer}");
            let shorter = &path[..path.len().saturating_sub(1)];
            assert!(new.extends(&old, shorter).is_err(), "{older} to {newer}");
        }
    }
}

#[test]
fn a_smaller_tree_extends_none() {
    let memory = memory(8);
    let (small, large) = (head(&memory, 3), head(&memory, 8));
    let refused = small.extends(&large, &[]).unwrap_err();
    assert_eq!(refused.reason, Reason::LogRolledBack.into());
    let another = TreeHead {
        size: 3,
        root: large.root,
    };
    let refused = small.extends(&another, &[]).unwrap_err();
    assert_eq!(refused.reason, Reason::LogForked.into());
}
