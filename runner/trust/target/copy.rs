//! Copying a file while its digest is taken: what was checked is the copy, not a name.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use zwieback_core::digest::{Digest, Fingerprint, Hasher};
use zwieback_host::fs::fault::{Attempt as _, Fault};

use super::error::TargetError;
use super::staged::Staged;
use crate::log::files::{bytes, sync_folder};
use crate::reason::{Reason, Refusal};

const CHUNK: usize = 128 << 10;

/// The digests of an open file, from its start.
pub fn fingerprint(file: &File) -> Result<Fingerprint, Fault> {
    read_through(file, |_| Ok(()))
}

/// Copies a file into a folder of its own below `home`, where only its owner writes.
pub(super) fn stage(
    home: &Path,
    source: &File,
    artifact: Digest,
    name: &str,
) -> Result<Staged, TargetError> {
    let folder = home.join(artifact.to_hex());
    discard(&folder)?;
    fs::create_dir_all(home).attempt("mkdir", bytes(home))?;
    let made = DirBuilder::new().mode(0o755).create(&folder);
    made.attempt("mkdir", bytes(&folder))?;
    let staged = Staged {
        path: folder.clone(),
        artifact,
        name: name.to_owned(),
    };
    match copy(source, &folder.join(name), artifact) {
        Ok(()) => {
            sync_folder(&folder)?;
            sync_folder(home)?;
            Ok(staged)
        }
        Err(error) => {
            discard(&folder)?;
            Err(error)
        }
    }
}

/// Copies the bytes and refuses any others than those of the digest.
pub(super) fn copy(source: &File, to: &Path, artifact: Digest) -> Result<(), TargetError> {
    let mut open = OpenOptions::new();
    let open = open.write(true).create_new(true).mode(0o600);
    let mut copy = open.open(to).attempt("open", bytes(to))?;
    let print = read_through(source, |chunk| {
        copy.write_all(chunk).attempt("write", bytes(to))
    })?;
    if print.sha256 != artifact {
        let saw = format!("{} in place of {}", print.sha256.short(), artifact.short());
        return Err(Refusal::new(Reason::FileSwapped, saw).into());
    }
    let mode = source
        .metadata()
        .attempt("fstat", bytes(to))?
        .permissions()
        .mode();
    let mode = if mode & 0o111 == 0 { 0o644 } else { 0o755 };
    let mode = copy.set_permissions(Permissions::from_mode(mode));
    mode.attempt("fchmod", bytes(to))?;
    Ok(copy.sync_all().attempt("fsync", bytes(to))?)
}

/// Removes a folder that may not be there.
pub fn discard(folder: &Path) -> Result<(), Fault> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).attempt("rmdir", bytes(folder))
        }
        _ => Ok(()),
    }
}

fn read_through(
    mut file: &File,
    mut each: impl FnMut(&[u8]) -> Result<(), Fault>,
) -> Result<Fingerprint, Fault> {
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
