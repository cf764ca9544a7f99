//! The digests of RFC 6962: leaves and nodes, each with its own prefix.

use sha2::{Digest as _, Sha256};
use zwieback_model::digest::Digest;

/// The digest of an entry. The prefix keeps a leaf from ever being taken for a node.
pub fn leaf(entry: &[u8]) -> Digest {
    let digest = Sha256::new().chain_update([0]).chain_update(entry);
    Digest::from_bytes(digest.finalize().into())
}

/// The digest of two halves.
pub fn node(left: &Digest, right: &Digest) -> Digest {
    let digest = Sha256::new()
        .chain_update([1])
        .chain_update(left.as_bytes())
        .chain_update(right.as_bytes());
    Digest::from_bytes(digest.finalize().into())
}

/// The digest of a tree without entries.
pub fn empty() -> Digest {
    Digest::sha256(b"")
}

/// The largest power of two below `size`: where a tree of more than one leaf is cut in two.
pub(super) fn split(size: u64) -> u64 {
    debug_assert!(size > 1);
    1 << (size - 1).ilog2()
}

/// The digest of a tree from the digests of all its leaves; the definition, for tests and tiles.
pub fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => empty(),
        [only] => *only,
        _ => {
            let half = usize::try_from(split(leaves.len() as u64));
            let (left, right) = leaves.split_at(half.expect("half of a slice fits a usize"));
            node(&root(left), &root(right))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_certificate_transparency() {
        let entries: [&[u8]; 8] = [
            b"",
            &[0],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[
                0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
                0x6e, 0x6f,
            ],
        ];
        let leaves: Vec<Digest> = entries.iter().map(|entry| leaf(entry)).collect();
        for (size, hex) in [
            (
                0,
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                1,
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            ),
            (
                3,
                "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            ),
            (
                8,
                "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
            ),
        ] {
            assert_eq!(root(&leaves[..size]).to_hex(), hex, "{size}");
        }
    }

    #[test]
    fn cuts() {
        for (size, at) in [
            (2, 1),
            (3, 2),
            (4, 2),
            (5, 4),
            (1 << 40, 1 << 39),
            (u64::MAX, 1 << 63),
        ] {
            assert_eq!(split(size), at, "{size}");
        }
    }
}
