//! The place of a folder that is made beside it, out of sight, and put there whole.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, RenameFlags, StatxAttributes, StatxFlags, fchmod, fstat,
    fsync, mkdirat, openat, renameat, renameat_with, statat, statx, symlinkat, syncfs, unlinkat,
};
use rustix::io::Errno;
use zwieback_sandbox::call::{Attempt as _, CallError};

use crate::fs::remove::remove_tree;

/// So many names are tried before it is given up to find a free one.
const TRIES: u32 = 1000;

/// A name in a directory. The way to the directory is its user's own and may lead through links; the name
/// itself is never followed.
#[derive(Debug)]
pub struct Site {
    path: PathBuf,
    parent: OwnedFd,
    name: OsString,
}

/// What lies at a place.
#[derive(Debug)]
pub enum There {
    /// Nothing.
    Nothing,
    /// A folder.
    Folder(OwnedFd),
    /// A symbolic link.
    Link,
    /// Something that is neither.
    Other,
}

/// How a folder came to its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// In one step: whoever looks sees the old folder or the new one.
    AtOnce,
    /// In two: for a moment, nothing was there.
    InTwoSteps,
    /// Not at all: the old folder is no longer what it was.
    Changed,
}

/// A folder under a name of its own beside its place, readable by its owner alone; what is not put in its
/// place is removed.
#[derive(Debug)]
pub struct Fresh<'s> {
    site: &'s Site,
    name: String,
    dir: OwnedFd,
    mode: u32,
}

impl Site {
    /// The place of that path. The directories above it are made where they are missing.
    pub fn of(path: &Path) -> std::io::Result<Self> {
        let mut whole = std::path::absolute(path)?;
        if whole.file_name().is_none() {
            // `/`, or a path that ends in `..`: the directory has a name all the same, or it is the root.
            whole = whole.canonicalize()?;
        }
        let (Some(parent), Some(name)) = (whole.parent(), whole.file_name()) else {
            return Err(Errno::BUSY.into());
        };
        fs::create_dir_all(parent)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self {
            path: path.to_owned(),
            parent: openat(CWD, parent, flags, Mode::empty())?,
            name: name.to_owned(),
        })
    }

    /// The place beside it whose name is longer by `ending`.
    pub fn beside(&self, ending: &str) -> std::io::Result<Self> {
        let name = self.path.file_name().unwrap_or(&self.name);
        Ok(Self {
            path: self.path.with_file_name(joined(name, ending)),
            parent: self.parent.try_clone()?,
            name: joined(&self.name, ending),
        })
    }

    /// The path as its user gave it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What lies there.
    pub fn look(&self) -> Result<There, CallError> {
        let stat = match statat(&self.parent, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(There::Nothing),
            stat => stat.attempt("fstatat", self.shown())?,
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let dir = openat(&self.parent, &self.name, flags, Mode::empty());
                Ok(There::Folder(dir.attempt("openat", self.shown())?))
            }
            FileType::Symlink => Ok(There::Link),
            _ => Ok(There::Other),
        }
    }

    /// Whether another file system, or another part of one, is mounted there.
    pub fn is_mount(&self) -> bool {
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        let stat = statx(&self.parent, &self.name, flags, StatxFlags::empty());
        let mount = StatxAttributes::MOUNT_ROOT;
        stat.is_ok_and(|stat| stat.stx_attributes.contains(mount))
    }

    /// A folder that will be put there, with the mode of the one that is there, or the user's usual one.
    pub fn fresh(&self) -> Result<Fresh<'_>, CallError> {
        let name = self.vacant(|name| mkdirat(&self.parent, name, Mode::from_raw_mode(0o777)))?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let dir = openat(&self.parent, &name, flags, Mode::empty()).attempt("openat", &name)?;
        // The umask has its say, but nobody else writes to it, whatever the umask is.
        let made = fstat(&dir).attempt("fstat", &name)?.st_mode & 0o7755;
        let mode = match self.look()? {
            There::Folder(old) => fstat(&old).attempt("fstat", self.shown())?.st_mode & 0o7777,
            _ => made,
        };
        fchmod(&dir, Mode::RWXU).attempt("fchmod", &name)?;
        let site = self;
        Ok(Fresh {
            site,
            name,
            dir,
            mode,
        })
    }

    /// Puts a link in the place of the link that is there.
    pub fn replace_link(&self, target: &Path) -> Result<(), CallError> {
        let name = self.vacant(|name| symlinkat(target, &self.parent, name))?;
        let put = renameat(&self.parent, &name, &self.parent, &self.name);
        if put.is_err() {
            unlinkat(&self.parent, &name, AtFlags::empty()).ok();
        }
        put.attempt("renameat", self.shown())
    }

    /// Removes the folder that is there.
    pub fn clear(&self) -> Result<(), CallError> {
        let aside = self.move_aside()?;
        remove_tree(self.parent.as_fd(), &aside)
    }

    fn move_aside(&self) -> Result<String, CallError> {
        let no_other = RenameFlags::NOREPLACE;
        self.vacant(|aside| {
            match renameat_with(&self.parent, &self.name, &self.parent, aside, no_other) {
                Err(Errno::INVAL | Errno::NOSYS) => {
                    renameat(&self.parent, &self.name, &self.parent, aside)
                }
                moved => moved,
            }
        })
    }

    /// Does something under a name that is free beside the place.
    fn vacant(&self, make: impl Fn(&str) -> rustix::io::Result<()>) -> Result<String, CallError> {
        for number in 0..TRIES {
            let name = format!(".zwieback-{}-{number}", std::process::id());
            match make(&name) {
                Err(Errno::EXIST | Errno::NOTEMPTY) => {}
                made => return made.attempt("mkdirat", self.shown()).map(|()| name),
            }
        }
        Err(Errno::EXIST).attempt("mkdirat", self.shown())
    }

    fn shown(&self) -> &[u8] {
        self.path.as_os_str().as_encoded_bytes()
    }
}

