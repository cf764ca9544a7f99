//! Compressed streams, read with bounded memory.

use std::io::{self, BufReader, Read};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use liblzma::bufread::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};

use crate::content::BLOCK;
use crate::content_kind::ContentKind;

/// How a stream is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Plain,
    /// gzip (RFC 1952).
    Gzip,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// Zstandard (RFC 8878).
    Zstd,
}

/// The memory that a decoder may take for its window: a stream that asks for gigabytes is an attack on memory.
#[derive(Clone, Copy, Debug)]
pub struct WindowLimit {
    /// Bytes for xz.
    xz: u64,
    /// For Zstandard, as the logarithm of bytes that it takes.
    zstd_log: u32,
}

impl WindowLimit {
    /// Where two streams of a build are read side by side: `xz -9` takes 65 MiB.
    pub const SIDE_BY_SIDE: Self = Self {
        xz: 96 << 20,
        zstd_log: 26,
    };
    /// Where one pinned archive is unpacked: the largest window `zstd` reads without being told to is 128 MiB.
    pub const ONE_ARCHIVE: Self = Self {
        xz: 256 << 20,
        zstd_log: 27,
    };
}

impl Compression {
    /// The compression of a content of this kind.
    pub fn of(kind: ContentKind) -> Self {
        match kind {
            ContentKind::Gzip => Self::Gzip,
            ContentKind::Bzip2 => Self::Bzip2,
            ContentKind::Xz => Self::Xz,
            ContentKind::Zstd => Self::Zstd,
            _ => Self::Plain,
        }
    }

    /// The bytes behind the compression.
    pub fn decode<'r>(
        self,
        stream: impl Read + 'r,
        window: WindowLimit,
    ) -> io::Result<Box<dyn Read + 'r>> {
        let stream = BufReader::with_capacity(BLOCK, stream);
        Ok(match self {
            Self::Plain => Box::new(stream),
            Self::Gzip => Box::new(MultiGzDecoder::new(stream)),
            Self::Bzip2 => Box::new(MultiBzDecoder::new(stream)),
            Self::Xz => {
                let decoder = Stream::new_stream_decoder(window.xz, CONCATENATED)?;
                Box::new(XzDecoder::new_stream(stream, decoder))
            }
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(stream)?;
                decoder.window_log_max(window.zstd_log)?;
                Box::new(decoder)
            }
        })
    }
}
