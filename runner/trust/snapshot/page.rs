//! Pages: parts of a state by digest, or sixteen ways on to more of them.

use std::collections::BTreeMap;

use zwieback_model::digest::Digest;

/// A leaf that would be larger is split; one part alone may be of any size.
pub const LARGEST: usize = 16 << 10;
/// Ways on from a branch: one for each value of four bits.
pub const WAYS: usize = 16;

const LEAF: u8 = b'L';
const BRANCH: u8 = b'B';

/// Where a page stands in the file, and what it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Address {
    /// Where it starts.
    pub offset: u64,
    /// How long it is.
    pub length: u32,
    /// Its SHA-256.
    pub digest: Digest,
}

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// Parts by the digests of their keys.
    Leaf(BTreeMap<Digest, Vec<u8>>),
    /// What is below, by the next four bits of the digest.
    Branch(Box<[Option<Address>; WAYS]>),
}

impl Page {
    /// The bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Leaf(parts) => {
                let mut bytes = vec![LEAF];
                for (key, part) in parts {
                    let length =
                        u32::try_from(part.len()).expect("a part is no larger than its entries");
                    bytes.extend_from_slice(key.as_bytes());
                    bytes.extend_from_slice(&length.to_be_bytes());
                    bytes.extend_from_slice(part);
                }
                bytes
            }
            Self::Branch(ways) => {
                let mut bytes = vec![BRANCH];
                for (number, address) in (0..).zip(ways.iter()) {
                    let Some(address) = address else { continue };
                    bytes.push(number);
                    bytes.extend_from_slice(&address.offset.to_be_bytes());
                    bytes.extend_from_slice(&address.length.to_be_bytes());
                    bytes.extend_from_slice(address.digest.as_bytes());
                }
                bytes
            }
        }
    }

    /// Reads the bytes; nothing if they are no page.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (&LEAF, rest) => parse_leaf(rest),
            (&BRANCH, rest) => parse_branch(rest),
            _ => None,
        }
    }
}

/// The four bits of a digest that decide at that depth.
pub fn way(key: Digest, depth: usize) -> usize {
    let byte = key.as_bytes()[depth / 2];
    usize::from(if depth.is_multiple_of(2) {
        byte >> 4
    } else {
        byte & 15
    })
}

fn parse_leaf(mut rest: &[u8]) -> Option<Page> {
    let mut parts = BTreeMap::new();
    while !rest.is_empty() {
        let (key, after) = rest.split_first_chunk::<32>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (part, after) = after.split_at_checked(length)?;
        parts.insert(Digest::from_bytes(*key), part.to_vec());
        rest = after;
    }
    Some(Page::Leaf(parts))
}

fn parse_branch(mut rest: &[u8]) -> Option<Page> {
    let mut ways = Box::new([None; WAYS]);
    while let Some((number, after)) = rest.split_first() {
        let (offset, after) = after.split_first_chunk::<8>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let (digest, after) = after.split_first_chunk::<32>()?;
        *ways.get_mut(usize::from(*number))? = Some(Address {
            offset: u64::from_be_bytes(*offset),
            length: u32::from_be_bytes(*length),
            digest: Digest::from_bytes(*digest),
        });
        rest = after;
    }
    Some(Page::Branch(ways))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_survive_being_written() {
        let digest = Digest::sha256(b"a");
        let address = Address {
            offset: 7,
            length: 9,
            digest,
        };
        let mut ways = Box::new([None; WAYS]);
        ways[3] = Some(address);
        let leaf = Page::Leaf([(digest, b"part".to_vec())].into());
        for page in [leaf, Page::Branch(ways), Page::Leaf(BTreeMap::new())] {
            assert_eq!(Page::parse(&page.to_bytes()), Some(page));
        }
    }

    #[test]
    fn what_is_no_page() {
        let leaf = Page::Leaf([(Digest::sha256(b"a"), b"part".to_vec())].into()).to_bytes();
        for cut in 2..leaf.len() {
            assert_eq!(Page::parse(&leaf[..cut]), None, "{cut}");
        }
        assert_eq!(Page::parse(b""), None);
        assert_eq!(Page::parse(&[BRANCH; 46]), None);
    }

    #[test]
    fn four_bits_at_a_time() {
        let key = Digest::from_bytes([0xa5; 32]);
        assert_eq!(
            [way(key, 0), way(key, 1), way(key, 62), way(key, 63)],
            [10, 5, 10, 5]
        );
    }
}
