//! Going through a hostile directory tree in the order of its names, with one descriptor open.

use std::ffi::{CStr, CString};

use rustix::fd::BorrowedFd;
use rustix::fs::{AtFlags, FileType, Stat, statat};
use zwieback_sandbox::call::{Attempt as _, CallError};

use crate::fs::beneath::names;
use crate::fs::descent::Descent;

/// Decides what happens with each entry of a walk.
pub trait Visitor {
    /// Why a walk ends early.
    type Error: From<CallError>;

    /// Which permission bits the walk gives the owner of a directory.
    const ACCESS: u32;

    /// Looks at one entry, and answers whether to go into it.
    fn visit(&mut self, entry: &Found<'_>) -> Result<Next, Self::Error>;

    /// How many more entries may be read; the walk ends when a directory, with those that it lies in, holds more.
    fn room(&self) -> usize;

    /// What to say when there is no more room.
    fn overflow(&self) -> Self::Error;
}

/// One entry of a walk.
pub struct Found<'a> {
    /// The directory that holds it.
    pub dir: BorrowedFd<'a>,
    /// Its name there.
    pub name: &'a CStr,
    /// The path from the start, as raw bytes.
    pub path: &'a [u8],
    /// How many directories of the walk lie above it.
    pub depth: usize,
    /// What it is.
    pub kind: FileType,
    /// What the kernel says of it.
    pub stat: &'a Stat,
}

/// Where a walk goes from an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Into the directory.
    Inside,
    /// To the next entry.
    Beside,
}

/// Visits everything below `dir`; a directory comes before what it holds.
pub fn walk<V: Visitor>(dir: BorrowedFd<'_>, visitor: &mut V) -> Result<(), V::Error> {
    let mut descent = Descent::new(dir, V::ACCESS)?;
    let mut levels = vec![level(descent.here(), visitor, 0)?];
    // Names that were read and not visited yet: each folder on the way has its own.
    let mut pending = levels[0].len();
    let mut path = Vec::new();
    while let Some(names) = levels.last_mut() {
        let Some(name) = names.pop() else {
            levels.pop();
            descent.up()?;
            let cut = path.iter().rposition(|byte| *byte == b'/');
            path.truncate(cut.unwrap_or(0));
            continue;
        };
        pending -= 1;
        let above = path.len();
        if above > 0 {
            path.push(b'/');
        }
        path.extend(name.to_bytes());
        match look_at(&descent, &name, &path, visitor)? {
            Next::Beside => path.truncate(above),
            Next::Inside => {
                descent.down(&name)?;
                let below = level(descent.here(), visitor, pending)?;
                pending += below.len();
                levels.push(below);
            }
        }
    }
    Ok(())
}

fn look_at<V: Visitor>(
    descent: &Descent,
    name: &CStr,
    path: &[u8],
    visitor: &mut V,
) -> Result<Next, V::Error> {
    let dir = descent.here();
    let stat = statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).attempt("fstatat", path)?;
    visitor.visit(&Found {
        dir,
        name,
        path,
        depth: descent.depth(),
        kind: FileType::from_raw_mode(stat.st_mode),
        stat: &stat,
    })
}

/// The names of one directory, last first, so that popping gives them in order.
fn level<V: Visitor>(
    dir: BorrowedFd<'_>,
    visitor: &V,
    pending: usize,
) -> Result<Vec<CString>, V::Error> {
    let room = visitor.room().saturating_sub(pending);
    let mut level = Vec::new();
    for entry in names(dir)? {
        if level.len() >= room {
            return Err(visitor.overflow());
        }
        level.push(entry?.0);
    }
    level.sort_unstable_by(|one, other| other.cmp(one));
    Ok(level)
}
