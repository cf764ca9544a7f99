//! Taking an output tree: hashed in one pass, copied into the store on the way if asked.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};

use rustix::fd::{AsFd as _, BorrowedFd};
use rustix::fs::{FileType, flistxattr, fstat};
use rustix::io::Errno;
use zwieback_model::budget::Budget;
use zwieback_model::digest::{Fingerprint, Hasher};
use zwieback_model::rel_path::RelPath;
use zwieback_model::shown_name;
use zwieback_model::shown_name::printable;
use zwieback_model::tree::{Entry, Tree, TreeError};
use zwieback_sandbox::call::Attempt as _;

use crate::capture::error::{CaptureError, Reason};
use crate::capture::rules::{Rules, SetGroup};
use crate::fs::beneath::{open_unlocked, read_symlink};
use crate::fs::descent::OWNER_READ;
use crate::fs::stamp::Stamp;
use crate::fs::walk::{Found, Next, Visitor, walk};
use crate::store::error::StoreError;
use crate::store::place::Store;
use crate::store::stored::StoredTree;
use crate::store::writer::{FileWriter, Layer};

const PIECE: usize = 256 << 10;
const SET_ID: u32 = 0o6000;

/// Reads the tree below `dir` without keeping its bytes.
///
/// Modes of directories and all bits but the owner's executable bit are no part of a tree: a directory or file
/// that its owner cannot read is made readable. Whatever else a tree cannot hold is refused by name.
pub fn capture(dir: BorrowedFd<'_>, rules: &Rules) -> Result<Tree, CaptureError> {
    take(dir, rules, None)
}

/// Reads the tree below `dir` into the store.
pub fn capture_into(
    dir: BorrowedFd<'_>,
    rules: &Rules,
    store: &Store,
) -> Result<StoredTree, CaptureError> {
    let writer = store.tree_writer()?;
    take(dir, rules, Some(writer.layer("the outputs")))?;
    Ok(writer.commit()?)
}

/// Reads the tree below `dir` into a layer of a larger tree.
pub fn capture_layer(
    dir: BorrowedFd<'_>,
    rules: &Rules,
    layer: Layer<'_>,
) -> Result<Tree, CaptureError> {
    take(dir, rules, Some(layer))
}

fn take(
    dir: BorrowedFd<'_>,
    rules: &Rules,
    layer: Option<Layer<'_>>,
) -> Result<Tree, CaptureError> {
    let mut taker = Taker {
        rules,
        layer,
        tree: Tree::default(),
        paths: rules.paths(),
        bytes: 0,
        links: BTreeMap::new(),
        piece: vec![0; PIECE],
    };
    walk(dir, &mut taker)?;
    taker.check_links()?;
    Ok(taker.tree)
}

struct Taker<'a> {
    rules: &'a Rules,
    layer: Option<Layer<'a>>,
    tree: Tree,
    paths: Budget,
    bytes: u64,
    links: BTreeMap<u64, Names>,
    piece: Vec<u8>,
}

/// The names found so far of a file that has several.
struct Names {
    first: RelPath,
    links: u64,
    found: u64,
}

impl Visitor for Taker<'_> {
    type Error = CaptureError;

    const ACCESS: u32 = OWNER_READ;

    fn visit(&mut self, entry: &Found<'_>) -> Result<Next, CaptureError> {
        let refuse = |reason: Reason| refused(entry.path, reason);
        if entry.depth > self.rules.depth {
            return Err(refuse(Reason::Depth(self.rules.depth)));
        }
        let path = RelPath::from_bytes(entry.path).map_err(|error| refuse(error.into()))?;
        shown_name::check(path.as_str()).map_err(|fault| refuse(fault.into()))?;
        self.take_text(&path, path.as_str())?;
        match entry.kind {
            FileType::Directory => self.directory(path, entry),
            FileType::RegularFile => self.file(path, entry).map(|()| Next::Beside),
            FileType::Symlink => self.symlink(path, entry).map(|()| Next::Beside),
            FileType::Fifo => Err(refuse(Reason::Kind("named pipe"))),
            FileType::Socket => Err(refuse(Reason::Kind("socket"))),
            FileType::CharacterDevice | FileType::BlockDevice => {
                Err(refuse(Reason::Kind("device")))
            }
            FileType::Unknown => Err(refuse(Reason::Kind("thing of unknown kind"))),
        }
    }

    fn room(&self) -> usize {
        self.rules.entries.saturating_sub(self.tree.len())
    }

    fn overflow(&self) -> CaptureError {
        CaptureError::Entries(self.rules.entries)
    }
}

