//! What a target is given, and what it has.

use std::path::{Path, PathBuf};

use zwieback_model::digest::Digest;
use zwieback_model::shown_name;

use super::error::TargetError;

/// Where copies wait, in the folder of a target.
pub(super) const STAGED: &str = "staged";

/// A verified copy that waits for the log's word.
#[derive(Debug)]
pub struct Staged {
    /// Where it lies.
    pub path: PathBuf,
    /// What it is.
    pub artifact: Digest,
    /// The name of its file.
    pub name: String,
}

impl Staged {
    pub(super) fn new(home: &Path, artifact: Digest, name: &str) -> Self {
        Self {
            path: home.join(STAGED).join(artifact.to_hex()),
            artifact,
            name: name.to_owned(),
        }
    }

    /// Its folder, beneath the target's.
    pub(super) fn place(&self) -> String {
        format!("{STAGED}/{}", self.artifact.to_hex())
    }

    /// The file itself.
    pub(super) fn file(&self) -> String {
        format!("{}/{}", self.place(), self.name)
    }
}

/// What a target has now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// The generation.
    pub generation: u64,
    /// The digest of what lies there, if it can be read at all.
    pub artifact: Option<Digest>,
}

/// The last part of a subject's name, which must be one that stays in its folder.
pub(super) fn plain_name(name: &str) -> Result<&str, TargetError> {
    let last = name.rsplit('/').next().unwrap_or(name);
    let plain = !matches!(last, "" | "." | "..") && shown_name::check(last).is_ok();
    if plain && last.len() <= 255 {
        Ok(last)
    } else {
        Err(TargetError::Name(name.to_owned()))
    }
}
