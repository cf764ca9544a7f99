//! The newest trust root that was ever used here: an older one is refused from then on.

use std::fs;
use std::path::{Path, PathBuf};

use zwieback_attest::reason::{Reason, Refusal};
use zwieback_attest::trust_root::TrustRoot;
use zwieback_host::dirs::Dirs;
use zwieback_host::fs::given_file::{self, DOCUMENT};
use zwieback_host::fs::replace::{Synced, WholeFile};

use super::root_memory::{Line, Memory, RootFile, RootStateError};

/// Opens a root in a file that is at least as new as the last one of its line, and remembers it.
///
/// All of a line is kept: after a rotation the newest root shares no key with the oldest, and an older one must
/// still be known for what it is. Beside the file those may lie that it replaced. They lead to it from the one that
/// was met last, and are remembered as far as each was succeeded by the next: roots that name no line are known
/// by that alone, after all keepers were replaced.
pub fn open_at(dirs: &Dirs, path: &Path, file: &[u8]) -> Result<TrustRoot, RootStateError> {
    let file = RootFile::open(file)?;
    open_held(&Memory::hold(dirs)?, path, &file)
}

/// The same with the memory held.
pub(crate) fn open_held(
    memory: &Memory,
    path: &Path,
    file: &RootFile,
) -> Result<TrustRoot, RootStateError> {
    let mut line = Line::of(memory, file.clone())?;
    if let Err(refusal) = line.check() {
        catch_up(memory, path, &line, &refusal)?;
        line = Line::of(memory, file.clone())?;
        line.check()?;
    }
    line.remember()?;
    let mut newer = line.root().clone();
    for version in (1..line.root().version()).rev() {
        match beside(path, version) {
            Some(older) if older.precedes(&newer) => {
                line.remember_older(&older)?;
                newer = older;
            }
            _ => break,
        }
    }
    Ok(line.into_root())
}

/// Remembers a root that is in force by a log, whose own chain has led to it; one that is older than what was met
/// of its line, by whichever command, is refused.
pub fn in_force(dirs: &Dirs, file: &[u8]) -> Result<(), RootStateError> {
    let file = RootFile::open(file)?;
    let memory = Memory::hold(dirs)?;
    let line = Line::of(&memory, file)?;
    line.check_certain()?;
    line.remember()
}

/// Takes the versions between the one that was met last and one that does not follow it at once.
fn catch_up(
    memory: &Memory,
    path: &Path,
    line: &Line<'_>,
    refusal: &Refusal,
) -> Result<(), RootStateError> {
    let newest = line.newest().filter(|_| refusal.reason == Reason::RootGap);
    let newest = newest.ok_or_else(|| refusal.clone())?;
    for version in newest + 1..line.root().version() {
        let between = beside(path, version).ok_or_else(|| refusal.clone())?;
        let between = Line::of(memory, between)?;
        between.check().map_err(|_| refusal.clone())?;
        between.remember()?;
    }
    Ok(())
}

/// A root that was replaced by that in a file, and lies beside it.
fn beside(path: &Path, version: i64) -> Option<RootFile> {
    let bytes = given_file::read(&replaced(path, version), DOCUMENT).ok()?;
    RootFile::open(&bytes).ok()
}

/// Where a root of that version lies that was replaced.
pub(crate) fn replaced(path: &Path, version: i64) -> PathBuf {
    let mut kept = path.as_os_str().to_owned();
    kept.push(format!(".v{version}"));
    kept.into()
}

/// Puts a root or a policy beside the others of a project. Whole or not at all: half a root would be no protection against an old one.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), RootStateError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // Roots and policies are for everyone to read.
    let file = WholeFile::of_mode(0o644).synced(Synced::File);
    let written = fs::create_dir_all(folder).and_then(|()| Ok(file.write(path, bytes)?));
    written.map_err(|source| RootStateError::Io {
        path: path.to_owned(),
        source,
    })
}
