//! A folder of releases: `releases/<generation>-<digest>/<file>`, and `current`, a link to one.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use zwieback_host::fs::fault::Attempt as _;
use zwieback_host::fs::given_file;

use super::copy::{discard, fingerprint};
use super::error::TargetError;
use super::staged::{Deployed, Staged, plain_name};
use crate::log::files::{bytes, sync_folder};
use crate::state::environment::Generation;

const CURRENT: &str = "current";
const RELEASES: &str = "releases";

/// A folder of releases.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder at that path, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The current release, by way of the link: what users of the folder open.
    pub fn current(&self) -> PathBuf {
        self.path.join(CURRENT)
    }

    /// Moves the copy to its place and switches the link: readers see the old release or the new.
    pub(super) fn deploy(
        &self,
        generation: &Generation,
        staged: &Staged,
    ) -> Result<(), TargetError> {
        let releases = self.path.join(RELEASES);
        fs::create_dir_all(&releases).attempt("mkdir", bytes(&releases))?;
        let name = release_name(generation);
        let release = releases.join(&name);
        // A crash may have left it there, unused: the log gives a number to one release only.
        discard(&release)?;
        fs::rename(&staged.path, &release).attempt("rename", bytes(&release))?;
        sync_folder(&releases)?;
        let scratch = self.path.join(".current.new");
        match fs::remove_file(&scratch) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error)
                    .attempt("unlink", bytes(&scratch))
                    .map_err(Into::into);
            }
            _ => {}
        }
        let link = Path::new(RELEASES).join(&name);
        symlink(link, &scratch).attempt("symlink", bytes(&scratch))?;
        let current = self.current();
        fs::rename(&scratch, &current).attempt("rename", bytes(&current))?;
        Ok(sync_folder(&self.path)?)
    }

    pub(super) fn deployed(&self) -> Result<Option<Deployed>, TargetError> {
        let current = self.current();
        let link = match fs::read_link(&current) {
            Ok(link) => link,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error)
                    .attempt("readlink", bytes(&current))
                    .map_err(Into::into);
            }
        };
        let name = link
            .file_name()
            .and_then(|it| it.to_str())
            .unwrap_or_default();
        let generation = name.split('-').next().and_then(|it| it.parse().ok());
        Ok(Some(Deployed {
            generation: generation.unwrap_or(0),
            artifact: only_file(&current)
                .and_then(|file| fingerprint(&file).ok())
                .map(|print| print.sha256),
        }))
    }

    pub(super) fn kept(&self, generation: &Generation) -> Result<Option<File>, TargetError> {
        let folder = self.path.join(RELEASES).join(release_name(generation));
        let path = folder.join(plain_name(&generation.name)?);
        match given_file::open(&path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).attempt("open", bytes(&path)).map_err(Into::into),
        }
    }
}

pub(super) fn release_name(generation: &Generation) -> String {
    format!("{:06}-{}", generation.number, generation.artifact.short())
}

/// A release has one file; one with more was changed.
fn only_file(folder: &Path) -> Option<File> {
    let mut entries = fs::read_dir(folder).ok()?;
    let (first, second) = (entries.next()?.ok()?, entries.next());
    let is_file = first.file_type().ok()?.is_file();
    (is_file && second.is_none()).then(|| given_file::open(&first.path()).ok())?
}
