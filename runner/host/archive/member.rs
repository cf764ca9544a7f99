//! What tar and zip have in common: members that go into a layer under the same rules.

use std::io::{Read, Write as _};
use std::os::fd::AsFd as _;

use zwieback_model::rel_path::{RelPath, RelPathError};
use zwieback_model::shown_name::printable;
use zwieback_model::tree::Entry;
use zwieback_sandbox::call::Attempt as _;

use crate::archive::error::{ArchiveError, MemberRefusal};
use crate::archive::limits::Exceeded;
use crate::archive::options::{Options, Unpacked};
use crate::fs::beneath::open_file;
use crate::store::error::StoreError;
use crate::store::writer::Layer;

const PIECE: usize = 128 << 10;

/// Takes members in and keeps count.
pub(crate) struct Intake<'a, 'w> {
    layer: &'a Layer<'w>,
    options: &'a Options<'a>,
    seen: u64,
    targets: u64,
    so_far: Unpacked,
    piece: Vec<u8>,
}

impl<'a, 'w> Intake<'a, 'w> {
    pub(crate) fn new(layer: &'a Layer<'w>, options: &'a Options<'a>) -> Self {
        Self {
            layer,
            options,
            seen: 0,
            targets: 0,
            so_far: Unpacked::default(),
            piece: vec![0; PIECE],
        }
    }

    pub(crate) fn done(self) -> Unpacked {
        self.so_far
    }

    /// Where a member goes; `None` for the top itself and for what is left out.
    pub(crate) fn place(&mut self, name: &[u8]) -> Result<Option<RelPath>, ArchiveError> {
        self.seen += 1;
        self.check_count()?;
        let path = clean(name).map_err(|error| ArchiveError::refused(name, error))?;
        let Some(path) = path else { return Ok(None) };
        if path.parts().count() > self.options.limits.depth {
            return Err(Exceeded::Depth(self.options.limits.depth).into());
        }
        Ok((self.options.place)(path))
    }

    pub(crate) fn directory(&mut self, path: &RelPath) -> Result<(), ArchiveError> {
        let put = self.layer.directory(path);
        self.count(put, 0)
    }

    pub(crate) fn symlink(&mut self, path: RelPath, target: &str) -> Result<(), ArchiveError> {
        self.targets += target.len() as u64;
        self.check_count()?;
        let put = self.layer.symlink(path, target);
        self.count(put, 0)
    }

    /// Puts a file; only the owner's executable bit is kept of its mode.
    pub(crate) fn file(
        &mut self,
        path: RelPath,
        mode: u32,
        mtime: Option<i64>,
        mut content: impl Read,
    ) -> Result<(), ArchiveError> {
        let shown = path.clone();
        let is_executable = mode & 0o100 != 0 || (self.options.is_program)(&path);
        let started = self.layer.file(path, is_executable);
        let mut file = started.map_err(duplicate)?;
        // Counted here and not only in the stream: a copy of an earlier file takes no bytes of the archive.
        let limit = self.options.limits.bytes;
        let mut left = limit.saturating_sub(self.so_far.bytes);
        loop {
            let count = content.read(&mut self.piece)?;
            if count == 0 {
                break;
            }
            left = left
                .checked_sub(count as u64)
                .ok_or(Exceeded::Bytes(limit))?;
            let written = file.write_all(&self.piece[..count]);
            let written = written.attempt("write", shown.as_str());
            written.map_err(StoreError::from)?;
        }
        self.so_far.newest = self.so_far.newest.max(mtime);
        let size = file.finish();
        let bytes = size.as_ref().map_or(0, |content| content.size);
        self.count(size.map(|_| ()), bytes)
    }

    /// Puts a copy of an earlier file: links between files of a tree would make them change together.
    pub(crate) fn hard_link(&mut self, path: RelPath, target: &[u8]) -> Result<(), ArchiveError> {
        let outside = || MemberRefusal::HardLink(printable(target));
        let source = clean(target).map_err(|_| outside());
        let source = source.and_then(|source| source.ok_or_else(outside));
        let source = source.map(|source| (self.options.place)(source));
        let source = source.and_then(|source| source.ok_or_else(outside));
        let source =
            source.map_err(|reason| ArchiveError::refused(path.as_str().as_bytes(), reason))?;
        if source == path {
            return Ok(());
        }
        let Some(Entry::File { executable, .. }) = self.layer.existing(&source) else {
            return Err(ArchiveError::refused(path.as_str().as_bytes(), outside()));
        };
        let file = open_file(self.layer.writer.root.as_fd(), source.as_str());
        let mode = if executable { 0o100 } else { 0 };
        self.file(path, mode, None, file.map_err(StoreError::from)?)
    }

    fn count(&mut self, put: Result<(), StoreError>, bytes: u64) -> Result<(), ArchiveError> {
        put.map_err(duplicate)?;
        self.so_far.entries += 1;
        self.so_far.bytes += bytes;
        self.check_count()
    }

    /// One member can imply as many folders as its path has names: they count like members.
    fn check_count(&self) -> Result<(), ArchiveError> {
        let limit = self.options.limits.entries;
        if self.seen.max(self.layer.entries()) > limit {
            return Err(Exceeded::Entries(limit).into());
        }
        let limit = self.options.limits.paths;
        if self.targets + self.layer.path_bytes() > limit {
            return Err(Exceeded::Paths(limit).into());
        }
        Ok(())
    }
}

/// Two members of one archive that collide are the archive's fault, not a clash of two owners.
fn duplicate(error: StoreError) -> ArchiveError {
    match error {
        StoreError::Collision {
            path,
            first,
            second,
        } if first == second => {
            let member = path.as_str().as_bytes().to_owned();
            ArchiveError::refused(&member, MemberRefusal::Duplicate(path))
        }
        other => other.into(),
    }
}

/// The path in the tree: `./a//b/` is `a/b`, the top is `None`; absolute paths and `..` are errors.
fn clean(name: &[u8]) -> Result<Option<RelPath>, RelPathError> {
    if name.starts_with(b"/") {
        return RelPath::from_bytes(name).map(Some);
    }
    let parts = name.split(|byte| *byte == b'/');
    let parts: Vec<&[u8]> = parts.filter(|part| !matches!(*part, b"" | b".")).collect();
    if parts.is_empty() && !name.is_empty() {
        return Ok(None);
    }
    RelPath::from_bytes(&parts.join(&b'/')).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_not_forgiven() {
        let path = |name: &[u8]| clean(name).map(|path| path.map(|path| path.to_string()));
        assert_eq!(path(b"./a//b/"), Ok(Some("a/b".into())));
        assert_eq!(path(b"./"), Ok(None));
        for bad in [&b"/etc"[..], b"a/../../b", b"..", b"", b"a\nb", b"\xff"] {
            assert!(path(bad).is_err(), "{bad:?}");
        }
    }
}
