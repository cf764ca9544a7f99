//! A download in progress: its bytes so far, where they came from, and a lock against other processes.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zwieback_model::digest::{Digest, Fingerprint, Hasher};

use crate::fetch::canceller::Canceller;
use crate::fetch::error::FetchError;
use crate::fs::given_file;

/// How long to wait before looking again whether another process is done with the file.
const PATIENCE: Duration = Duration::from_millis(50);
/// Two lines: an address, and what a server calls its version of the file.
const LONGEST_ORIGIN: u64 = 64 << 10;

/// `<sha256>.part` in the folder of downloads, digested as far as it goes.
pub struct PartFile {
    path: PathBuf,
    file: File,
    // Boxed: its state is two kilobytes, and parts are handed between threads.
    hasher: Box<Hasher>,
    length: u64,
}

/// Which place the bytes so far came from, and how it names that version of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The URL that was asked.
    pub url: String,
    /// A strong `ETag`, or a `Last-Modified`, for `If-Range` (RFC 9110, 13.1.5).
    pub validator: String,
}

impl PartFile {
    /// Opens or creates the file and waits until no other process works on it.
    pub fn open(dir: &Path, sha256: Digest, canceller: &Canceller) -> Result<Self, FetchError> {
        fs::create_dir_all(dir).map_err(FetchError::io("create", dir))?;
        let path = dir.join(format!("{sha256}.part"));
        let file = open_locked(&path, canceller)?;
        let mut part = Self {
            path,
            file,
            hasher: Box::default(),
            length: 0,
        };
        part.digest_what_is_there()
            .map_err(FetchError::io("read", &part.path))?;
        Ok(part)
    }

    /// The number of bytes so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// What the bytes so far are.
    pub fn fingerprint(&self) -> Fingerprint {
        Hasher::clone(&self.hasher).finish()
    }

    /// Where the file lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds the next bytes.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.file
            .write_all(bytes)
            .map_err(FetchError::io("write", &self.path))?;
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Throws away what there is.
    pub fn restart(&mut self) -> Result<(), FetchError> {
        self.file
            .set_len(0)
            .map_err(FetchError::io("truncate", &self.path))?;
        self.file
            .rewind()
            .map_err(FetchError::io("seek", &self.path))?;
        *self.hasher = Hasher::default();
        self.length = 0;
        Ok(())
    }

    /// Where the bytes so far came from, if the place named its version of them.
    pub fn origin(&self) -> Option<Origin> {
        let text = given_file::read_text(&self.origin_path(), LONGEST_ORIGIN).ok()?;
        let (url, validator) = text.split_once('\n')?;
        Some(Origin {
            url: url.to_owned(),
            validator: validator.trim_end().to_owned(),
        })
    }

    /// Remembers where the bytes come from, for whoever resumes.
    pub fn set_origin(&self, origin: Option<&Origin>) -> Result<(), FetchError> {
        let path = self.origin_path();
        match origin {
            Some(origin) => fs::write(&path, format!("{}\n{}\n", origin.url, origin.validator)),
            None => remove_if_there(&path),
        }
        .map_err(FetchError::io("write", &path))
    }

    /// Removes the file; the lock goes with it.
    pub fn remove(self) -> Result<(), FetchError> {
        self.set_origin(None)?;
        remove_if_there(&self.path).map_err(FetchError::io("remove", &self.path))
    }

    fn origin_path(&self) -> PathBuf {
        self.path.with_extension("from")
    }

    /// Bytes of an earlier process are read again, not believed.
    fn digest_what_is_there(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        self.file.seek(SeekFrom::Start(0))?;
        loop {
            let count = self.file.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            self.hasher.update(&buffer[..count]);
            self.length += count as u64;
        }
    }
}

/// The holder of the lock removes the file when it is done, so a lock that was waited for may be on
/// a file that is gone: then the next one is opened.
fn open_locked(path: &Path, canceller: &Canceller) -> Result<File, FetchError> {
    loop {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(FetchError::io("open", path))?;
        lock(&file, path, canceller)?;
        let held = file.metadata().map_err(FetchError::io("stat", path))?;
        match fs::metadata(path) {
            Ok(named) if (named.dev(), named.ino()) == (held.dev(), held.ino()) => return Ok(file),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(FetchError::io("stat", path)(error)),
        }
    }
}

/// A blocking lock could not be interrupted.
fn lock(file: &File, path: &Path, canceller: &Canceller) -> Result<(), FetchError> {
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(FetchError::io("lock", path)(error)),
            Err(TryLockError::WouldBlock) if canceller.is_cancelled() => {
                return Err(FetchError::Cancelled);
            }
            Err(TryLockError::WouldBlock) => canceller.sleep(PATIENCE),
        }
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_taken_up_where_it_was_left() {
        let dir = tempfile::tempdir().unwrap();
        let name = Digest::sha256(b"whole");
        let canceller = Canceller::default();
        let origin = Origin {
            url: "http://m.example/x".to_owned(),
            validator: "\"1\"".to_owned(),
        };
        let mut part = PartFile::open(dir.path(), name, &canceller).unwrap();
        part.append(b"wh").unwrap();
        part.set_origin(Some(&origin)).unwrap();
        drop(part);
        let mut part = PartFile::open(dir.path(), name, &canceller).unwrap();
        assert_eq!((part.length(), part.origin()), (2, Some(origin)));
        part.append(b"ole").unwrap();
        assert_eq!(part.fingerprint(), Fingerprint::of(b"whole"));
        part.restart().unwrap();
        part.append(b"w").unwrap();
        assert_eq!(fs::read(part.path()).unwrap(), b"w");
        part.remove().unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_second_process_waits_and_can_be_called_off() {
        let dir = tempfile::tempdir().unwrap();
        let name = Digest::sha256(b"x");
        let canceller = Canceller::default();
        let _held = PartFile::open(dir.path(), name, &canceller).unwrap();
        canceller.cancel();
        let second = PartFile::open(dir.path(), name, &canceller);
        assert!(matches!(second, Err(FetchError::Cancelled)));
    }
}
