//! Reading `ar` archives, the outer shell of Debian packages (deb(5)).

use std::io::{self, Read, Take};

use crate::archive::error::ArchiveError;

const MAGIC: &[u8] = b"!<arch>\n";
const HEADER: usize = 60;

/// An `ar` archive, read from front to back.
pub struct Ar<R> {
    stream: R,
}

/// One member: its name and a reader that ends with it.
pub struct Member<'a, R> {
    /// The name without padding.
    pub name: String,
    /// Its content.
    pub content: Take<&'a mut R>,
}

impl<R: Read> Ar<R> {
    /// Starts reading; anything but an `ar` archive is an error.
    pub fn new(mut stream: R) -> Result<Self, ArchiveError> {
        let mut magic = [0; MAGIC.len()];
        stream.read_exact(&mut magic)?;
        if magic != MAGIC {
            return Err(damaged("no ar archive"));
        }
        Ok(Self { stream })
    }

    /// Goes to the first member that is left whose name `wanted` accepts; `None` if there is none.
    pub fn find(
        &mut self,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Option<Member<'_, R>>, ArchiveError> {
        while let Some((name, size)) = self.header()? {
            if wanted(&name) {
                let content = self.stream.by_ref().take(size);
                return Ok(Some(Member { name, content }));
            }
            // Members start at even offsets.
            let padded = size
                .checked_add(size % 2)
                .ok_or_else(|| damaged("size of a member"))?;
            let skipped = io::copy(&mut self.stream.by_ref().take(padded), &mut io::sink())?;
            if skipped < size {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
        Ok(None)
    }

    fn header(&mut self) -> Result<Option<(String, u64)>, ArchiveError> {
        let mut header = Vec::with_capacity(HEADER);
        self.stream
            .by_ref()
            .take(HEADER as u64)
            .read_to_end(&mut header)?;
        if header.is_empty() {
            return Ok(None);
        }
        if header.len() < HEADER || !header.ends_with(b"`\n") {
            return Err(damaged("header of a member"));
        }
        let field = |range: std::ops::Range<usize>| {
            let text = std::str::from_utf8(&header[range]).ok();
            text.map(|text| text.trim_end().to_owned())
        };
        let name = field(0..16).ok_or_else(|| damaged("name of a member"))?;
        let size = field(48..58).and_then(|text| text.parse().ok());
        let size = size.ok_or_else(|| damaged("size of a member"))?;
        Ok(Some((name.trim_end_matches('/').to_owned(), size)))
    }
}

fn damaged(what: &str) -> ArchiveError {
    ArchiveError::Damaged(io::Error::new(io::ErrorKind::InvalidData, what.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for (name, content) in members {
            let size = content.len();
            bytes.extend(
                format!(
                    "{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n",
                    0, 0, 0, 100_644
                )
                .bytes(),
            );
            bytes.extend(*content);
            bytes.extend(std::iter::repeat_n(b'\n', size % 2));
        }
        bytes
    }

    #[test]
    fn members_are_found_behind_odd_sizes() {
        let bytes = archive(&[("debian-binary/", b"2.0"), ("data.tar.xz", b"data")]);
        let mut ar = Ar::new(&bytes[..]).unwrap();
        let mut member = ar
            .find(|name| name.starts_with("data.tar"))
            .unwrap()
            .unwrap();
        let mut content = Vec::new();
        member.content.read_to_end(&mut content).unwrap();
        assert_eq!(
            (member.name.as_str(), &content[..]),
            ("data.tar.xz", &b"data"[..])
        );
    }

    #[test]
    fn damage_is_an_error_and_an_end_is_not() {
        assert!(Ar::new(&b"PK"[..]).is_err());
        let bytes = archive(&[("a", b"1")]);
        assert!(
            Ar::new(&bytes[..])
                .unwrap()
                .find(|_| false)
                .unwrap()
                .is_none()
        );
        assert!(Ar::new(&bytes[..40]).unwrap().find(|_| false).is_err());
        let mut cut = archive(&[("a", b"1234")]);
        cut.truncate(70);
        assert!(Ar::new(&cut[..]).unwrap().find(|_| false).is_err());
    }
}
