//! Reading tar streams: ustar, GNU long names and pax headers, with bounded memory.

use std::io::{self, Read};

use tar::{Archive, Entry, EntryType, PaxExtensions};

use crate::archive::error::{ArchiveError, MemberRefusal};
use crate::archive::limits::Metered;
use crate::archive::member::Intake;
use crate::archive::options::{Options, Unpacked};
use crate::store::writer::Layer;

/// The most a header that describes the next member may hold.
///
/// The tar crate reads such headers whole: kilobytes of gzip could ask for gigabytes of name. So they are read here.
const LARGEST_HEADER: u64 = 1 << 20;

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
    let mut next = Described::default();
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry?;
        if !next.take_in(&mut entry)? {
            put(&mut intake, std::mem::take(&mut next), entry)?;
        }
    }
    // To the end: only there do gzip, xz and zstd find out that they were cut or changed.
    io::copy(&mut archive.into_inner(), &mut io::sink())?;
    Ok(intake.done())
}

/// What extra headers say about the member that follows them.
#[derive(Default)]
struct Described {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    mtime: Option<i64>,
}

impl Described {
    /// Whether the entry is such an extra header.
    fn take_in(&mut self, entry: &mut Entry<'_, impl Read>) -> Result<bool, ArchiveError> {
        match entry.header().entry_type() {
            EntryType::GNULongName => self.path = Some(c_string(read_header(entry)?)),
            EntryType::GNULongLink => self.link = Some(c_string(read_header(entry)?)),
            EntryType::XHeader => self.take_pax(&read_header(entry)?)?,
            // Defaults for all members: git writes the commit here, nothing that a tree holds.
            EntryType::XGlobalHeader => drop(read_header(entry)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn take_pax(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        for extension in PaxExtensions::new(bytes) {
            let extension = extension?;
            let value = extension.value_bytes();
            match extension.key_bytes() {
                b"path" => self.path = Some(value.to_owned()),
                b"linkpath" => self.link = Some(value.to_owned()),
                b"mtime" => self.mtime = seconds(value),
                // Both change what the bytes that follow mean. Sizes only for files over 8 GiB, beyond our limits.
                key if key == b"size" || key.starts_with(b"GNU.sparse.") => {
                    let kind = MemberRefusal::Kind(format!("pax `{}`", key.escape_ascii()));
                    return Err(ArchiveError::refused(
                        self.path.as_deref().unwrap_or(b"?"),
                        kind,
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn put(
    intake: &mut Intake<'_, '_>,
    next: Described,
    entry: Entry<'_, impl Read>,
) -> Result<(), ArchiveError> {
    let header = entry.header();
    let name = next
        .path
        .unwrap_or_else(|| header.path_bytes().into_owned());
    let link = next.link;
    let link = link.or_else(|| header.link_name_bytes().map(std::borrow::Cow::into_owned));
    let Some(path) = intake.place(&name)? else {
        return Ok(());
    };
    let no_target = || ArchiveError::refused(&name, MemberRefusal::LinkTarget);
    match header.entry_type() {
        // Tars of the seventies mark a directory by its slash alone.
        EntryType::Regular if name.ends_with(b"/") => intake.directory(&path),
        EntryType::Regular | EntryType::Continuous => {
            let mtime = next
                .mtime
                .or_else(|| i64::try_from(header.mtime().ok()?).ok());
            let mode = header.mode()?;
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
            let kind = MemberRefusal::Kind(format!("{:?}", char::from(other.as_byte())));
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

fn read_header(entry: &mut Entry<'_, impl Read>) -> Result<Vec<u8>, ArchiveError> {
    if entry.size() > LARGEST_HEADER {
        let kind = MemberRefusal::Kind(format!("header of {} bytes", entry.size()));
        return Err(ArchiveError::refused(&entry.header().path_bytes(), kind));
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn c_string(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.iter().position(|byte| *byte == 0);
    bytes.truncate(end.unwrap_or(bytes.len()));
    bytes
}

/// Whole seconds of a pax time such as `1763819416.25`.
fn seconds(value: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(value).ok()?;
    text.split('.').next()?.parse().ok()
}
