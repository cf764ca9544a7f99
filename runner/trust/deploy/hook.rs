//! A command that deploys: it reads the verified file from its standard input.

use std::fs::File;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::path::{Path, PathBuf};

use zwieback_host::fs::beneath::{ensure_dir, open_file, rename, unlink};
use zwieback_host::fs::given_file;
use zwieback_model::digest::Digest;
use zwieback_model::name::Name;
use zwieback_sandbox::call::Attempt as _;

use super::command::TargetCommand;
use super::copy::copy;
use super::error::TargetError;
use super::folder::release_name;
use super::home::Home;
use super::staged::{Deployed, Staged};
use crate::log::files::bytes;
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
        let home = Home::make(&self.home)?;
        let file = home.file(&staged.file())?;
        let file = file.ok_or(TargetError::Absent {
            generation: generation.number,
        })?;
        let handed = sealed_copy(&file, staged.artifact)?;
        self.run(environment, generation, &staged.name, handed)?;
        ensure_dir(home.dir(), KEPT)?;
        rename(home.dir(), &staged.file(), home.dir(), &kept(generation))?;
        home.sync(KEPT)?;
        home.discard(&staged.place())?;
        let done = format!("{} {}\n", generation.number, generation.artifact);
        Ok(home.write(DONE, done.as_bytes())?)
    }

    /// What the command was last run for, with success.
    pub(super) fn deployed(&self) -> Result<Option<Deployed>, TargetError> {
        let home = Home::open(&self.home)?;
        let text = home
            .map(|home| home.read(DONE, 4096))
            .transpose()?
            .flatten();
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
        match Home::open(&self.home)? {
            Some(home) => Ok(home.file(&kept(generation))?),
            None => Ok(None),
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

fn kept(generation: &Generation) -> String {
    format!("{KEPT}/{}", release_name(generation))
}

/// A copy without a name, opened for reading alone.
fn sealed_copy(file: &File, artifact: Digest) -> Result<File, TargetError> {
    let folder = tempfile::tempdir().attempt("mkdir", "a scratch folder")?;
    let dir = given_file::open_folder(folder.path()).attempt("open", bytes(folder.path()))?;
    copy(file, dir.as_fd(), "file", artifact)?;
    let written = open_file(dir.as_fd(), "file")?;
    unlink(dir.as_fd(), "file")?;
    debug_assert!(written.as_raw_fd() > 2);
    Ok(written)
}