impl Fresh<'_> {
    /// The folder.
    pub fn dir(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }

    /// Puts the folder where nothing is, or an empty folder. Whatever came there meanwhile is an error.
    pub fn put(self) -> Result<(), CallError> {
        self.dress()?;
        let (parent, site) = (&self.site.parent, self.site);
        renameat(parent, &self.name, parent, &site.name).attempt("renameat", site.shown())?;
        self.keep();
        Ok(())
    }

    /// Puts the folder in the place of `old`, which is removed if it still is what it was: that is asked
    /// when it is out of everybody's way.
    pub fn exchange(
        self,
        old: BorrowedFd<'_>,
        is_as_it_was: impl Fn() -> bool,
    ) -> Result<Put, CallError> {
        self.exchange_by(old, is_as_it_was, |parent, fresh, name| {
            renameat_with(parent, fresh, parent, name, RenameFlags::EXCHANGE)
        })
    }

    fn exchange_by(
        self,
        old: BorrowedFd<'_>,
        is_as_it_was: impl Fn() -> bool,
        exchange: impl Fn(&OwnedFd, &OsStr, &OsStr) -> rustix::io::Result<()>,
    ) -> Result<Put, CallError> {
        self.dress()?;
        // What replaces something must not be empty after a loss of power.
        syncfs(&self.dir).attempt("syncfs", &self.name)?;
        let (site, parent) = (self.site, &self.site.parent);
        let swap = || exchange(parent, OsStr::new(&self.name), &site.name);
        let (put, aside) = match swap() {
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                let aside = site.move_aside()?;
                let put = renameat(parent, &self.name, parent, &site.name);
                if put.is_err() {
                    renameat(parent, &aside, parent, &site.name).ok();
                }
                put.attempt("renameat", site.shown())?;
                (Put::InTwoSteps, aside)
            }
            swapped => {
                swapped.attempt("renameat2", site.shown())?;
                (Put::AtOnce, self.name.clone())
            }
        };
        if !(is_same(parent, &aside, old) && is_as_it_was()) {
            // The new folder goes, the old one comes back.
            if put == Put::AtOnce {
                swap().attempt("renameat2", site.shown())?;
                return Ok(Put::Changed);
            }
            renameat(parent, &site.name, parent, &self.name).attempt("renameat", &self.name)?;
            renameat(parent, &aside, parent, &site.name).attempt("renameat", site.shown())?;
            return Ok(Put::Changed);
        }
        self.keep();
        fsync(parent).attempt("fsync", site.shown())?;
        remove_tree(parent.as_fd(), &aside)?;
        Ok(put)
    }

    fn dress(&self) -> Result<(), CallError> {
        fchmod(&self.dir, Mode::from_raw_mode(self.mode)).attempt("fchmod", &self.name)
    }

    fn keep(mut self) {
        self.name.clear();
    }
}

