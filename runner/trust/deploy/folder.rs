//! A folder of releases: `releases/<generation>-<digest>/<file>`, and `current`, a link to one.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use zwieback_host::fs::beneath::{
    ensure_dir, look, make_symlink, names, open_dir, read_symlink_at, rename, unlink,
};

use super::copy::fingerprint;
use super::error::TargetError;
use super::home::Home;
use super::staged::{Deployed, Staged, plain_name};
use crate::state::environment::Generation;

/// The link while it is made.
const SCRATCH: &str = ".current.new";
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
        let home = Home::make(&self.path)?;
        ensure_dir(home.dir(), RELEASES)?;
        let release = release(generation);
        // A crash may have left it there, unused: the log gives a number to one release only.
        home.discard(&release)?;
        rename(home.dir(), &staged.place(), home.dir(), &release)?;
        home.sync(RELEASES)?;
        if look(home.dir(), SCRATCH)?.is_some() {
            unlink(home.dir(), SCRATCH)?;
        }
        make_symlink(home.dir(), &release, SCRATCH)?;
        rename(home.dir(), SCRATCH, home.dir(), CURRENT)?;
        Ok(home.sync(".")?)
    }

    pub(super) fn deployed(&self) -> Result<Option<Deployed>, TargetError> {
        let Some(home) = Home::open(&self.path)? else {
            return Ok(None);
        };
        if look(home.dir(), CURRENT)?.is_none() {
            return Ok(None);
        }
        let link = read_symlink_at(home.dir(), CURRENT)?;
        let link = link.to_str().unwrap_or_default();
        let name = link.rsplit('/').next().unwrap_or_default();
        let generation = name
            .split('-')
            .next()
            .and_then(|number| number.parse().ok());
        Ok(Some(Deployed {
            generation: generation.unwrap_or(0),
            // A link that leads elsewhere is no release of this folder, whatever lies there.
            artifact: only_file(&home, link)
                .and_then(|file| fingerprint(&file).ok())
                .map(|print| print.sha256),
        }))
    }

    pub(super) fn kept(&self, generation: &Generation) -> Result<Option<File>, TargetError> {
        let file = format!("{}/{}", release(generation), plain_name(&generation.name)?);
        match Home::open(&self.path)? {
            Some(home) => Ok(home.file(&file)?),
            None => Ok(None),
        }
    }
}

fn release(generation: &Generation) -> String {
    format!("{RELEASES}/{}", release_name(generation))
}

pub(super) fn release_name(generation: &Generation) -> String {
    format!("{:06}-{}", generation.number, generation.artifact.short())
}

/// A release has one file; one with more was changed.
fn only_file(home: &Home, folder: &str) -> Option<File> {
    let dir = open_dir(home.dir(), folder).ok()?;
    let mut entries = names(dir.as_fd()).ok()?;
    let (first, second) = (entries.next()?.ok()?, entries.next());
    let file = format!("{folder}/{}", first.0.to_str().ok()?);
    if second.is_some() {
        return None;
    }
    home.file(&file).ok()?
}
