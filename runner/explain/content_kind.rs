//! What a content is, by its first bytes.

use crate::content::View;

/// Enough for the magic of a tar archive, which stands at 257, and to tell a text.
pub const HEAD: usize = 4096;

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentKind {
    /// An archive of `ar`: static libraries and Debian packages.
    Ar,
    /// A tape archive.
    Tar,
    /// An archive of `cpio`: an initial file system.
    Cpio,
    /// Zip and what builds on it: jar, wheel.
    Zip,
    /// gzip (RFC 1952).
    Gzip,
    /// xz.
    Xz,
    /// Zstandard (RFC 8878).
    Zstd,
    /// bzip2.
    Bzip2,
    /// Programs, libraries and object files.
    Elf,
    /// Python bytecode.
    Bytecode,
    /// Portable network graphics.
    Png,
    /// Portable document format.
    Pdf,
    /// Java bytecode.
    Class,
    /// Lines of text.
    Text,
    /// Anything else.
    Binary,
}

impl ContentKind {
    /// The kind of this content.
    pub fn of(name: &str, view: &View<'_>) -> std::io::Result<Self> {
        let head = view.bytes(0, HEAD)?;
        Ok(Self::of_head(name, &head))
    }

    /// The kind of a content that starts with these bytes.
    pub fn of_head(name: &str, head: &[u8]) -> Self {
        const MAGICS: [(&[u8], ContentKind); 15] = [
            (b"!<arch>\n", ContentKind::Ar),
            (b"!<thin>\n", ContentKind::Ar),
            (b"070701", ContentKind::Cpio),
            (b"070702", ContentKind::Cpio),
            (b"PK\x03\x04", ContentKind::Zip),
            (b"PK\x05\x06", ContentKind::Zip),
            (b"\x1f\x8b", ContentKind::Gzip),
            (b"\xfd7zXZ\0", ContentKind::Xz),
            (b"\x28\xb5\x2f\xfd", ContentKind::Zstd),
            (b"BZh", ContentKind::Bzip2),
            (b"\x7fELF", ContentKind::Elf),
            (b"\x89PNG\r\n\x1a\n", ContentKind::Png),
            (b"%PDF-", ContentKind::Pdf),
            (b"\xca\xfe\xba\xbe", ContentKind::Class),
            (b"\xed\xab\xee\xdb", ContentKind::Binary),
        ];
        let magic = MAGICS.iter().find(|(magic, _)| head.starts_with(magic));
        match magic {
            Some((_, kind)) => *kind,
            None if head.get(257..262) == Some(b"ustar") => Self::Tar,
            // The two bytes after the version number are chosen to break as text would break.
            None if is_bytecode(name) && head.get(2..4) == Some(b"\r\n") => Self::Bytecode,
            None if is_text(head) => Self::Text,
            None => Self::Binary,
        }
    }

    /// The archive a name promises.
    pub fn of_name(name: &str) -> Option<Self> {
        let ends: [(&str, Self); 13] = [
            (".a", Self::Ar),
            (".deb", Self::Ar),
            (".tar", Self::Tar),
            (".tgz", Self::Tar),
            (".tar.gz", Self::Tar),
            (".tar.xz", Self::Tar),
            (".tar.zst", Self::Tar),
            (".tar.bz2", Self::Tar),
            (".zip", Self::Zip),
            (".jar", Self::Zip),
            (".whl", Self::Zip),
            (".war", Self::Zip),
            (".cpio", Self::Cpio),
        ];
        ends.iter()
            .find(|(end, _)| name.ends_with(end))
            .map(|(_, kind)| *kind)
    }

    /// Whether it is one compressed content.
    pub fn is_compression(self) -> bool {
        matches!(self, Self::Gzip | Self::Xz | Self::Zstd | Self::Bzip2)
    }

    /// Whether other contents are inside of it.
    pub fn holds_others(self) -> bool {
        self.is_compression() || matches!(self, Self::Ar | Self::Tar | Self::Cpio | Self::Zip)
    }

    /// How people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Ar => "ar",
            Self::Tar => "tar",
            Self::Cpio => "cpio",
            Self::Zip => "zip",
            Self::Gzip => "gzip",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Elf => "ELF",
            Self::Bytecode => "Python bytecode",
            Self::Png => "PNG",
            Self::Pdf => "PDF",
            Self::Class => "Java class",
            Self::Text => "text",
            Self::Binary => "binary",
        }
    }
}

fn is_bytecode(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| end == "pyc")
}

fn is_text(head: &[u8]) -> bool {
    let control = |byte: &&u8| **byte < 32 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    head.iter().filter(control).count() == 0 && !head.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_magic_and_name() {
        assert_eq!(ContentKind::of_head("x", b"!<arch>\n"), ContentKind::Ar);
        assert_eq!(
            ContentKind::of_head("x.pyc", b"\xa7\r\r\n\0\0\0\0"),
            ContentKind::Bytecode
        );
        assert_eq!(ContentKind::of_head("x", b"hello\n"), ContentKind::Text);
        assert_eq!(ContentKind::of_head("x", b"hello\0"), ContentKind::Binary);
        assert_eq!(ContentKind::of_head("x", b""), ContentKind::Binary);
    }
}