impl Drop for Fresh<'_> {
    fn drop(&mut self) {
        if !self.name.is_empty() {
            // The error that matters is the one that led here.
            drop(remove_tree(self.site.parent.as_fd(), &self.name));
        }
    }
}

fn is_same(parent: &OwnedFd, name: &str, dir: BorrowedFd<'_>) -> bool {
    let there = statat(parent, name, AtFlags::SYMLINK_NOFOLLOW);
    let (Ok(there), Ok(known)) = (there, fstat(dir)) else {
        return false;
    };
    (there.st_dev, there.st_ino) == (known.st_dev, known.st_ino)
}

fn joined(name: &OsStr, ending: &str) -> OsString {
    let mut name = name.to_owned();
    name.push(ending);
    name
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn folder(path: &Path, file: &str) {
        fs::create_dir_all(path).unwrap();
        fs::write(path.join(file), file).unwrap();
    }

    fn names(path: &Path) -> Vec<String> {
        let entries = fs::read_dir(path).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn fresh_with<'s>(site: &'s Site, file: &str) -> Fresh<'s> {
        let fresh = site.fresh().unwrap();
        drop(crate::fs::beneath::create_file(fresh.dir(), file).unwrap());
        fresh
    }

    fn cannot(_: &OwnedFd, _: &OsStr, _: &OsStr) -> rustix::io::Result<()> {
        Err(Errno::INVAL)
    }

    #[test]
    fn a_folder_is_put_where_nothing_is_and_nowhere_else() {
        let scratch = tempfile::tempdir().unwrap();
        let place = scratch.path().join("a/out");
        let site = Site::of(&place).unwrap();
        fresh_with(&site, "new").put().unwrap();
        assert_eq!(names(&place), ["new"]);
        let mode = fs::metadata(&place).unwrap().permissions().mode();
        assert_eq!(mode & 0o722, 0o700);
        assert!(fresh_with(&site, "other").put().is_err());
        assert_eq!(
            (names(&place), names(&scratch.path().join("a"))),
            (vec!["new".into()], vec!["out".into()])
        );
        fs::remove_dir_all(&place).unwrap();
        symlink(scratch.path(), &place).unwrap();
        assert!(matches!(site.look().unwrap(), There::Link));
        assert!(fresh_with(&site, "other").put().is_err());
        assert_eq!(names(&scratch.path().join("a")), ["out"]);
    }

    #[test]
    fn a_folder_is_exchanged_whole_or_not_at_all() {
        let scratch = tempfile::tempdir().unwrap();
        let place = scratch.path().join("out");
        folder(&place, "old");
        fs::set_permissions(&place, fs::Permissions::from_mode(0o750)).unwrap();
        let site = Site::of(&place).unwrap();
        for (at_once, expected) in [(true, Put::AtOnce), (false, Put::InTwoSteps)] {
            for as_it_was in [false, true] {
                let There::Folder(old) = site.look().unwrap() else {
                    panic!("no folder")
                };
                let (before, fresh) = (
                    names(&place),
                    fresh_with(&site, if at_once { "one" } else { "two" }),
                );
                let put = if at_once {
                    fresh.exchange(old.as_fd(), || as_it_was)
                } else {
                    fresh.exchange_by(old.as_fd(), || as_it_was, cannot)
                };
                let expected = if as_it_was { expected } else { Put::Changed };
                assert_eq!(put.unwrap(), expected);
                assert_eq!(names(&place) == before, !as_it_was);
                assert_eq!(names(scratch.path()), ["out"]);
            }
        }
        assert_eq!(
            fs::metadata(&place).unwrap().permissions().mode() & 0o7777,
            0o750
        );
    }

    #[test]
    fn another_folder_that_came_there_meanwhile_stays() {
        let scratch = tempfile::tempdir().unwrap();
        let place = scratch.path().join("out");
        folder(&place, "old");
        let site = Site::of(&place).unwrap();
        let There::Folder(old) = site.look().unwrap() else {
            panic!("no folder")
        };
        fs::rename(&place, scratch.path().join("moved")).unwrap();
        folder(&place, "precious");
        let put = fresh_with(&site, "new")
            .exchange(old.as_fd(), || true)
            .unwrap();
        assert_eq!(
            (put, names(&place)),
            (Put::Changed, vec!["precious".to_owned()])
        );
    }
}
