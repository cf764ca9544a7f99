//! One archive into one layer of a tree.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use zwieback_explain::archive::compression::{Compression, WindowLimit};
use zwieback_explain::content_kind::{ContentKind, HEAD};

use crate::archive::error::ArchiveError;
use crate::archive::options::{Options, Unpacked};
use crate::archive::{tar, zip};
use crate::store::writer::Layer;

/// Unpacks a file whose format its content tells; `name` appears in errors.
pub fn unpack(
    mut file: File,
    name: &str,
    layer: &Layer<'_>,
    options: &Options<'_>,
) -> Result<Unpacked, ArchiveError> {
    let mut head = Vec::with_capacity(HEAD);
    (&file).take(HEAD as u64).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    match Format::of(name, &head) {
        Some(Format::Zip) => zip::unpack(file, layer, options),
        Some(Format::Tar(compression)) => {
            let stream = compression.decode(file, WindowLimit::ONE_ARCHIVE)?;
            tar::unpack(stream, layer, options)
        }
        None => Err(ArchiveError::UnknownFormat(name.to_owned())),
    }
}

/// A format that can be unpacked.
#[derive(Debug, PartialEq, Eq)]
enum Format {
    Tar(Compression),
    Zip,
}

impl Format {
    /// The format of a file that starts with `head`; the name only decides about tars older than 1988.
    fn of(name: &str, head: &[u8]) -> Option<Self> {
        let ending = Path::new(name).extension();
        let is_named_tar = ending.is_some_and(|end| end.eq_ignore_ascii_case("tar"));
        match ContentKind::of_head(name, head) {
            ContentKind::Zip => Some(Self::Zip),
            kind if kind == ContentKind::Tar || kind.is_compression() => {
                Some(Self::Tar(Compression::of(kind)))
            }
            _ => is_named_tar.then_some(Self::Tar(Compression::Plain)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_decides_not_the_name() {
        let plain = Some(Format::Tar(Compression::Plain));
        assert_eq!(Format::of("a.tar", b"PK\x03\x04"), Some(Format::Zip));
        assert_eq!(
            Format::of("a.zip", b"BZh91"),
            Some(Format::Tar(Compression::Bzip2))
        );
        assert_eq!(Format::of("a.tar.gz", b"#!/bin/sh"), None);
        assert_eq!(Format::of("a.TAR", b"old"), plain);
        assert_eq!(Format::of("a", b""), None);
    }
}
