//! Blobs: whole files by content, checked while they are written and again when they are used.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, fchmod, fstat};
use zwieback_model::digest::{Digest, Fingerprint, Hasher};
use zwieback_sandbox::call::Attempt as _;

use crate::fs::beneath::{create_file, ensure_dir, look, open_file, rename};
use crate::fs::stamp::Stamp;
use crate::store::error::StoreError;
use crate::store::origin::Origin;
use crate::store::place::{Store, open_outside};
use crate::store::record::{read_small, write_small};
use crate::store::scratch::Scratch;

/// How much is read at once.
pub(crate) const PIECE: usize = 256 << 10;

/// A blob in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBlob {
    path: PathBuf,
    content: Fingerprint,
}

/// What the bytes of a new blob must be.
#[derive(Clone, Copy, Debug)]
pub enum Expected {
    /// Anything: the digest is not known before (only `lock` asks for this).
    Anything,
    /// Bytes with this sha256.
    Sha256(Digest),
    /// Bytes with this sha256, this blake3 and this size.
    Exactly(Fingerprint),
}

/// Bytes on their way into the store, hashed as they pass. Dropped without commit, they are gone.
pub struct BlobWriter {
    store: Store,
    scratch: Scratch,
    file: File,
    hasher: Hasher,
}

impl StoredBlob {
    /// Where the file is. It is read-only.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What its bytes are.
    pub fn content(&self) -> &Fingerprint {
        &self.content
    }
}

impl Store {
    /// The blob with this sha256, after a cheap check that nobody touched it since it was stored.
    pub fn blob(&self, sha256: &Digest) -> Result<Option<StoredBlob>, StoreError> {
        let Some((content, stamp)) = self.blob_record(sha256)? else {
            return Ok(None);
        };
        let place = blob_place(&content.blake3);
        let Some(stat) = look(self.dir(), &place)? else {
            return Ok(None);
        };
        if Stamp::of(&stat) != stamp {
            // A copied or restored store has new inodes: the bytes decide, and the record is renewed.
            self.rehash_blob(&content)?;
            self.record_blob(&content)?;
        }
        let path = self.path().join(place);
        Ok(Some(StoredBlob { path, content }))
    }

    /// Starts a new blob.
    pub fn blob_writer(&self) -> Result<BlobWriter, StoreError> {
        let scratch = Scratch::new(self)?;
        let file = create_file(scratch.dir(), "blob")?;
        let store = self.clone();
        let hasher = Hasher::default();
        Ok(BlobWriter {
            store,
            scratch,
            file,
            hasher,
        })
    }

    /// Copies a file from outside into the store.
    pub fn import_file(
        &self,
        path: &Path,
        expected: Expected,
        origin: Origin<'_>,
    ) -> Result<StoredBlob, StoreError> {
        let mut source = File::from(open_outside(path)?);
        let mut writer = self.blob_writer()?;
        let mut piece = vec![0; PIECE];
        loop {
            let shown = path.as_os_str().as_encoded_bytes();
            let count = source.read(&mut piece).attempt("read", shown)?;
            if count == 0 {
                return writer.commit(expected, origin);
            }
            writer.write_all(&piece[..count]).attempt("write", "blob")?;
        }
    }

    /// Forgets a blob, so that it is fetched again.
    pub fn remove_blob(&self, sha256: &Digest) -> Result<(), StoreError> {
        crate::store::record::remove_small(self, &record_place(sha256))
    }

    pub(crate) fn blob_record(
        &self,
        sha256: &Digest,
    ) -> Result<Option<(Fingerprint, Stamp)>, StoreError> {
        let bytes = read_small(self.dir(), &record_place(sha256))?;
        // A record that cannot be read is a record that is not there: the blob is fetched again.
        Ok(bytes.and_then(|bytes| parse_record(*sha256, &bytes)))
    }

    /// Reads a blob whole and compares it with its name.
    pub(crate) fn rehash_blob(&self, content: &Fingerprint) -> Result<(), StoreError> {
        let place = blob_place(&content.blake3);
        if holds(open_file(self.dir(), &place)?, content, &place)? {
            return Ok(());
        }
        Err(StoreError::Tampered { path: place })
    }

