//! Telling archive formats apart by their first bytes, and decompressing them.

use std::io::{self, BufReader, Read};

use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;
use liblzma::read::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};

/// How many bytes are enough to tell the format: a tar's magic ends at 263.
pub const HEAD: usize = 512;
/// `xz -9` needs 65 MiB; an archive that asks for gigabytes is an attack on memory.
const XZ_MEMORY: u64 = 256 << 20;
/// The largest window `zstd` decodes without being told to (128 MiB).
const ZSTD_WINDOW_LOG: u32 = 27;

/// A format of archives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveFormat {
    /// A tar, in one of the compressions or none.
    Tar(Compression),
    /// A zip, wheel or jar.
    Zip,
}

/// How a stream is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Plain,
    /// gzip.
    Gzip,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// Zstandard.
    Zstd,
}

impl ArchiveFormat {
    /// The format of a file that starts with `head`; the name only decides about tars older than 1988.
    pub fn sniff(head: &[u8], name: &str) -> Option<Self> {
        if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
            return Some(Self::Zip);
        }
        match Compression::sniff(head) {
            Compression::Plain if is_tar(head, name) => Some(Self::Tar(Compression::Plain)),
            Compression::Plain => None,
            compression => Some(Self::Tar(compression)),
        }
    }
}

impl Compression {
    /// The compression of a stream that starts with `head`.
    pub fn sniff(head: &[u8]) -> Self {
        let magics: [(&[u8], Self); 4] = [
            (b"\x1f\x8b", Self::Gzip),
            (b"BZh", Self::Bzip2),
            (b"\xfd7zXZ\0", Self::Xz),
            (b"\x28\xb5\x2f\xfd", Self::Zstd),
        ];
        let known = magics
            .into_iter()
            .find(|(magic, _)| head.starts_with(magic));
        known.map_or(Self::Plain, |(_, compression)| compression)
    }

    /// The bytes behind the compression.
    pub fn decode<'r>(self, stream: impl Read + 'r) -> io::Result<Box<dyn Read + 'r>> {
        let stream = BufReader::with_capacity(64 << 10, stream);
        Ok(match self {
            Self::Plain => Box::new(stream),
            Self::Gzip => Box::new(MultiGzDecoder::new(stream)),
            Self::Bzip2 => Box::new(MultiBzDecoder::new(stream)),
            Self::Xz => {
                let decoder = Stream::new_stream_decoder(XZ_MEMORY, CONCATENATED)?;
                Box::new(XzDecoder::new_stream(stream, decoder))
            }
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(stream)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Box::new(decoder)
            }
        })
    }
}

fn is_tar(head: &[u8], name: &str) -> bool {
    let magic = head.get(257..262) == Some(b"ustar");
    let old = std::path::Path::new(name)
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("tar"));
    magic || old
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_decides_not_the_name() {
        assert_eq!(
            ArchiveFormat::sniff(b"PK\x03\x04", "a.tar"),
            Some(ArchiveFormat::Zip)
        );
        assert_eq!(
            ArchiveFormat::sniff(b"BZh91", "a.zip"),
            Some(ArchiveFormat::Tar(Compression::Bzip2))
        );
        assert_eq!(ArchiveFormat::sniff(b"#!/bin/sh", "a.tar.gz"), None);
        assert_eq!(
            ArchiveFormat::sniff(b"old", "a.TAR"),
            Some(ArchiveFormat::Tar(Compression::Plain))
        );
        assert_eq!(ArchiveFormat::sniff(b"", "a"), None);
    }
}
