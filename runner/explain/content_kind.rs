//! What a content is, by its first bytes.

use crate::content::View;

/// Enough for the magic of a tar archive, which stands at 257, and to tell a text.
const HEAD: usize = 4096;

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
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

impl Kind {
    /// The kind of this content.
    pub fn of(name: &str, view: &View<'_>) -> std::io::Result<Self> {
        let head = view.bytes(0, HEAD)?;
        Ok(Self::of_head(name, &head))
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

    /// Whether other contents are inside of it.
    pub fn holds_others(self) -> bool {
        use Kind::{Ar, Bzip2, Cpio, Gzip, Tar, Xz, Zip, Zstd};
        matches!(self, Ar | Tar | Cpio | Zip | Gzip | Xz | Zstd | Bzip2)
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

    fn of_head(name: &str, head: &[u8]) -> Self {
        const MAGICS: [(&[u8], Kind); 15] = [
            (b"!<arch>\n", Kind::Ar),
            (b"!<thin>\n", Kind::Ar),
            (b"070701", Kind::Cpio),
            (b"070702", Kind::Cpio),
            (b"PK\x03\x04", Kind::Zip),
            (b"PK\x05\x06", Kind::Zip),
            (b"\x1f\x8b", Kind::Gzip),
            (b"\xfd7zXZ\0", Kind::Xz),
            (b"\x28\xb5\x2f\xfd", Kind::Zstd),
            (b"BZh", Kind::Bzip2),
            (b"\x7fELF", Kind::Elf),
            (b"\x89PNG\r\n\x1a\n", Kind::Png),
            (b"%PDF-", Kind::Pdf),
            (b"\xca\xfe\xba\xbe", Kind::Class),
            (b"\xed\xab\xee\xdb", Kind::Binary),
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
        assert_eq!(Kind::of_head("x", b"!<arch>\n"), Kind::Ar);
        assert_eq!(
            Kind::of_head("x.pyc", b"\xa7\r\r\n\0\0\0\0"),
            Kind::Bytecode
        );
        assert_eq!(Kind::of_head("x", b"hello\n"), Kind::Text);
        assert_eq!(Kind::of_head("x", b"hello\0"), Kind::Binary);
        assert_eq!(Kind::of_head("x", b""), Kind::Binary);
    }
}
