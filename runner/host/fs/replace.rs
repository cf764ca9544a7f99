//! Putting a file in the place of another, in a folder that may be anybody's.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Writes the bytes to a new file beside `path` and renames it there: nobody sees half of it.
///
/// The name beside is drawn and the file is made with `O_EXCL`, so that a link which lies there already
/// leads nowhere; a link at `path` itself is replaced and not followed. A device, a FIFO or a folder is left
/// alone, also at the end of a link: `/dev/null` stays what it is.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_with(path, |file| file.write_all(bytes))?
}

/// The same for what comes piece by piece; what cannot be filled is put nowhere.
pub fn replace_with<T, E>(
    path: &Path,
    fill: impl FnOnce(&mut File) -> Result<T, E>,
) -> io::Result<Result<T, E>> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => {
            let why = "something is there that is no file";
            return Err(io::Error::new(ErrorKind::AlreadyExists, why));
        }
        // A link that leads nowhere is a name like any other.
        _ => {}
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut beside = tempfile::Builder::new()
        .prefix(".zwieback.")
        .tempfile_in(folder)?;
    let filled = match fill(beside.as_file_mut()) {
        Ok(filled) => filled,
        Err(error) => return Ok(Err(error)),
    };
    beside
        .as_file()
        .set_permissions(Permissions::from_mode(0o644))?;
    beside.persist(path).map_err(|failed| failed.error)?;
    Ok(Ok(filled))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn no_link_in_the_folder_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("own"), "kept").unwrap();
        symlink(at("own"), at("zwieback.lock")).unwrap();
        for number in 0..100 {
            symlink(at("own"), at(&format!(".zwieback.lock.{number}"))).unwrap();
        }
        replace(&at("zwieback.lock"), b"new").unwrap();
        assert_eq!(fs::read_to_string(at("own")).unwrap(), "kept");
        assert_eq!(fs::read_to_string(at("zwieback.lock")).unwrap(), "new");
        assert!(!at("zwieback.lock").is_symlink());
    }

    #[test]
    fn what_is_no_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("out");
        symlink("/dev/null", &link).unwrap();
        replace(&link, b"new").unwrap_err();
        assert!(link.is_symlink());
        replace(folder.path(), b"new").unwrap_err();
        replace(&folder.path().join("absent/out"), b"new").unwrap_err();
    }
}
