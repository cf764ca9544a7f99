//! A copy of a log that is served elsewhere: its files, fetched as far as they are new.
//!
//! Nothing here is believed: the copy is a folder like any other, and is held against what its reader
//! knows afterwards. What the checkpoint says of the log is acted upon, and so its signature is checked first.
//! It is asked for first and put in place last, so that a copy whose fetching broke off is the older copy.
//!
//! What never changes again is kept, and not asked for another time: so it is held against the tree before,
//! with the digest that it has there. One wrong byte that came once is asked for again the next time, and so is
//! what belongs to another tree than the one that is signed now; that there were two is for who remembers.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::pipeline::context::failure::Failure as CommandFailure;
use zwieback_host::dirs::Dirs;
use zwieback_host::fetch::client::Client;
use zwieback_host::fetch::error::FetchError;
use zwieback_host::fetch::failure::Failure;
use zwieback_host::fetch::settings::{Limits, Settings};
use zwieback_host::fs::pour::{PourError, pour};
use zwieback_host::fs::replace::{replace, replace_with};
use zwieback_host::fs::{given_file, private};
use zwieback_model::digest::Digest;
use zwieback_trust::log::bundles::LARGEST_FILE;
use zwieback_trust::log::copied::Copied;
use zwieback_trust::log::error::LogError;
use zwieback_trust::log::place::LogDir;
use zwieback_trust::log::read::{LARGEST_ENTRIES, LARGEST_TILE};
use zwieback_trust::reason::{Reason, Refusal};
use zwieback_trust::tlog::checkpoint::Checkpoint;
use zwieback_trust::tlog::note::Note;
use zwieback_trust::tlog::note_key::NoteKey;
use zwieback_trust::tlog::tile::{Tile, WIDTH};
use zwieback_trust::tlog::witness_policy::WitnessPolicy;

/// The log's key.
const KEY: &str = "log.vkey";
/// A checkpoint and a key have a few lines.
const SHORT: u64 = 64 << 10;
/// What a file takes, however short it is: a log of any size can be signed, and served as files of one byte.
const LEAST: u64 = 4 << 10;

/// Why a log could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// No request can be made at all.
    #[error(transparent)]
    Client(#[from] FetchError),
    /// A file cannot be had.
    #[error("{url}: {failure}")]
    Fetch {
        /// Where it should be.
        url: String,
        /// Why not.
        failure: Failure,
    },
    /// The checkpoint names more files than a copy may have.
    #[error(
        "{url} has {entries} entries in {files} files of at least {LEAST} bytes, and `fetch.largest` allows {largest} bytes"
    )]
    TooMany {
        /// Where the log is.
        url: String,
        /// How many entries are signed.
        entries: u64,
        /// How many files those are.
        files: u64,
        /// The most bytes.
        largest: u64,
    },
    /// More came than one copy may bring.
    #[error(
        "{url}: what is new is more than the {largest} bytes that `fetch.largest` allows; the next copy goes on from here"
    )]
    TooLarge {
        /// The file that is too much.
        url: String,
        /// The most bytes.
        largest: u64,
    },
    /// Copying took too long.
    #[error("{url}: the copy was not done after {} s, the time that `fetch.longest` allows; the next one goes on from here", .longest.as_secs())]
    TooLate {
        /// Where the log is.
        url: String,
        /// The longest time.
        longest: Duration,
    },
    /// A file cannot be written.
    #[error("{}: {source}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What was sent is no checkpoint of a log of sensible size.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The copy is no log.
    #[error(transparent)]
    Log(#[from] LogError),
}

impl From<CopyError> for CommandFailure {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Log(error) => error.into(),
            CopyError::Refused(refusal) => LogError::from(refusal).into(),
            other => Self::new(other),
        }
    }
}

