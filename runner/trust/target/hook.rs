//! A command that deploys: it reads the verified file from its standard input.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use zwieback_core::digest::Digest;
use zwieback_core::name::Name;
use zwieback_host::fs::fault::Attempt as _;
use zwieback_host::fs::given_file;

use super::command::TargetCommand;
use super::copy::copy;
use super::error::TargetError;
use super::folder::release_name;
use super::staged::{Deployed, Staged};
use crate::log::files::{self, bytes, sync_folder};
use crate::state::environment::Generation;

const DONE: &str = "deployed";
const KEPT: &str = "kept";

/// A command that deploys, and a folder that remembers what it was last run for.
///
/// The file is handed over as an open descriptor that cannot be written: whatever happens to names
/// on the disk, the command sees the bytes that were decided about. The variables `ZWIEBACK_*` say
/// what it is. The command may be run again for the same generation, after a crash or a failure.
#[derive(Clone, Debug)]
pub struct Hook {
    command: TargetCommand,
    home: PathBuf,
}

impl Hook {
    /// The command, and a folder of its own.
    pub fn new(command: TargetCommand, home: impl Into<PathBuf>) -> Self {
        Self {
            command,
            home: home.into(),
        }
    }

    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    pub(super) fn deploy(
        &self,
        environment: &Name,
        generation: &Generation,
        staged: &Staged,
    ) -> Result<(), TargetError> {
        let kept = self.home.join(KEPT);
        fs::create_dir_all(&kept).attempt("mkdir", bytes(&kept))?;
        let file = given_file::open(&staged.path.join(&staged.name));
        let file = file.attempt("open", bytes(&staged.path))?;
        let handed = sealed_copy(&file, staged.artifact)?;
        self.run(environment, generation, &staged.name, handed)?;
        let place = kept.join(release_name(generation));
        fs::rename(staged.path.join(&staged.name), &place).attempt("rename", bytes(&place))?;
        sync_folder(&kept)?;
        super::copy::discard(&staged.path)?;
        let done = format!("{} {}\n", generation.number, generation.artifact);
        Ok(files::write_synced(&self.home.join(DONE), done.as_bytes())?)
    }

    /// What the command was last run for, with success.
    pub(super) fn deployed(&self) -> Result<Option<Deployed>, TargetError> {
        let text = files::read(&self.home.join(DONE), 4096)?;
        let text = text.and_then(|text| String::from_utf8(text).ok());
        Ok(text.and_then(|text| {
            let (number, digest) = text.trim_end().split_once(' ')?;
            Some(Deployed {
                generation: number.parse().ok()?,
                artifact: digest.parse().ok(),
            })
        }))
    }

    pub(super) fn kept(&self, generation: &Generation) -> Result<Option<File>, TargetError> {
        let path = self.home.join(KEPT).join(release_name(generation));
        match given_file::open(&path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).attempt("open", bytes(&path)).map_err(Into::into),
        }
    }

    fn run(
        &self,
        environment: &Name,
        generation: &Generation,
        name: &str,
        file: File,
    ) -> Result<(), TargetError> {
        let launch = self.command.launch(environment);
        let launch = launch.ok_or(TargetError::NoCommand)?;
        let launch = launch
            .set("ZWIEBACK_GENERATION", generation.number.to_string())
            .set("ZWIEBACK_SHA256", generation.artifact.to_hex())
            .set("ZWIEBACK_NAME", name);
        let status = launch.hand(Some(file)).map_err(TargetError::Launch)?;
        if status.success() {
            Ok(())
        } else {
            Err(TargetError::Hook {
                command: self.command.words.join(" "),
                status,
            })
        }
    }
}

/// A copy without a name, opened for reading alone.
fn sealed_copy(file: &File, artifact: Digest) -> Result<File, TargetError> {
    let folder = tempfile::tempdir().attempt("mkdir", "a scratch folder")?;
    let path = folder.path().join("file");
    copy(file, &path, artifact)?;
    let mut open = OpenOptions::new();
    let written = open.read(true).open(&path).attempt("open", bytes(&path))?;
    fs::remove_file(&path).attempt("unlink", bytes(&path))?;
    debug_assert!(written.as_raw_fd() > 2);
    Ok(written)
}