    fn record_blob(&self, content: &Fingerprint) -> Result<(), StoreError> {
        let place = blob_place(&content.blake3);
        let file = open_file(self.dir(), &place)?;
        let stamp = Stamp::of(&fstat(&file).attempt("fstat", &place)?);
        let directory = &record_place(&content.sha256)[.."sha256/ab".len()];
        ensure_dir(self.dir(), directory)?;
        let Stamp {
            inode,
            size,
            mtime,
            ctime,
        } = stamp;
        let text = format!("{} {size} {inode} {mtime} {ctime}\n", content.blake3);
        write_small(self, &record_place(&content.sha256), text.as_bytes())
    }
}

impl BlobWriter {
    /// How many bytes came so far, and what they are.
    pub fn so_far(&self) -> Fingerprint {
        self.hasher.clone().finish()
    }

    /// Checks the bytes and makes the blob visible.
    pub fn commit(self, expected: Expected, origin: Origin<'_>) -> Result<StoredBlob, StoreError> {
        let content = self.hasher.finish();
        expected.check(&content)?;
        // Before the blob: one without a word about it is taken for one of an earlier version.
        self.store.put_origin(&content.sha256, origin)?;
        if let Ok(Some(blob)) = self.store.blob(&content.sha256) {
            return Ok(blob);
        }
        fchmod(&self.file, Mode::from_raw_mode(0o444)).attempt("fchmod", "blob")?;
        let place = blob_place(&content.blake3);
        ensure_dir(self.store.dir(), &place[.."blobs/ab".len()])?;
        rename(self.scratch.dir(), "blob", self.store.dir(), &place)?;
        self.store.record_blob(&content)?;
        let path = self.store.path().join(place);
        Ok(StoredBlob { path, content })
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Expected {
    fn check(&self, content: &Fingerprint) -> Result<(), StoreError> {
        let wanted = match self {
            Self::Anything => return Ok(()),
            Self::Sha256(sha256) if content.sha256 == *sha256 => return Ok(()),
            Self::Exactly(wanted) if content == wanted => return Ok(()),
            Self::Sha256(sha256) => *sha256,
            Self::Exactly(wanted) => wanted.sha256,
        };
        Err(StoreError::mismatch("the file", wanted, content))
    }
}

pub(crate) fn blob_place(blake3: &Digest) -> String {
    let hex = blake3.to_hex();
    format!("blobs/{}/{hex}", &hex[..2])
}

pub(crate) fn record_place(sha256: &Digest) -> String {
    let hex = sha256.to_hex();
    format!("sha256/{}/{hex}", &hex[..2])
}

/// Whether a file still has the content it was stored with.
///
/// blake3 alone decides: either digest identifies the bytes, and this one is several times faster.
pub(crate) fn holds(
    mut file: File,
    content: &Fingerprint,
    shown: &str,
) -> Result<bool, StoreError> {
    let size = file.metadata().attempt("fstat", shown)?.len();
    if size != content.size {
        return Ok(false);
    }
    let mut hasher = blake3::Hasher::new();
    // No longer than the file: most files of a tree are small.
    let length = usize::try_from(size).unwrap_or(PIECE).clamp(1, PIECE);
    let mut piece = vec![0; length];
    loop {
        let count = file.read(&mut piece).attempt("read", shown)?;
        if count == 0 {
            return Ok(hasher.finalize() == *content.blake3.as_bytes());
        }
        hasher.update(&piece[..count]);
    }
}

fn parse_record(sha256: Digest, bytes: &[u8]) -> Option<(Fingerprint, Stamp)> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let mut words = text.split(' ');
    let blake3 = words.next()?.parse().ok()?;
    let size = words.next()?.parse().ok()?;
    let stamp = Stamp {
        size,
        inode: words.next()?.parse().ok()?,
        mtime: words.next()?.parse().ok()?,
        ctime: words.next()?.parse().ok()?,
    };
    let content = Fingerprint {
        sha256,
        blake3,
        size,
    };
    words.next().is_none().then_some((content, stamp))
}
