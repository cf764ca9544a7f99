//! As which packages the bytes of a blob have come: a package is not another's bytes that lie here already.
//!
//! A digest in a lock says which bytes, and not whose they are. Without this, a lock that names one package
//! and the digest of another would be answered from the store, where no place of that package has the bytes.

use zwieback_model::digest::Digest;
use zwieback_model::purl::Purl;

use crate::store::error::StoreError;
use crate::store::place::Store;
use crate::store::record::{read_small, write_small};

/// Names what is kept, for as long as it is kept in this form: one package URL a line.
const METHOD: &str = "zwieback-origins v1";
/// The line of what somebody else has sent: that is no package URL.
const IMPORTED: &str = "import";
/// The line of what this program made itself.
const OWN: &str = "own";

/// Whence bytes came. Nothing gets into a store without a word about it.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'p> {
    /// A place of the package gave them.
    Package(&'p Purl),
    /// Somebody made an export: whose word about packages is no place's.
    Import,
    /// This program made them: a bundle is no file of any package.
    Own,
}

impl Origin<'_> {
    fn line(&self) -> &str {
        match self {
            Self::Package(purl) => purl.as_str(),
            Self::Import => IMPORTED,
            Self::Own => OWN,
        }
    }
}

impl Store {
    /// Whether these bytes may be taken for a file of the package: a place of the package gave them, or
    /// nobody wrote down whence they came, as in stores of earlier versions. A `pkg:generic` is whatever its
    /// manifest says.
    pub fn came_as(&self, sha256: &Digest, purl: &Purl) -> Result<bool, StoreError> {
        Ok(is_named_freely(purl) || self.came_by(sha256, purl.as_str())?)
    }

    /// The same for whoever may ask no place: what was imported may be a file of whatever package the lock says.
    pub fn may_be(&self, sha256: &Digest, purl: &Purl) -> Result<bool, StoreError> {
        Ok(self.came_as(sha256, purl)? || self.came_by(sha256, IMPORTED)?)
    }

    /// Writes down whence these bytes came.
    pub(super) fn put_origin(&self, sha256: &Digest, origin: Origin<'_>) -> Result<(), StoreError> {
        let place = place(sha256);
        let mut text = read_small(self.dir(), &place)?.unwrap_or_default();
        let line = origin.line().as_bytes();
        if text.split(|byte| *byte == b'\n').any(|known| known == line) {
            return Ok(());
        }
        text.extend_from_slice(line);
        text.push(b'\n');
        write_small(self, &place, &text)
    }

    fn came_by(&self, sha256: &Digest, line: &str) -> Result<bool, StoreError> {
        let known = read_small(self.dir(), &place(sha256))?;
        let is_it = |known: &[u8]| known == line.as_bytes();
        Ok(known.is_none_or(|text| text.split(|byte| *byte == b'\n').any(is_it)))
    }
}

fn is_named_freely(purl: &Purl) -> bool {
    purl.kind() == "generic" && !purl.is_repository()
}

fn place(sha256: &Digest) -> String {
    let key = Digest::sha256(format!("{METHOD}\n{sha256}\n").as_bytes());
    format!("links/{key}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_of_the_packages_they_came_as() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let bytes = Digest::sha256(b"hello");
        let purl = |text: &str| -> Purl { text.parse().unwrap() };
        let (hello, zlib) = (purl("pkg:cargo/hello@1"), purl("pkg:cargo/zlib@1"));
        assert!(
            store.came_as(&bytes, &zlib).unwrap(),
            "of an earlier version"
        );
        store.put_origin(&bytes, Origin::Package(&hello)).unwrap();
        assert!(store.came_as(&bytes, &hello).unwrap());
        assert!(!store.came_as(&bytes, &zlib).unwrap());
        assert!(store.came_as(&bytes, &purl("pkg:generic/zlib@1")).unwrap());
        store.put_origin(&bytes, Origin::Package(&zlib)).unwrap();
        store.put_origin(&bytes, Origin::Package(&zlib)).unwrap();
        assert!(store.came_as(&bytes, &hello).unwrap());
        assert!(store.came_as(&bytes, &zlib).unwrap());
    }

    #[test]
    fn what_was_imported_came_as_no_package_before_a_place_gave_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let bytes = Digest::sha256(b"hello");
        let purl: Purl = "pkg:cargo/hello@1".parse().unwrap();
        store.put_origin(&bytes, Origin::Import).unwrap();
        assert!(!store.came_as(&bytes, &purl).unwrap());
        assert!(store.may_be(&bytes, &purl).unwrap());
        store.put_origin(&bytes, Origin::Package(&purl)).unwrap();
        assert!(store.came_as(&bytes, &purl).unwrap());
        let fetched = Digest::sha256(b"zlib");
        store.put_origin(&fetched, Origin::Package(&purl)).unwrap();
        let other: Purl = "pkg:cargo/zlib@1".parse().unwrap();
        assert!(!store.may_be(&fetched, &other).unwrap());
        let bundle = Digest::sha256(b"bundle");
        store.put_origin(&bundle, Origin::Own).unwrap();
        assert!(!store.may_be(&bundle, &other).unwrap());
    }
}
