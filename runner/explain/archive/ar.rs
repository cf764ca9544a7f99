//! Archives of `ar`: static libraries and Debian packages (deb(5)).

use std::io;

use super::budget::{LONGEST_TEXT, ListBudget, ListRoom};
use super::member::{ArchiveMember, Extent, Field, FieldValue, MemberList, Packing};
use crate::content::View;

/// The magic line.
pub const MAGIC: &[u8] = b"!<arch>\n";
/// The length of a member's header.
const HEADER: u64 = 60;
/// How the index of symbols is called here; `ar` calls it `/`.
const INDEX: &str = "symbol index";

/// The members up to the first header that is none, at most so many.
pub fn members<'a>(view: &View<'a>, most: usize) -> io::Result<MemberList<'a>> {
    list(view, &mut ListBudget::default().room(most))
}

/// The members up to the first header that is none, within the room.
pub fn list<'a>(view: &View<'a>, room: &mut ListRoom<'_>) -> io::Result<MemberList<'a>> {
    let mut members = Vec::new();
    let mut names = Vec::new();
    let mut at = MAGIC.len() as u64;
    while room.may_read(HEADER) {
        let header = view.bytes(at, 60)?;
        let Some(size) = size(&header) else {
            break;
        };
        let content = view.slice(at + HEADER, size);
        let raw = field(&header, 0, 16);
        if raw == "//" {
            names = content.bytes(0, 1 << 20)?;
        } else {
            let at = at + view.origin();
            members.push(member(&raw, &names, &header, at, content, room)?);
            room.count();
        }
        // Members start at even offsets.
        at = at.saturating_add(HEADER + size + size % 2);
    }
    let extent = if at >= view.size() && at <= view.size() + 1 {
        Extent::Whole
    } else {
        Extent::Cut
    };
    Ok(MemberList {
        members,
        extent,
        has_long_text: room.has_long_text,
    })
}

fn size(header: &[u8]) -> Option<u64> {
    (header.len() == 60 && header.ends_with(b"`\n"))
        .then(|| field(header, 48, 10).parse().ok())
        .flatten()
}

fn field(header: &[u8], at: usize, length: usize) -> String {
    let bytes = header.get(at..at + length).unwrap_or_default();
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}

fn member<'a>(
    raw: &str,
    names: &[u8],
    header: &[u8],
    at: u64,
    content: View<'a>,
    room: &mut ListRoom<'_>,
) -> io::Result<ArchiveMember<'a>> {
    let (name, content) = name(raw, names, content, room)?;
    let number = |at, length| field(header, at, length).parse().unwrap_or(0);
    let mode = u64::from_str_radix(&field(header, 40, 8), 8).unwrap_or(0);
    let time = field(header, 16, 12).parse().unwrap_or(0);
    let fields = vec![
        Field {
            name: "mtime",
            value: FieldValue::Time(time),
            offset: at + 16,
        },
        Field {
            name: "uid",
            value: FieldValue::Owner(number(28, 6)),
            offset: at + 28,
        },
        Field {
            name: "gid",
            value: FieldValue::Owner(number(34, 6)),
            offset: at + 34,
        },
        Field {
            name: "mode",
            value: FieldValue::Mode(mode & 0o7777),
            offset: at + 40,
        },
    ];
    let packing = if name == INDEX {
        Packing::Index
    } else {
        Packing::Plain
    };
    Ok(ArchiveMember {
        name,
        fields,
        content,
        packing,
    })
}

/// `name/` (GNU), `/12` into the table of long names (GNU), `#1/20` before the content (BSD).
fn name<'a>(
    raw: &str,
    names: &[u8],
    content: View<'a>,
    room: &mut ListRoom<'_>,
) -> io::Result<(String, View<'a>)> {
    if let Some(length) = raw
        .strip_prefix("#1/")
        .and_then(|digits| digits.parse::<u16>().ok())
    {
        let bytes = content.bytes(0, usize::from(length))?;
        let name = room.text(&bytes).trim_end_matches('\0').to_owned();
        let rest = content.slice(u64::from(length), content.size());
        return Ok((name, rest));
    }
    if let Some(start) = raw
        .strip_prefix('/')
        .and_then(|digits| digits.parse::<usize>().ok())
    {
        let rest = names.get(start..).unwrap_or_default();
        // One byte more than is kept tells that a name is longer.
        let rest = &rest[..rest.len().min(LONGEST_TEXT + 1)];
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let name = room.text(line).trim_end_matches('/').to_owned();
        return Ok((name, content));
    }
    let name = if raw == "/" || raw == "/SYM64/" {
        INDEX
    } else {
        raw.trim_end_matches('/')
    };
    Ok((name.to_owned(), content))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for (name, content) in members {
            let size = content.len();
            let header = format!("{name:<16}0           0     0     100644  {size:<10}`\n");
            bytes.extend(header.bytes());
            bytes.extend(*content);
            bytes.extend(std::iter::repeat_n(b'\n', size % 2));
        }
        bytes
    }

    #[test]
    fn members_are_found_behind_odd_sizes() {
        let bytes = archive(&[("debian-binary/", b"2.0"), ("data.tar.xz", b"data")]);
        let list = members(&View::of(&bytes), 10).unwrap();
        assert_eq!(list.members[1].name, "data.tar.xz");
        assert_eq!(list.members[1].content.bytes(0, 9).unwrap(), b"data");
        assert_eq!(list.extent, Extent::Whole);
    }

    #[test]
    fn damage_is_no_end() {
        let bytes = archive(&[("a", b"1234")]);
        for length in [40, 70] {
            let cut = bytes[..length].to_vec();
            let list = members(&View::of(&cut), 10).unwrap();
            assert_eq!(list.extent, Extent::Cut);
        }
    }
}
