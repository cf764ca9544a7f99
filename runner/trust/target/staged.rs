//! What a target is given, and what it has.

use std::path::PathBuf;

use zwieback_core::digest::Digest;

use super::error::TargetError;

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
    let plain = !matches!(last, "" | "." | "..") && !last.chars().any(char::is_control);
    if plain && last.len() <= 255 {
        Ok(last)
    } else {
        Err(TargetError::Name(name.to_owned()))
    }
}
