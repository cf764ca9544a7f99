//! A copy of a log that is served elsewhere: its files, fetched as far as they are new.
//!
//! Nothing here is believed: the copy is a folder like any other, and is held against what its reader
//! knows afterwards. The checkpoint is asked for first and put in place last, so that a copy whose
//! fetching broke off is the older copy.

use std::path::{Path, PathBuf};

use zwieback_core::digest::Digest;
use zwieback_host::dirs::Dirs;
use zwieback_host::fetch::client::Client;
use zwieback_host::fetch::error::FetchError;
use zwieback_host::fetch::failure::Failure;
use zwieback_host::fetch::settings::Settings;
use zwieback_host::fs::private;
use zwieback_host::fs::replace::replace;
use zwieback_trust::log::error::LogError;
use zwieback_trust::log::place::LogDir;
use zwieback_trust::reason::Refusal;
use zwieback_trust::tlog::checkpoint::Checkpoint;
use zwieback_trust::tlog::note::Note;
use zwieback_trust::tlog::tile::Tile;

/// A file of a log holds at most 256 bundles.
const LONGEST: u64 = 1 << 30;
/// Its checkpoint and its key have a few lines.
const SHORT: u64 = 64 << 10;
/// A log that claims more would have us ask for files for ever.
const MOST: u64 = 1 << 32;

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

/// A log by its folder or its address.
pub fn open(log: &str, dirs: &Dirs, settings: &Settings) -> Result<LogDir, CopyError> {
    if !log.starts_with("http://") && !log.starts_with("https://") {
        return Ok(LogDir::open(Path::new(log))?);
    }
    let name = Digest::sha256(log.as_bytes()).to_hex();
    let folder = dirs.state.join("log-copies").join(name);
    // Whoever names an address on the command line means it.
    let own = log.parse();
    let client = Client::new(settings)?.configured(own);
    let copy = Copy {
        client: &client,
        from: log.trim_end_matches('/'),
        to: &folder,
    };
    copy.refresh()?;
    Ok(LogDir::open(&folder)?)
}

struct Copy<'a> {
    client: &'a Client,
    from: &'a str,
    to: &'a Path,
}

impl Copy<'_> {
    fn refresh(&self) -> Result<(), CopyError> {
        let checkpoint = self.get("checkpoint", SHORT)?;
        let size = Checkpoint::of(&Note::parse(&checkpoint)?)?.head.size;
        if size > MOST {
            let failure = Failure::TooLong(MOST);
            let url = format!("{}/checkpoint", self.from);
            return Err(CopyError::Fetch { url, failure });
        }
        if !self.to.join("log.vkey").exists() {
            let key = self.get("log.vkey", SHORT)?;
            self.put("log.vkey", &key)?;
        }
        for tile in Tile::added(0, size) {
            self.take(&tile.path(), tile)?;
            if tile.level == 0 {
                self.take(&tile.entries_path(), tile)?;
                self.take(&tile.statements_path(), tile)?;
            }
        }
        self.put("checkpoint", &checkpoint)
    }

    /// Full files never change again; all others are asked for anew.
    fn take(&self, path: &str, tile: Tile) -> Result<(), CopyError> {
        if tile.is_full() && self.to.join(format!("{path}.whole")).exists() {
            return Ok(());
        }
        let content = match self.get(path, LONGEST) {
            // Between two requests the tile may have become full, and its partial file may be gone.
            Err(CopyError::Fetch { .. }) if !tile.is_full() => {
                let (full, _) = path.split_once(".p/").unwrap_or((path, ""));
                let content = self.get(full, LONGEST)?;
                return self.put(full, &content);
            }
            content => content?,
        };
        self.put(path, &content)?;
        if tile.is_full() {
            // A file of bundles has the same name before it is full: only this tells them apart.
            self.put(&format!("{path}.whole"), b"")?;
        }
        Ok(())
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

fn write(path: &Path, content: &[u8]) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), private::make_folder)?;
    replace(path, content)
}