/// A log by its folder or its address. Of one that is served elsewhere, nothing but the checkpoint is taken
/// before that is signed as the policy says, or by the key that is served with it.
pub fn open(
    log: &str,
    policy: Option<&WitnessPolicy>,
    dirs: &Dirs,
    settings: &Settings,
) -> Result<LogDir, CopyError> {
    if !log.starts_with("http://") && !log.starts_with("https://") {
        return Ok(LogDir::open(Path::new(log))?);
    }
    let name = Digest::sha256(log.as_bytes()).to_hex();
    let folder = dirs.state.join("log-copies").join(&name);
    // One at a time: what somebody else was told before would take the place of what is told now.
    let path = dirs.state.join("log-copy-locks").join(&name);
    let _lock = private::lock(&path).map_err(|source| CopyError::Write { path, source })?;
    // Whoever names an address on the command line means it.
    let own = log.parse();
    let client = Client::new(settings)?.configured(own);
    let copy = Copy {
        client: &client,
        from: log.trim_end_matches('/'),
        to: &folder,
        limits: settings.limits,
        begun: Instant::now(),
        left: Cell::new(settings.limits.largest),
    };
    copy.refresh(policy)?;
    Ok(LogDir::open(&folder)?)
}

struct Copy<'a> {
    client: &'a Client,
    from: &'a str,
    to: &'a Path,
    limits: Limits,
    begun: Instant,
    /// Bytes that this copy may still bring.
    left: Cell<u64>,
}

