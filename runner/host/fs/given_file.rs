//! A file that somebody names: a regular one, opened without waiting, read no further than a limit.
//!
//! A name on the command line, in a project or in a log may lead to anything: a FIFO that nobody ever
//! writes to, a device without an end, a device that acts when it is opened. Whoever reads by name
//! reads through here; `tests/architecture.rs` keeps it so.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

use rustix::fd::{AsFd as _, BorrowedFd};
use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, open as open_call, stat};
use rustix::io::Errno;

use super::beneath;

/// No honest bundle, policy, root, table of cases or configuration is larger.
pub const DOCUMENT: u64 = 16 << 20;

/// What is there, but is nothing to read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsuitable {
    /// A FIFO, a device, a socket.
    #[error("it is {0}, not a regular file; write what it holds to a file first")]
    Special(&'static str),
    /// A link, where a file of that folder is to be.
    #[error(
        "it is a symbolic link, which could lead to any file of yours; put the file itself there"
    )]
    Link,
    /// A link in place of a folder that leads there.
    #[error(
        "{0} is a symbolic link, which could lead to any folder of yours; put the folder itself there"
    )]
    Way(String),
    /// More than the reader can have a use for.
    #[error("it has more than {limit} bytes, and no honest file of its kind is as long")]
    TooLong {
        /// The most that is read.
        limit: u64,
    },
    /// Text was expected.
    #[error("it is not text: what follows byte {0} is not UTF-8")]
    NotText(usize),
}

/// Opens a regular file for reading; links that lead to one are followed.
pub fn open(path: &Path) -> io::Result<File> {
    // Looked at before it is opened: opening alone makes some devices act (a watchdog, a tape).
    regular(&stat(path)?)?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = open_call(path, flags, Mode::empty())?;
    // What counts is what was opened: the name may lead elsewhere by now.
    regular(&fstat(&file)?)?;
    Ok(File::from(file))
}

/// Opens a regular file below a folder, whose name no link may lead away from it.
pub fn open_beneath(folder: &Path, path: &str) -> io::Result<File> {
    open_below(open_folder(folder)?.as_fd(), path)
}

/// The same below a folder that is open.
pub fn open_below(folder: BorrowedFd<'_>, path: &str) -> io::Result<File> {
    let Some(seen) = look_below(folder, path)? else {
        return Err(Errno::NOENT.into());
    };
    own(&seen)?;
    let file = beneath::open_file(folder, path)?;
    regular(&fstat(&file)?)?;
    Ok(file)
}

/// Opens a regular file that only serves as a lock below a folder that is open, and makes it if need be.
pub fn open_lock_below(folder: BorrowedFd<'_>, path: &str) -> io::Result<File> {
    let seen = beneath::look(folder, path)?;
    seen.as_ref().map_or(Ok(()), own)?;
    let file = beneath::open_lock(folder, path)?;
    regular(&fstat(&file)?)?;
    Ok(File::from(file))
}

/// What lies below a folder that is open; a link on the way there is an error, and not the same as nothing.
pub fn look_below(folder: BorrowedFd<'_>, path: &str) -> io::Result<Option<Stat>> {
    let seen = beneath::look(folder, path)?;
    if seen.is_none() {
        check_way(folder, path)?;
    }
    Ok(seen)
}

/// Makes sure that no link leads to something below a folder, and that it is none itself.
pub fn check_way(folder: BorrowedFd<'_>, path: &str) -> io::Result<()> {
    match link_on_way(folder, path)? {
        Some(link) => Err(is_link_on_way(&link)),
        None => Ok(()),
    }
}

/// The refusal of a link that leads to something.
pub fn is_link_on_way(link: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, Unsuitable::Way(link.to_owned()))
}

/// The first link on the way to something below a folder, the last part of the path among them.
pub fn link_on_way(folder: BorrowedFd<'_>, path: &str) -> io::Result<Option<String>> {
    let ends = path.match_indices('/').map(|(at, _)| at);
    for end in ends.chain([path.len()]) {
        let part = &path[..end];
        let seen = beneath::look(folder, part)?;
        match seen.map(|seen| FileType::from_raw_mode(seen.st_mode)) {
            Some(FileType::Symlink) => return Ok(Some(part.to_owned())),
            Some(_) => {}
            None => return Ok(None),
        }
    }
    Ok(None)
}

fn own(seen: &Stat) -> io::Result<()> {
    if FileType::from_raw_mode(seen.st_mode) == FileType::Symlink {
        return Err(io::Error::new(ErrorKind::InvalidInput, Unsuitable::Link));
    }
    regular(seen)
}

/// Opens a folder.
pub fn open_folder(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(File::from(open_call(path, flags, Mode::empty())?))
}

