//! Why a fetch failed as a whole.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use zwieback_model::digest::Digest;
use zwieback_model::locked_input::FileName;
use zwieback_model::purl::Purl;

use crate::fetch::failure::Failure;
use crate::store::error::StoreError;

/// Places an error names one by one.
const SHOWN: usize = 8;

/// Why not all inputs could be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Some place gave bytes that are not the locked ones, and no other place had the right ones.
    #[error("{}", describe("is not what was locked", .0))]
    DigestMismatch(Vec<LostInput>),
    /// No place has them.
    #[error("{}", describe("cannot be had", .0))]
    Unavailable(Vec<LostInput>),
    /// Nothing may be fetched and something is missing.
    #[error("{} inputs are not in the store: {}", .0.len(), name_some(.0))]
    Offline(Vec<(Purl, FileName)>),
    /// The lock's own digests and size belong to different bytes.
    #[error("{1} ({0}): the lock's sha256, blake3 and size belong to different files")]
    Contradiction(Purl, FileName),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The user asked to stop.
    #[error("interrupted")]
    Cancelled,
    /// The proxy cannot be used.
    #[error("{0:?} is not a proxy")]
    Proxy(String),
    /// The folder of downloads failed.
    #[error("{call} {path}: {source}")]
    Io {
        /// What was attempted.
        call: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// One input that no place gave us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostInput {
    /// The package.
    pub purl: Purl,
    /// The file.
    pub file: FileName,
    /// What its digest should be.
    pub sha256: Digest,
    /// Every place that was asked, with the last thing that happened there.
    pub asked: Vec<(String, Failure)>,
}

impl FetchError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::DigestMismatch(_) => Some(
                "the mirror or the lock was changed; ask another mirror, or look at `zwieback lock --update`".to_owned(),
            ),
            Self::Unavailable(lost) if lost.iter().all(|lost| lost.asked.is_empty()) => {
                let kind = lost.first().map_or("deb", |lost| lost.purl.kind());
                let client = match kind {
                    "cargo" => "install cargo, which knows a registry, or ",
                    _ => "",
                };
                Some(format!("{client}add `[mirrors] {kind} = [\"http://mirror.example/\"]` to the configuration"))
            }
            Self::Unavailable(_) => Some(
                "add a mirror that still has it under `[mirrors]`, or move on with `zwieback lock --update`".to_owned(),
            ),
            Self::Offline(_) => Some("run `zwieback fetch` once with a network".to_owned()),
            Self::Proxy(_) => Some("write it as http://HOST:PORT".to_owned()),
            Self::Contradiction(..) => Some("write the lock again with `zwieback lock`".to_owned()),
            Self::Store(error) => error.hint(),
            Self::Cancelled | Self::Io { .. } => None,
        }
    }

    /// The error for inputs that were lost; one wrong answer outweighs any number of missing ones.
    pub(crate) fn lost(mut lost: Vec<LostInput>) -> Self {
        lost.sort_by_key(|input| !input.is_mismatch());
        if lost.iter().any(LostInput::is_mismatch) {
            Self::DigestMismatch(lost)
        } else {
            Self::Unavailable(lost)
        }
    }

    /// An error of the file system, with the call and the path.
    pub(crate) fn io(call: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { call, path, source }
    }
}

impl LostInput {
    /// Whether some place gave bytes that are not the locked ones.
    pub fn is_mismatch(&self) -> bool {
        self.asked.iter().any(|(_, failure)| failure.is_mismatch())
    }
}

fn describe(what: &str, lost: &[LostInput]) -> String {
    let mut text = String::new();
    for input in lost.iter().take(SHOWN) {
        let separator = if text.is_empty() { "" } else { "\n" };
        write!(
            text,
            "{separator}{} ({}) {what}: sha256 {} is wanted",
            input.file, input.purl, input.sha256
        )
        .expect("writing to a string cannot fail");
        for (url, failure) in input.asked.iter().take(SHOWN) {
            write!(text, "\n  {url} {failure}").expect("writing to a string cannot fail");
        }
        if input.asked.is_empty() {
            write!(
                text,
                "\n  no place to ask for pkg:{} is configured",
                input.purl.kind()
            )
            .expect("writing to a string cannot fail");
        }
    }
    if lost.len() > SHOWN {
        write!(text, "\nand {} more", lost.len() - SHOWN).expect("writing to a string cannot fail");
    }
    text
}

fn name_some(inputs: &[(Purl, FileName)]) -> String {
    let names: Vec<&str> = inputs
        .iter()
        .take(SHOWN)
        .map(|(_, file)| file.as_str())
        .collect();
    let more = if inputs.len() > SHOWN { " …" } else { "" };
    format!("{}{more}", names.join(", "))
}
