//! What an index offers for a package: a file, where it lies, and what its bytes are said to be.

use zwieback_model::base64;
use zwieback_model::digest::{Digest, Fingerprint};
use zwieback_model::locked_input::{FileName, LockedInput};
use zwieback_model::package_file::DOWNLOAD_URL;
use zwieback_model::purl::Purl;
use zwieback_model::rel_path::RelPath;

use crate::ecosystem::error::EcosystemError;

/// A file that may be pinned once somebody has had it in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The package.
    pub purl: Purl,
    /// The name of the file.
    pub file: FileName,
    /// What its bytes are said to be.
    pub promise: Promise,
    /// Where it lies below the roots of its ecosystem.
    pub locations: Vec<RelPath>,
    /// Whole URLs that the registry itself names; they never reach a lock.
    pub places: Vec<String>,
    /// Where a lockfile says that it lies, on nobody's word but its author's. Asked last, and told.
    pub elsewhere: Option<String>,
}

/// What is known of bytes before they are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Promise {
    /// Their SHA-256.
    Sha256(Digest),
    /// Their SHA-512, as npm writes it.
    Sha512(Box<[u8; 64]>),
    /// Nothing: whoever locks trusts the place, once.
    Nothing,
}

impl Offer {
    /// The pinned input, now that the bytes are known.
    pub fn into_input(self, bytes: &Fingerprint) -> LockedInput {
        LockedInput {
            source: None,
            purl: self.purl,
            file: self.file,
            sha256: bytes.sha256,
            blake3: Some(bytes.blake3),
            size: bytes.size,
            locations: self.locations,
        }
    }

    /// The offer as one of a file that lies at that URL and is nothing that a registry has.
    pub fn moved(&self, url: &str) -> Result<Self, EcosystemError> {
        let (namespace, name) = (self.purl.namespace(), self.purl.name());
        let version = self.purl.version().unwrap_or_default();
        let place = [(DOWNLOAD_URL, url)];
        Ok(Self {
            purl: Purl::new(self.purl.kind(), namespace, name, version, &place)?,
            locations: Vec::new(),
            places: vec![url.to_owned()],
            elsewhere: None,
            ..self.clone()
        })
    }

    /// The offer as an input of a size that is not known yet: enough to ask where it lies.
    pub fn as_input(&self) -> LockedInput {
        let sha256 = match &self.promise {
            Promise::Sha256(digest) => *digest,
            Promise::Sha512(_) | Promise::Nothing => Digest::sha256(b""),
        };
        LockedInput {
            source: None,
            purl: self.purl.clone(),
            file: self.file.clone(),
            sha256,
            blake3: None,
            size: 0,
            locations: self.locations.clone(),
        }
    }
}

impl Promise {
    /// Reads Subresource Integrity text; SHA-1 and MD5 are no promise, and neither is nothing.
    pub fn from_integrity(text: &str) -> Option<Self> {
        text.split_whitespace().find_map(|entry| {
            let encoded = entry.strip_prefix("sha512-")?;
            let encoded = encoded.split('?').next().unwrap_or_default();
            let bytes = base64::decode(encoded).ok()?;
            Some(Self::Sha512(Box::new(bytes.try_into().ok()?)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_strong_digest_is_a_promise() {
        let zeros = format!("sha512-{}==", "A".repeat(86));
        assert_eq!(
            Promise::from_integrity(&format!("sha1-AAAA {zeros}")),
            Some(Promise::Sha512(Box::new([0; 64])))
        );
        for bad in [
            "",
            "sha1-AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "sha512-AAAA",
            "sha512-?",
        ] {
            assert_eq!(Promise::from_integrity(bad), None, "{bad}");
        }
    }
}
