//! The newest trust root that was ever used here: an older one is refused from then on.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use zwieback_core::attest::reason::{Reason, Refusal};
use zwieback_core::attest::root_chain;
use zwieback_core::attest::trust_root::TrustRoot;
use zwieback_core::digest::Digest;
use zwieback_host::dirs::Dirs;

/// Why a root cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RootStateError {
    /// It does not count.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What was remembered cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Opens a root file that is at least as new as the last one of its line, and remembers it.
///
/// A line of roots is told apart by what the user was first handed: the state is kept for each
/// quorum, and a successor is filed under the line that it continues.
pub fn open(dirs: &Dirs, file: &[u8]) -> Result<TrustRoot, RootStateError> {
    let root = root_chain::open(file)?;
    let folder = dirs.state.join("roots");
    for (line, known) in remembered(&folder)? {
        let previous = root_chain::open(&known)?;
        if known == file {
            return Ok(root);
        }
        if previous.version < root.version && root_chain::succeed(&previous, file).is_ok() {
            write(&line, file)?;
            return Ok(root);
        }
        if shares_keys(&previous, &root) {
            return Err(refusal(&previous, &root, file).into());
        }
    }
    let line = folder.join(format!("{}.json", Digest::sha256(file)));
    write(&line, file)?;
    Ok(root)
}

/// Whether both are of one line: some key is in both quorums.
fn shares_keys(one: &TrustRoot, other: &TrustRoot) -> bool {
    let keys = &other.quorum.keys;
    one.quorum.keys.iter().any(|key| keys.contains(key))
}

fn refusal(previous: &TrustRoot, root: &TrustRoot, file: &[u8]) -> Refusal {
    match root_chain::succeed(previous, file) {
        Err(refusal) => refusal,
        Ok(_) => Refusal::new(Reason::RootRollback, format!("version {}", root.version)),
    }
}

fn remembered(folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, RootStateError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| RootStateError::Io { path, source }
    };
    let entries = match folder.read_dir() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed(folder))?,
    };
    let mut roots = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed(folder))?.path();
        if path.extension().is_some_and(|it| it == "json") {
            let bytes = fs::read(&path).map_err(failed(&path))?;
            roots.push((path, bytes));
        }
    }
    roots.sort();
    Ok(roots)
}

/// Whole or not at all: half a root would be no protection against an old one.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), RootStateError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = fs::create_dir_all(folder)
        .and_then(|()| tempfile::NamedTempFile::new_in(folder))
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(path).map(drop).map_err(|error| error.error)
        });
    written.map_err(|source| RootStateError::Io {
        path: path.to_owned(),
        source,
    })
}