impl Copy<'_> {
    fn refresh(&self, policy: Option<&WitnessPolicy>) -> Result<(), CopyError> {
        let checkpoint = self.get("checkpoint", SHORT)?;
        let note = Note::parse(&checkpoint)?;
        if let Some(policy) = policy {
            policy.open(&note)?;
        }
        let head = self.signed(&note, policy.is_some())?.head;
        self.check_size(head.size)?;
        let log = LogDir::open(self.to)?;
        let copied = Copied::new(&log, head);
        for tile in Tile::edge(head.size) {
            self.take(&tile.path(), tile, LARGEST_TILE)?;
            self.check_tile(tile)?;
        }
        copied.check_edge()?;
        for tile in Tile::of(head.size) {
            self.keep(&copied, tile)?;
        }
        self.put("checkpoint", &checkpoint)
    }

    /// The checkpoint by the log's own key. That is the one that it was first seen with, once it has signed a
    /// checkpoint; one that a policy has found signed brings another key along.
    fn signed(&self, note: &Note, is_known: bool) -> Result<Checkpoint, CopyError> {
        if let Some(key) = self.kept_key()? {
            let signed = Checkpoint::open(note, &key);
            if signed.is_ok() || !is_known {
                return Ok(signed?);
            }
        }
        let text = self.get(KEY, SHORT)?;
        let key: NoteKey = String::from_utf8_lossy(&text).trim_end().parse()?;
        let signed = Checkpoint::open(note, &key)?;
        self.put(KEY, &text)?;
        Ok(signed)
    }

    /// Brings the files of a tile, unless they are there and the same, and checks them.
    fn keep(&self, copied: &Copied<'_>, tile: Tile) -> Result<(), CopyError> {
        let is_full = tile.is_full();
        let digest = is_full.then(|| copied.digest(tile)).transpose()?;
        let digest = digest.map(Digest::to_hex);
        // A file of bundles has the same name before it is full: only this tells them apart.
        let mark = format!("{}.whole", tile.path());
        if is_full && self.text(&mark)? == digest {
            return Ok(());
        }
        if is_full {
            self.take(&tile.path(), tile, LARGEST_TILE)?;
            self.check_tile(tile)?;
        }
        if tile.level == 0 {
            self.take(&tile.entries_path(), tile, LARGEST_ENTRIES)?;
            self.take(&tile.statements_path(), tile, LARGEST_FILE)?;
        }
        copied.check(tile)?;
        digest.map_or(Ok(()), |digest| self.put(&mark, digest.as_bytes()))
    }

    /// A short file of the copy, if it is there.
    fn text(&self, name: &str) -> Result<Option<String>, CopyError> {
        let path = self.to.join(name);
        match given_file::read_text(&path, SHORT) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(CopyError::Write { path, source }),
        }
    }

    /// Refuses what could not be copied before the first file of it is asked for.
    fn check_size(&self, entries: u64) -> Result<(), CopyError> {
        let (files, largest) = (files(entries), self.limits.largest);
        if files.saturating_mul(LEAST) <= largest {
            return Ok(());
        }
        Err(CopyError::TooMany {
            url: self.from.to_owned(),
            entries,
            files,
            largest,
        })
    }

    /// Refuses a tile that does not have its digests: whoever reads the copy would, after all of it came.
    fn check_tile(&self, tile: Tile) -> Result<(), CopyError> {
        let path = tile.path();
        let full = path.split_once(".p/").map_or("", |(full, _)| full);
        let fits = |path: &str, width: u64| {
            let found = self.to.join(path).metadata();
            found.is_ok_and(|found| found.len() == width * 32)
        };
        if fits(&path, tile.width) || (!full.is_empty() && fits(full, WIDTH)) {
            return Ok(());
        }
        Err(Refusal::new(Reason::LogEdited, path).into())
    }

    /// The key that the log was first seen with. One that cannot be read was none.
    fn kept_key(&self) -> Result<Option<NoteKey>, CopyError> {
        let text = self.text(KEY)?;
        Ok(text.and_then(|text| text.trim_end().parse().ok()))
    }

    fn take(&self, path: &str, tile: Tile, longest: u64) -> Result<(), CopyError> {
        match self.bring(path, longest) {
            // Between two requests the tile may have become full, and its partial file may be gone.
            Err(CopyError::Fetch { .. }) if !tile.is_full() => {
                let (full, _) = path.split_once(".p/").unwrap_or((path, ""));
                self.bring(full, longest)
            }
            brought => brought,
        }
    }

    /// Copies a file, piece by piece: it can be larger than memory.
    fn bring(&self, path: &str, longest: u64) -> Result<(), CopyError> {
        self.check_time()?;
        let url = format!("{}/{path}", self.from);
        let to = self.to.join(path);
        let left = self.left.get();
        let lost = |failure| CopyError::Fetch {
            url: url.clone(),
            failure,
        };
        let failed = |source| CopyError::Write {
            path: to.clone(),
            source,
        };
        let mut body = self.client.get(&url, 0, None).map_err(lost)?.body;
        to.parent()
            .map_or(Ok(()), private::make_folder)
            .map_err(failed)?;
        let most = longest.min(left);
        let filled = replace_with(&to, |file| pour(&mut body, file, most)).map_err(failed)?;
        let length = filled.map_err(|error| match error {
            PourError::Read(error) => lost(self.client.read_failure(error)),
            PourError::Write(error) => failed(error),
            PourError::TooLong(most) if most < longest => self.too_large(&url),
            PourError::TooLong(most) => lost(Failure::TooLong(most)),
            PourError::Interrupted => lost(Failure::Cancelled),
        })?;
        let rest = left.checked_sub(length.max(LEAST));
        self.left.set(rest.ok_or_else(|| self.too_large(&url))?);
        Ok(())
    }

    fn check_time(&self) -> Result<(), CopyError> {
        let longest = self.limits.longest;
        if self.begun.elapsed() <= longest {
            return Ok(());
        }
        let url = self.from.to_owned();
        Err(CopyError::TooLate { url, longest })
    }

    fn too_large(&self, url: &str) -> CopyError {
        CopyError::TooLarge {
            url: url.to_owned(),
            largest: self.limits.largest,
        }
    }

    fn get(&self, path: &str, longest: u64) -> Result<Vec<u8>, CopyError> {
        let url = format!("{}/{path}", self.from);
        let answer = self.client.read(&url, "*/*", longest);
        answer.map_err(|failure| CopyError::Fetch { url, failure })
    }

    fn put(&self, path: &str, content: &[u8]) -> Result<(), CopyError> {
        let path = self.to.join(path);
        let written = write(&path, content);
        written.map_err(|source| CopyError::Write { path, source })
    }
}

/// How many files a log of so many entries has.
fn files(entries: u64) -> u64 {
    let tiles = |level: u32| (entries >> (8 * level)).div_ceil(WIDTH);
    // Each tile of level 0 has its entries and their statements beside it.
    (0..8).map(tiles).sum::<u64>() + 2 * tiles(0)
}

fn write(path: &Path, content: &[u8]) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), private::make_folder)?;
    replace(path, content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_before_they_are_asked_for() {
        for size in [0, 1, 2, 256, 257, 70_000] {
            let each = Tile::of(size).map(|tile| if tile.level == 0 { 3 } else { 1 });
            assert_eq!(files(size), each.sum::<u64>(), "{size}");
        }
        let allowed = Limits::default().largest / LEAST;
        assert!(files(50_000_000) < allowed && files(u64::from(u32::MAX)) > allowed);
        assert!(files(u64::MAX) > allowed);
    }
}
