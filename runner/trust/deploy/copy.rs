//! Copying a file while its digest is taken: what was checked is the copy, not a name.

use std::fs::{File, Permissions};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::os::fd::BorrowedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use zwieback_host::fs::beneath::{create_file, ensure_dir, make_dir};
use zwieback_model::digest::{Digest, Fingerprint, Hasher};
use zwieback_sandbox::call::{Attempt as _, CallError};

use super::error::TargetError;
use super::home::Home;
use super::staged::{STAGED, Staged};
use crate::reason::{Reason, Refusal};

const CHUNK: usize = 128 << 10;

/// The digests of an open file, from its start.
pub fn fingerprint(file: &File) -> Result<Fingerprint, CallError> {
    read_through(file, |_| Ok(()))
}

/// Copies a file into a folder of its own in the target's, where only its owner writes.
pub(super) fn stage(
    path: &Path,
    source: &File,
    artifact: Digest,
    name: &str,
) -> Result<Staged, TargetError> {
    let home = Home::make(path)?;
    let staged = Staged::new(path, artifact, name);
    let folder = staged.place();
    home.discard(&folder)?;
    ensure_dir(home.dir(), STAGED)?;
    make_dir(home.dir(), &folder)?;
    match copy(source, home.dir(), &staged.file(), artifact) {
        Ok(()) => {
            home.sync(&folder)?;
            home.sync(STAGED)?;
            Ok(staged)
        }
        Err(error) => {
            home.discard(&folder)?;
            Err(error)
        }
    }
}

/// Copies the bytes and refuses any others than those of the digest.
pub(super) fn copy(
    source: &File,
    into: BorrowedFd<'_>,
    to: &str,
    artifact: Digest,
) -> Result<(), TargetError> {
    let mut copy = create_file(into, to)?;
    let print = read_through(source, |chunk| copy.write_all(chunk).attempt("write", to))?;
    if print.sha256 != artifact {
        let saw = format!("{} in place of {}", print.sha256.short(), artifact.short());
        return Err(Refusal::new(Reason::FileSwapped, saw).into());
    }
    let mode = source.metadata().attempt("fstat", to)?.permissions().mode();
    let mode = if mode & 0o111 == 0 { 0o644 } else { 0o755 };
    let mode = copy.set_permissions(Permissions::from_mode(mode));
    mode.attempt("fchmod", to)?;
    Ok(copy.sync_all().attempt("fsync", to)?)
}

/// Removes everything that waits to be deployed.
pub fn discard_staged(path: &Path) -> Result<(), TargetError> {
    match Home::open(path)? {
        Some(home) => Ok(home.discard(STAGED)?),
        None => Ok(()),
    }
}

/// Removes a copy that is not deployed after all.
pub fn discard(path: &Path, staged: &Staged) -> Result<(), TargetError> {
    Ok(Home::make(path)?.discard(&staged.place())?)
}

fn read_through(
    mut file: &File,
    mut each: impl FnMut(&[u8]) -> Result<(), CallError>,
) -> Result<Fingerprint, CallError> {
    file.rewind().attempt("lseek", "the artifact")?;
    let (mut hasher, mut buffer) = (Hasher::default(), vec![0; CHUNK]);
    loop {
        let length = match file.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            length => length.attempt("read", "the artifact")?,
        };
        if length == 0 {
            return Ok(hasher.finish());
        }
        hasher.update(&buffer[..length]);
        each(&buffer[..length])?;
    }
}
