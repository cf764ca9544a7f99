//! Fetched files out of one store and into another: a tar that carries all that a build needs offline.
//!
//! ```text
//! zwieback-inputs            "zwieback-inputs 1 <how many>"
//! sha256/<sha256>            each file under its digest, sorted
//! ```
//!
//! Two exports of the same files are equal bytes. Toolchains need no more than their packages: the
//! trees are put together again on the other machine, and come out with the same digests.

use std::collections::BTreeSet;
use std::io::{BufReader, Read, Write};

use tar::{Archive, Builder, Entry, EntryType, Header};
use zwieback_model::digest::Digest;
use zwieback_model::shown_name::printable;
use zwieback_sandbox::call::Attempt as _;

use crate::fs::given_file;
use crate::store::blob::{Expected, PIECE};
use crate::store::error::StoreError;
use crate::store::origin::Origin;
use crate::store::place::Store;

/// The first member, and the first word in it.
const HEAD: &str = "zwieback-inputs";
const VERSION: &str = "zwieback-inputs 1 ";
/// The head is one line.
const LONGEST_HEAD: u64 = 64;
const FOLDER: &str = "sha256/";

/// What a transfer came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transferred {
    /// How many files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// How many of them were in the store before.
    pub present: usize,
}

impl Store {
    /// Writes these blobs as a tar stream.
    pub fn export(
        &self,
        blobs: &BTreeSet<Digest>,
        to: impl Write,
    ) -> Result<Transferred, StoreError> {
        let mut tar = Builder::new(to);
        let head = format!("{VERSION}{}\n", blobs.len());
        append(&mut tar, HEAD, head.len() as u64, head.as_bytes())?;
        let mut done = Transferred::default();
        for sha256 in blobs {
            let blob = self.blob(sha256)?.ok_or(StoreError::NoSuchBlob(*sha256))?;
            let shown = blob.path().as_os_str().as_encoded_bytes();
            let file = given_file::open(blob.path()).attempt("open", shown)?;
            let size = blob.content().size;
            append(&mut tar, &member(sha256), size, file)?;
            done.files += 1;
            done.bytes += size;
        }
        let mut to = tar.into_inner().attempt("write", HEAD)?;
        to.flush().attempt("write", HEAD)?;
        Ok(done)
    }

    /// Takes what [`Store::export`] wrote. Each file must be what it is called; those before a wrong one stay.
    pub fn import(&self, from: impl Read) -> Result<Transferred, StoreError> {
        let mut tar = Archive::new(BufReader::with_capacity(PIECE, from));
        // Raw: what a header says about the next member would be read whole, however long it is.
        let mut entries = tar.entries().attempt("read", HEAD)?.raw(true);
        let wanted = match entries.next() {
            Some(entry) => count(entry.attempt("read", HEAD)?)?,
            None => return Err(StoreError::NoExport("nothing".to_owned())),
        };
        let mut done = Transferred::default();
        for entry in entries {
            self.take(entry.attempt("read", FOLDER)?, &mut done)?;
        }
        if done.files == wanted {
            return Ok(done);
        }
        Err(StoreError::ExportCut {
            wanted,
            found: done.files,
        })
    }

    fn take(
        &self,
        mut entry: Entry<'_, impl Read>,
        done: &mut Transferred,
    ) -> Result<(), StoreError> {
        let path = path(&entry);
        let digest = path.strip_prefix(FOLDER).and_then(|it| it.parse().ok());
        let Some(sha256) = digest.filter(|_| is_file(&entry)) else {
            return Err(StoreError::NoExport(path));
        };
        done.files += 1;
        done.bytes = done.bytes.saturating_add(entry.size());
        if matches!(self.blob(&sha256), Ok(Some(_))) {
            done.present += 1;
            return Ok(());
        }
        let mut writer = self.blob_writer()?;
        let mut piece = vec![0; PIECE];
        loop {
            let count = entry.read(&mut piece).attempt("read", &path)?;
            if count == 0 {
                break;
            }
            writer.write_all(&piece[..count]).attempt("write", "blob")?;
        }
        writer.commit(Expected::Sha256(sha256), Origin::Import)?;
        Ok(())
    }
}

/// How many files the head promises.
fn count(entry: Entry<'_, impl Read>) -> Result<usize, StoreError> {
    let path = path(&entry);
    let wrong = || StoreError::NoExport(path.clone());
    if path != HEAD || !is_file(&entry) {
        return Err(wrong());
    }
    let mut text = String::new();
    entry
        .take(LONGEST_HEAD)
        .read_to_string(&mut text)
        .attempt("read", HEAD)?;
    let count = text
        .strip_prefix(VERSION)
        .and_then(|it| it.strip_suffix('\n'));
    count.and_then(|count| count.parse().ok()).ok_or_else(wrong)
}

fn path(entry: &Entry<'_, impl Read>) -> String {
    printable(&entry.path_bytes())
}

fn is_file(entry: &Entry<'_, impl Read>) -> bool {
    entry.header().entry_type() == EntryType::Regular
}

fn member(sha256: &Digest) -> String {
    format!("{FOLDER}{sha256}")
}

/// Everything that could tell one export from another is fixed.
fn append(
    tar: &mut Builder<impl Write>,
    path: &str,
    size: u64,
    bytes: impl Read,
) -> Result<(), StoreError> {
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::Regular);
    header.set_size(size);
    header.set_mode(0o444);
    header.set_mtime(1);
    header.set_uid(0);
    header.set_gid(0);
    Ok(tar
        .append_data(&mut header, path, bytes)
        .attempt("write", path)?)
}
