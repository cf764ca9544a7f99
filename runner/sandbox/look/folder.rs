//! A folder that is made and gone again where a step is about to work: what does the file system do there?

use std::fs::{self, File, FileTimes};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// How many files it takes to see an order.
const FILES: u8 = 8;

/// The folder. It goes when this is dropped, and the one that it is in looks as before.
pub(super) struct OwnFolder {
    path: PathBuf,
    around: File,
    times: FileTimes,
}

impl OwnFolder {
    /// Makes one below this folder.
    pub(super) fn make(below: &Path) -> io::Result<Self> {
        let around = File::open(below)?;
        let before = around.metadata()?;
        let times = FileTimes::new()
            .set_accessed(before.accessed()?)
            .set_modified(before.modified()?);
        let path = below.join(".zwieback-look");
        fs::create_dir(&path)?;
        Ok(Self {
            path,
            around,
            times,
        })
    }

    /// The bits of its mode that the mask of new files took.
    pub(super) fn mask(&self) -> io::Result<u32> {
        let mode = fs::metadata(&self.path)?.permissions().mode();
        Ok(0o777 & !mode)
    }

    /// In which order it lists files that were made by name. It has no others yet.
    pub(super) fn order(&self) -> io::Result<String> {
        for name in b'a'..b'a' + FILES {
            self.file(&char::from(name).to_string())?;
        }
        let mut listed = String::new();
        for entry in fs::read_dir(&self.path)? {
            listed.push_str(&entry?.file_name().to_string_lossy());
        }
        Ok(listed)
    }

    /// When a file in it was made, in seconds since 1970.
    pub(super) fn made(&self) -> io::Result<i64> {
        Ok(self.file("made")?.1.metadata()?.mtime())
    }

    /// A new file in it.
    pub(super) fn file(&self, name: &str) -> io::Result<(PathBuf, File)> {
        let path = self.path.join(name);
        let file = File::create_new(&path)?;
        Ok((path, file))
    }

    /// Puts a program into it.
    pub(super) fn program(&self, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
        let path = self.path.join(name);
        let mut options = File::options();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o700)
            .open(&path)?;
        file.write_all(bytes)?;
        Ok(path)
    }
}

impl Drop for OwnFolder {
    fn drop(&mut self) {
        // A step must not find it. Where that fails, the disk has failed, and the step will say so.
        drop(fs::remove_dir_all(&self.path));
        drop(self.around.set_times(self.times));
    }
}