impl Taker<'_> {
    /// Takes a text from what all paths may have, with the targets of links.
    fn take_text(&mut self, path: &RelPath, text: &str) -> Result<(), CaptureError> {
        let taken = self.paths.take(text.len() as u64);
        taken.map_err(|_| CaptureError::Paths {
            path: printable(path.as_str().as_bytes()),
            entries: self.rules.entries as u64,
        })
    }

    fn directory(&mut self, path: RelPath, entry: &Found<'_>) -> Result<Next, CaptureError> {
        let is_set = entry.stat.st_mode & SET_ID != 0;
        if is_set && self.rules.set_group == SetGroup::Refused {
            return Err(refused(entry.path, Reason::SetId));
        }
        let dir = open_unlocked(entry.dir, entry.name, Self::ACCESS)?;
        check_attributes(dir.as_fd(), entry)?;
        if let Some(layer) = &self.layer {
            layer.directory(&path)?;
        }
        self.insert(path, Entry::Directory)?;
        Ok(Next::Inside)
    }

    fn symlink(&mut self, path: RelPath, entry: &Found<'_>) -> Result<(), CaptureError> {
        let target = read_symlink(entry.dir, entry.name)?;
        let target = target.into_string();
        let target = target.map_err(|_| refused(entry.path, Reason::Target))?;
        self.take_text(&path, &target)?;
        if let Some(layer) = &self.layer {
            layer.symlink(path.clone(), &target)?;
        }
        self.insert(path, Entry::Symlink { target })
    }

    fn file(&mut self, path: RelPath, entry: &Found<'_>) -> Result<(), CaptureError> {
        if entry.stat.st_mode & SET_ID != 0 {
            return Err(refused(entry.path, Reason::SetId));
        }
        self.count_link(&path, entry);
        let before = Stamp::of(entry.stat);
        // Before reading: a sparse file of a terabyte costs its owner nothing and us hours.
        let bytes = self.bytes.checked_add(before.size);
        self.bytes = bytes
            .filter(|bytes| *bytes <= self.rules.bytes)
            .ok_or_else(|| CaptureError::Bytes {
                path: printable(entry.path),
                limit: self.rules.bytes,
            })?;
        let file = File::from(open_unlocked(entry.dir, entry.name, 0o400)?);
        check_attributes(file.as_fd(), entry)?;
        let executable = entry.stat.st_mode & 0o100 != 0;
        let content = self.read(&file, &path, executable, before)?;
        self.insert(
            path,
            Entry::File {
                content,
                executable,
            },
        )
    }

    /// Reads no more than the file said it has, and no less.
    fn read(
        &mut self,
        file: &File,
        path: &RelPath,
        executable: bool,
        before: Stamp,
    ) -> Result<Fingerprint, CaptureError> {
        let shown = path.as_str();
        let mut sink = match &self.layer {
            Some(layer) => Sink::Store(layer.file(path.clone(), executable)?),
            None => Sink::Digest(Hasher::default()),
        };
        let mut capped = file.take(before.size.saturating_add(1));
        loop {
            let count = capped.read(&mut self.piece).attempt("read", shown)?;
            if count == 0 {
                break;
            }
            sink.take_in(&self.piece[..count], shown)?;
        }
        let after = Stamp::of(&fstat(file).attempt("fstat", shown)?);
        let content = sink.finish()?;
        let same = content.size == before.size && after.mtime == before.mtime;
        if same && after.size == before.size {
            return Ok(content);
        }
        Err(refused(shown.as_bytes(), Reason::Changed))
    }

    fn insert(&mut self, path: RelPath, entry: Entry) -> Result<(), CaptureError> {
        let shown = path.as_str().to_owned();
        let put = self.tree.insert(path, entry);
        put.map_err(|error: TreeError| refused(shown.as_bytes(), error.into()))
    }

    fn count_link(&mut self, path: &RelPath, entry: &Found<'_>) {
        if entry.stat.st_nlink > 1 {
            let names = self
                .links
                .entry(entry.stat.st_ino)
                .or_insert_with(|| Names {
                    first: path.clone(),
                    links: entry.stat.st_nlink,
                    found: 0,
                });
            names.found += 1;
        }
    }

    /// A name elsewhere is a way to read an input again, or to change the output later.
    fn check_links(&self) -> Result<(), CaptureError> {
        let outside = self.links.values().find(|names| names.found < names.links);
        match outside {
            None => Ok(()),
            Some(names) => {
                let (links, found) = (names.links, names.found);
                let reason = Reason::HardLink { links, found };
                Err(refused(names.first.as_str().as_bytes(), reason))
            }
        }
    }
}

/// Where the bytes of a file go.
enum Sink<'w> {
    Store(FileWriter<'w>),
    Digest(Hasher),
}

impl Sink<'_> {
    fn take_in(&mut self, bytes: &[u8], shown: &str) -> Result<(), CaptureError> {
        match self {
            Self::Store(file) => {
                let written = file.write_all(bytes).attempt("write", shown);
                written.map_err(StoreError::from)?;
            }
            Self::Digest(hasher) => hasher.update(bytes),
        }
        Ok(())
    }

    fn finish(self) -> Result<Fingerprint, CaptureError> {
        match self {
            Self::Store(file) => Ok(file.finish()?),
            Self::Digest(hasher) => Ok(hasher.finish()),
        }
    }
}

/// Labels that a security module puts on every file of the machine are not the step's doing.
fn check_attributes(file: BorrowedFd<'_>, entry: &Found<'_>) -> Result<(), CaptureError> {
    let mut list = Vec::with_capacity(4096);
    match flistxattr(file, rustix::buffer::spare_capacity(&mut list)) {
        Ok(_) | Err(Errno::NOTSUP) => {}
        // More names than fit: more than any label of the system.
        Err(Errno::RANGE) => {
            return Err(refused(entry.path, Reason::Attribute("many".to_owned())));
        }
        Err(errno) => Err(errno).attempt("flistxattr", entry.path)?,
    }
    let mut names = list
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty());
    let foreign = names
        .find(|name| !name.starts_with(b"security.") || name.starts_with(b"security.capability"));
    match foreign {
        None => Ok(()),
        Some(name) => Err(refused(entry.path, Reason::Attribute(printable(name)))),
    }
}

fn refused(path: &[u8], reason: Reason) -> CaptureError {
    CaptureError::Refused {
        path: printable(path),
        reason,
    }
}
