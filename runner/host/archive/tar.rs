//! Unpacking tar streams: ustar, GNU long names and pax headers, with bounded memory.

use std::io::{self, Read};

use tar::{Archive, Entry, EntryType};
use zwieback_explain::archive::tar::{ExtraHeaderError, ExtraHeaders};

use crate::archive::error::{ArchiveError, MemberRefusal};
use crate::archive::limits::Metered;
use crate::archive::member::Intake;
use crate::archive::options::{Options, Unpacked};
use crate::store::writer::Layer;

/// Unpacks a tar stream that is already decompressed.
pub fn unpack(
    stream: impl Read,
    layer: &Layer<'_>,
    options: &Options<'_>,
) -> Result<Unpacked, ArchiveError> {
    let metered = Metered::new(stream, options.limits.bytes);
    // Headers are read in blocks of 512 bytes; asking a decoder for each is slow.
    let mut archive = Archive::new(io::BufReader::with_capacity(64 << 10, metered));
    let mut intake = Intake::new(layer, options);
    let mut extra = ExtraHeaders::default();
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry?;
        if !take_in(&mut extra, &mut entry)? {
            put(&mut intake, &std::mem::take(&mut extra), entry)?;
        }
    }
    // To the end: only there do gzip, xz and zstd find out that they were cut or changed.
    io::copy(&mut archive.into_inner(), &mut io::sink())?;
    Ok(intake.done())
}

/// Whether the entry describes the member that follows it.
fn take_in(
    extra: &mut ExtraHeaders,
    entry: &mut Entry<'_, impl Read>,
) -> Result<bool, ArchiveError> {
    let (kind, offset) = (entry.header().entry_type(), entry.raw_file_position());
    let taken = extra.take_in(kind, (offset, entry.size()), entry);
    let is_extra = taken.map_err(|error| match error {
        ExtraHeaderError::Damaged(error) => error.into(),
        ExtraHeaderError::TooLarge(_) => {
            let kind = MemberRefusal::Kind(error.to_string());
            ArchiveError::refused(&entry.header().path_bytes(), kind)
        }
    })?;
    // Both change what the bytes that follow mean. Sizes only for files over 8 GiB, beyond our limits.
    let mut keys = extra.records.iter().map(|(key, _)| key);
    match keys.find(|key| key.as_slice() == b"size" || key.starts_with(b"GNU.sparse.")) {
        Some(key) => {
            let kind = MemberRefusal::Kind(format!("pax `{}`", key.escape_ascii()));
            Err(ArchiveError::refused(&extra.name(entry.header()), kind))
        }
        None => Ok(is_extra),
    }
}

fn put(
    intake: &mut Intake<'_, '_>,
    extra: &ExtraHeaders,
    entry: Entry<'_, impl Read>,
) -> Result<(), ArchiveError> {
    let header = entry.header();
    let name = extra.name(header).into_owned();
    let Some(path) = intake.place(&name)? else {
        return Ok(());
    };
    let link = extra.link(header).map(std::borrow::Cow::into_owned);
    let no_target = || ArchiveError::refused(&name, MemberRefusal::LinkTarget);
    match header.entry_type() {
        // Tars of the seventies mark a directory by its slash alone.
        EntryType::Regular if name.ends_with(b"/") => intake.directory(&path),
        EntryType::Regular | EntryType::Continuous => {
            let (mtime, mode) = (extra.mtime(header), header.mode()?);
            intake.file(path, mode, mtime, Whole::new(entry))
        }
        EntryType::Directory => intake.directory(&path),
        EntryType::Symlink => {
            let target = link.and_then(|target| String::from_utf8(target).ok());
            let target = target.filter(|target| !target.is_empty());
            intake.symlink(path, &target.ok_or_else(no_target)?)
        }
        EntryType::Link => intake.hard_link(path, &link.ok_or_else(no_target)?),
        EntryType::Char | EntryType::Block => {
            Err(ArchiveError::refused(&name, MemberRefusal::Device))
        }
        EntryType::Fifo => Err(ArchiveError::refused(&name, MemberRefusal::Fifo)),
        other => {
            let kind = MemberRefusal::Kind(format!("`{}`", other.as_byte().escape_ascii()));
            Err(ArchiveError::refused(&name, kind))
        }
    }
}

/// A member that must deliver the bytes its header promised: the tar crate takes an early end for the end.
struct Whole<R> {
    inner: R,
    left: u64,
}

impl<'a, R: Read> Whole<Entry<'a, R>> {
    fn new(inner: Entry<'a, R>) -> Self {
        let left = inner.size();
        Self { inner, left }
    }
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        if count == 0 && self.left > 0 && !into.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}
