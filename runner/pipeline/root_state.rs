//! The newest trust root that was ever used here: an older one is refused from then on.

use std::fs::{self, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use zwieback_core::attest::reason::Refusal;
use zwieback_core::attest::root_chain;
use zwieback_core::attest::trust_root::TrustRoot;
use zwieback_core::digest::Digest;
use zwieback_host::dirs::Dirs;
use zwieback_host::fs::given_file::{self, DOCUMENT};
use zwieback_host::fs::private;

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
/// A line is a chain of roots. All of it is kept: after a rotation the newest root shares no key with
/// the oldest, and an older one must still be known for what it is.
pub fn open(dirs: &Dirs, file: &[u8]) -> Result<TrustRoot, RootStateError> {
    let root = root_chain::open(file)?;
    let folder = dirs.state.join("roots");
    private::make_folder(&folder).map_err(failed(&folder))?;
    for line in entries(&folder)? {
        let chain = chain(&line)?;
        let Some((newest, bytes)) = chain.last() else {
            continue;
        };
        if bytes == file {
            return Ok(root);
        }
        match root_chain::succeed(newest, file) {
            Ok(root) => {
                remember(&place(&line, &root), file)?;
                return Ok(root);
            }
            Err(refusal) if chain.iter().any(|(past, _)| is_kin(past, &root)) => {
                return Err(refusal.into());
            }
            Err(_) => {}
        }
    }
    let line = folder.join(Digest::sha256(file).to_hex());
    remember(&place(&line, &root), file)?;
    Ok(root)
}

/// The same of a root in a file, beside which those may lie that it replaced. They are remembered as far as
/// each was succeeded by the next: after all keepers were replaced, nothing else tells an older root.
pub fn open_at(dirs: &Dirs, path: &Path, file: &[u8]) -> Result<TrustRoot, RootStateError> {
    let root = open(dirs, file)?;
    let line = line_of(dirs, &root)?;
    let mut newer = file.to_vec();
    for version in (1..root.version).rev() {
        let beside = replaced(path, version);
        let Ok(bytes) = given_file::read(&beside, DOCUMENT) else {
            break;
        };
        let Ok(older) = root_chain::open(&bytes) else {
            break;
        };
        if root_chain::succeed(&older, &newer).is_err() {
            break;
        }
        if !line.roots.contains(&older) {
            remember(&place(&line.folder, &older), &bytes)?;
        }
        newer = bytes;
    }
    Ok(root)
}

/// Where a root of that version lies that was replaced.
pub(super) fn replaced(path: &Path, version: i64) -> PathBuf {
    let mut kept = path.as_os_str().to_owned();
    kept.push(format!(".v{version}"));
    kept.into()
}

/// The folder of the line that a root is of, which has been opened here before, and the line's roots.
pub(super) fn line_of(dirs: &Dirs, root: &TrustRoot) -> Result<Line, RootStateError> {
    let folder = dirs.state.join("roots");
    for line in entries(&folder)? {
        let roots = remembered(&line)?;
        if roots.contains(root) {
            return Ok(Line {
                folder: line,
                roots,
            });
        }
    }
    let missing = std::io::Error::new(ErrorKind::NotFound, "the trust root is not remembered");
    Err(failed(&folder)(missing))
}

/// The roots of a line, which counted when they were remembered.
fn remembered(line: &Path) -> Result<Vec<TrustRoot>, RootStateError> {
    let read = |path: &PathBuf| -> Result<_, RootStateError> {
        let bytes = given_file::read(path, DOCUMENT).map_err(failed(path))?;
        Ok(root_chain::read(&bytes)?.1)
    };
    let files = entries(line)?;
    let roots = files
        .iter()
        .filter(|path| path.extension().is_some_and(|it| it == "json"));
    roots.map(read).collect()
}

/// All the roots that followed each other and were met here: whoever keeps them, one line.
#[derive(Debug)]
pub(super) struct Line {
    /// What else is remembered of the line lies here too.
    pub(super) folder: PathBuf,
    /// The roots.
    pub(super) roots: Vec<TrustRoot>,
}

/// Whether both are of one line: a keeper of one is known to the other. A rotated key stays among
/// the builders it spoke for, so that a version that was left out is seen as well.
fn is_kin(one: &TrustRoot, other: &TrustRoot) -> bool {
    knows_keeper(one, other) || knows_keeper(other, one)
}

fn knows_keeper(root: &TrustRoot, other: &TrustRoot) -> bool {
    let builders = root.builders.iter().map(|entry| &entry.key);
    let mut known = root.quorum.keys.iter().chain(builders);
    known.any(|key| other.quorum.keys.contains(key))
}

fn place(line: &Path, root: &TrustRoot) -> PathBuf {
    line.join(format!("{}.json", root.version))
}

/// The roots of a line, the newest last.
fn chain(line: &Path) -> Result<Vec<(TrustRoot, Vec<u8>)>, RootStateError> {
    let read = |path: &PathBuf| -> Result<_, RootStateError> {
        let bytes = given_file::read(path, DOCUMENT).map_err(failed(path))?;
        Ok((root_chain::open(&bytes)?, bytes))
    };
    let files = entries(line)?;
    let roots = files
        .iter()
        .filter(|it| it.extension().is_some_and(|it| it == "json"));
    let mut chain = roots.map(read).collect::<Result<Vec<_>, _>>()?;
    chain.sort_by_key(|(root, _)| root.version);
    Ok(chain)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, RootStateError> {
    let entries = match folder.read_dir() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed(folder))?,
    };
    let path = |entry: std::io::Result<fs::DirEntry>| Ok(entry.map_err(failed(folder))?.path());
    entries.map(path).collect()
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> RootStateError {
    let path = path.to_owned();
    move |source| RootStateError::Io { path, source }
}

/// Puts what was met into the memory, which is this user's alone.
pub(super) fn remember(path: &Path, bytes: &[u8]) -> Result<(), RootStateError> {
    private::write(path, bytes).map_err(failed(path))
}

/// Puts a root or a policy beside the others of a project. Whole or not at all: half a root would be no protection against an old one.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), RootStateError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = fs::create_dir_all(folder)
        .and_then(|()| {
            // Roots and policies are for everyone to read; a temporary file alone would be private.
            let mode = Permissions::from_mode(0o644);
            tempfile::Builder::new()
                .permissions(mode)
                .tempfile_in(folder)
        })
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
