//! Public keys that were read before.
//!
//! A few keys sign the thousands of entries of a log, and every entry spells its key out. To find the point
//! behind the bytes takes longer than anything else about an entry but its signature.

use std::collections::BTreeMap;

use super::public_key::{PublicKey, PublicKeyError};

/// More keys than people have: whoever fills a log with others takes no memory by that.
const MOST: usize = 1024;

/// The keys that were read so far, by the bytes that they were read from.
#[derive(Debug, Default)]
pub struct KnownKeys(BTreeMap<Vec<u8>, PublicKey>);

impl KnownKeys {
    /// Reads a `SubjectPublicKeyInfo`, with every check of [`PublicKey::from_der`], once.
    pub fn read(&mut self, der: &[u8]) -> Result<PublicKey, PublicKeyError> {
        if let Some(key) = self.0.get(der) {
            return Ok(key.clone());
        }
        let key = PublicKey::from_der(der)?;
        if self.0.len() < MOST {
            self.0.insert(der.to_vec(), key.clone());
        }
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::public;

    #[test]
    fn a_key_is_known_by_all_of_its_bytes() {
        let mut known = KnownKeys::default();
        let (key, other) = (public(1), public(2));
        for _ in 0..2 {
            assert_eq!(known.read(key.as_der()), Ok(key.clone()));
            assert_eq!(known.read(other.as_der()), Ok(other.clone()));
            let cut = &key.as_der()[1..];
            assert_eq!(known.read(cut), PublicKey::from_der(cut));
            assert!(known.read(cut).is_err());
        }
        assert_eq!(known.0.len(), 2);
    }
}