/// The bytes of a file of at most so many.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    rest(open(path)?, limit)
}

/// The same of a file below a folder, as [`open_beneath`] opens it.
pub fn read_beneath(folder: &Path, path: &str, limit: u64) -> io::Result<Vec<u8>> {
    rest(open_beneath(folder, path)?, limit)
}

/// The same of a file below a folder that is open.
pub fn read_below(folder: BorrowedFd<'_>, path: &str, limit: u64) -> io::Result<Vec<u8>> {
    rest(open_below(folder, path)?, limit)
}

/// The same as text.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    text(read(path, limit)?)
}

/// The same of a file below a folder, as [`open_beneath`] opens it.
pub fn read_text_beneath(folder: &Path, path: &str, limit: u64) -> io::Result<String> {
    text(read_beneath(folder, path, limit)?)
}

/// The bytes of a file up to one more than the limit, for readers that refuse the rest by a code of
/// their own.
pub fn read_start(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    // A guess that saves reading in small pieces; what the file really holds is what is read.
    let length = file.metadata()?.len().min(limit);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
    file.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let before = error.utf8_error().valid_up_to();
        io::Error::new(ErrorKind::InvalidData, Unsuitable::NotText(before))
    })
}

fn rest(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let too_long = || io::Error::new(ErrorKind::FileTooLarge, Unsuitable::TooLong { limit });
    let length = file.metadata()?.len();
    if length > limit {
        return Err(too_long());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
    let read = file.take(limit + 1).read_to_end(&mut bytes)?;
    if read as u64 > limit {
        return Err(too_long());
    }
    Ok(bytes)
}

fn regular(stat: &Stat) -> io::Result<()> {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Directory => return Err(Errno::ISDIR.into()),
        FileType::Fifo => "a FIFO",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        FileType::Socket => "a socket",
        FileType::Symlink | FileType::Unknown => "something else",
    };
    Err(io::Error::new(
        ErrorKind::InvalidInput,
        Unsuitable::Special(kind),
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use rustix::fs::{CWD, mknodat};

    use super::*;

    #[test]
    fn what_is_no_regular_file_is_named_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        mknodat(CWD, at("fifo"), FileType::Fifo, Mode::RWXU, 0).unwrap();
        let _listens = UnixListener::bind(at("socket")).unwrap();
        for (name, to) in [("zero", "/dev/zero"), ("linked", "fifo")] {
            symlink(to, at(name)).unwrap();
        }
        for (name, kind) in [
            ("fifo", "a FIFO"),
            ("linked", "a FIFO"),
            ("zero", "a device"),
            ("socket", "a socket"),
        ] {
            let error = read(&at(name), 10).unwrap_err().to_string();
            assert!(error.starts_with(&format!("it is {kind}, not")), "{error}");
        }
        let error = open(folder.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IsADirectory);
        let error = open(&at("none")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }

    #[test]
    fn a_limit_is_the_last_length_that_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "12345").unwrap();
        assert_eq!(read(&file, 5).unwrap(), b"12345");
        let error = read(&file, 4).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert!(error.to_string().contains("more than 4 bytes"), "{error}");
        assert_eq!(read_start(&file, 2).unwrap(), b"123");
        // Files of the kernel say that they are empty.
        let error = read(Path::new("/proc/self/mountinfo"), 8).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
    }

    #[test]
    fn text_is_text() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, b"ab\xff").unwrap();
        let error = read_text(&file, 10).unwrap_err().to_string();
        assert!(error.contains("follows byte 2"), "{error}");
        fs::write(&file, "ä").unwrap();
        assert_eq!(read_text(&file, 10).unwrap(), "ä");
    }

    #[test]
    fn below_a_folder_no_link_leads_away() {
        let scene = tempfile::tempdir().unwrap();
        let folder = scene.path().join("recipe");
        fs::create_dir_all(folder.join("sub")).unwrap();
        fs::write(scene.path().join("secret"), "s").unwrap();
        fs::write(folder.join("sub/patch"), "p").unwrap();
        symlink("../secret", folder.join("out")).unwrap();
        symlink("..", folder.join("above")).unwrap();
        assert_eq!(read_beneath(&folder, "sub/patch", 10).unwrap(), b"p");
        for (path, why) in [
            ("out", "it is a symbolic link"),
            ("above/secret", "above is a symbolic link"),
            ("above", "it is a symbolic link"),
            ("sub/none", "No such file"),
            ("../secret", "cross-device"),
            ("/etc/passwd", "cross-device"),
        ] {
            let error = read_beneath(&folder, path, 1 << 20).unwrap_err();
            let said = error.to_string().to_lowercase();
            assert!(
                said.starts_with(&why.to_lowercase()) || said.contains(why),
                "{path}: {said}"
            );
        }
    }
}
