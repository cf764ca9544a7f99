//! What lies in a folder that anybody may have made: kinds, modes and, where somebody asks, digests.

use std::fs::File;
use std::io::Read as _;

use rustix::fd::BorrowedFd;
use rustix::fs::fgetxattr;
use rustix::io::Errno;
use zwieback_attest::folder::{Folder, Present};
use zwieback_model::digest::{Digest, Sha256};
use zwieback_sandbox::call::Attempt as _;

use crate::fs::folder_walk::{Bounds, FolderEntry, FolderError, Kind, walk_folder};
use crate::fs::walk::Next;

const PIECE: usize = 256 << 10;
/// Where a file's capabilities are kept (capabilities(7)).
const CAPABILITIES: &str = "security.capability";

/// What is asked about a folder. Nothing else of it is read.
pub trait Asks {
    /// Whether the digest of a file matters, by its path and length.
    fn file(&self, path: &[u8], length: u64) -> bool;

    /// Whether it matters what lies in a directory.
    fn directory(&self, path: &[u8]) -> bool;
}

/// Reads what lies below a folder. Nothing is opened but the regular files that are asked for, one at a
/// time, and of these no more than the length that they had.
pub fn read(folder: BorrowedFd<'_>, asks: &dyn Asks) -> Result<Folder, FolderError> {
    let mut content = Folder::new();
    let mut piece = vec![0; PIECE];
    walk_folder(folder, &Bounds::default(), |entry| {
        let present = match &entry.kind {
            Kind::File => file(entry, asks, &mut piece)?,
            Kind::Directory => Present::Directory,
            Kind::Symlink { target } => Present::Symlink {
                target: target.clone(),
            },
            other => Present::Other(word(other)),
        };
        content.insert(entry.path.to_vec(), present);
        let is_inside = entry.kind == Kind::Directory && asks.directory(entry.path);
        let next = if is_inside {
            Next::Inside
        } else {
            Next::Beside
        };
        Ok::<_, FolderError>(next)
    })?;
    Ok(content)
}

fn file(
    entry: &FolderEntry<'_>,
    asks: &dyn Asks,
    piece: &mut [u8],
) -> Result<Present, FolderError> {
    let mut present = Present::File {
        sha256: None,
        mode: entry.mode,
        capable: false,
    };
    if asks.file(entry.path, entry.stamp.size) {
        let open = entry.open()?;
        present = Present::File {
            sha256: digest(&open, entry, piece)?,
            mode: entry.mode,
            capable: is_capable(&open, entry)?,
        };
    }
    Ok(present)
}

/// The digest, if the file has kept its length.
fn digest(
    file: &File,
    entry: &FolderEntry<'_>,
    piece: &mut [u8],
) -> Result<Option<Digest>, FolderError> {
    let length = entry.stamp.size;
    let mut capped = file.take(length.saturating_add(1));
    let (mut sha256, mut read) = (Sha256::default(), 0);
    loop {
        match capped.read(piece).attempt("read", entry.path)? {
            0 => return Ok((read == length).then(|| sha256.finish())),
            count => {
                sha256.update(&piece[..count]);
                read += count as u64;
            }
        }
    }
}

fn is_capable(file: &File, entry: &FolderEntry<'_>) -> Result<bool, FolderError> {
    // Without room for the value the call tells only whether there is one.
    match fgetxattr(file, CAPABILITIES, &mut [0_u8; 0][..]) {
        Ok(_) => Ok(true),
        Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(false),
        Err(errno) => Err(errno).attempt("fgetxattr", entry.path)?,
    }
}

fn word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Fifo => "a FIFO",
        Kind::Socket => "a socket",
        Kind::Device => "a device",
        _ => "something unknown",
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io::Write as _;
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::symlink;
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::fs::folder_walk::open_folder;

    /// Asks for `wanted` alone, and lets somebody write to `grows` just before it is read.
    struct Wanted {
        grows: Option<PathBuf>,
        asked: RefCell<Vec<String>>,
    }

    impl Asks for Wanted {
        fn file(&self, path: &[u8], length: u64) -> bool {
            let path = String::from_utf8_lossy(path);
            self.asked.borrow_mut().push(format!("{path} {length}"));
            if let Some(grows) = &self.grows {
                let file = std::fs::OpenOptions::new().append(true).open(grows);
                file.unwrap().write_all(b"more").unwrap();
            }
            path.ends_with("wanted")
        }

        fn directory(&self, path: &[u8]) -> bool {
            path == b"in"
        }
    }

    fn look(folder: &Path, grows: Option<PathBuf>) -> (Folder, Vec<String>) {
        let asked = RefCell::default();
        let asks = Wanted { grows, asked };
        let content = read(open_folder(folder).unwrap().as_fd(), &asks).unwrap();
        (content, asks.asked.into_inner())
    }

    fn file(sha256: Option<Digest>) -> Present {
        Present::File {
            sha256,
            mode: 0o644,
            capable: false,
        }
    }

    fn write(path: &Path, bytes: &[u8]) {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::write(path, bytes).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    }

    #[test]
    fn only_what_is_asked_for_is_read() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |path: &str| scratch.path().join(path);
        std::fs::create_dir_all(at("in")).unwrap();
        std::fs::create_dir_all(at("out")).unwrap();
        write(&at("in/wanted"), b"bytes");
        write(&at("in/other"), b"other");
        write(&at("out/wanted"), b"never seen");
        symlink("/etc/passwd", at("wanted")).unwrap();
        let (content, asked) = look(scratch.path(), None);
        assert_eq!(asked, ["in/other 5", "in/wanted 5"]);
        let target = b"/etc/passwd".to_vec();
        let expected = [
            ("in", Present::Directory),
            ("in/other", file(None)),
            ("in/wanted", file(Some(Digest::sha256(b"bytes")))),
            ("out", Present::Directory),
            ("wanted", Present::Symlink { target }),
        ];
        let expected = expected.map(|(path, present)| (path.as_bytes().to_vec(), present));
        assert_eq!(content, Folder::from(expected));
    }

    #[test]
    fn a_file_that_grows_while_it_is_read_has_no_digest() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("wanted");
        write(&path, b"bytes");
        let (content, _) = look(scratch.path(), Some(path));
        assert_eq!(content[&b"wanted"[..]], file(None));
    }
}
