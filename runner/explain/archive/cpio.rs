//! Archives of `cpio` in the format of `-H newc`, which initial file systems and packages are made of.

use std::io;

use super::budget::ListRoom;
use super::member::{ArchiveMember, Extent, Field, FieldValue, MemberList, Packing};
use crate::content::View;
use crate::content_kind::ContentKind;

/// A magic of six digits, then thirteen fields of eight hexadecimal digits.
const HEADER: u64 = 110;
/// The name of what is no member but the end.
const TRAILER: &str = "TRAILER!!!";
/// The most bytes of a name that are read.
const LONGEST: u64 = 64 * 1024;

/// The members of an archive, within the room.
pub fn members<'a>(view: &View<'a>, room: &mut ListRoom<'_>) -> io::Result<MemberList<'a>> {
    let (mut members, mut at) = (Vec::new(), 0);
    while room.may_read(HEADER) {
        let Some(header) = Header::read(view, at)? else {
            break;
        };
        let name = view.bytes(
            at + HEADER,
            usize::try_from(header.name).unwrap_or(usize::MAX),
        )?;
        let name = name.strip_suffix(b"\0").unwrap_or(&name);
        let name = room.text(name).trim_end_matches('\0').to_owned();
        if name == TRAILER {
            let extent = Extent::Whole;
            let has_long_text = room.has_long_text;
            return Ok(MemberList {
                members,
                extent,
                has_long_text,
            });
        }
        let start = padded(at + HEADER + header.name);
        if view.size() < start.saturating_add(header.size) {
            break;
        }
        members.push(ArchiveMember {
            name,
            fields: header.fields(view.origin() + at),
            content: view.slice(start, header.size),
            packing: Packing::Plain,
        });
        room.count();
        at = padded(start + header.size);
    }
    Ok(MemberList {
        members,
        ..MemberList::cut()
    })
}

/// Names and contents fill whole words.
fn padded(at: u64) -> u64 {
    at.next_multiple_of(4)
}

/// What stands before a name.
struct Header {
    numbers: Vec<u64>,
    size: u64,
    name: u64,
}

impl Header {
    fn read(view: &View<'_>, at: u64) -> io::Result<Option<Self>> {
        let bytes = view.bytes(at, 110)?;
        let is_one = bytes.len() == 110
            && ContentKind::of("", &view.slice(at, HEADER))? == ContentKind::Cpio;
        let digits = bytes.get(6..).unwrap_or_default().chunks(8);
        let numbers: Option<Vec<u64>> = digits.map(hexadecimal).collect();
        Ok(numbers.filter(|_| is_one).and_then(Self::of))
    }

    fn of(numbers: Vec<u64>) -> Option<Self> {
        let (size, name) = (*numbers.get(6)?, *numbers.get(11)?);
        (1..=LONGEST).contains(&name).then_some(Self {
            numbers,
            size,
            name,
        })
    }

    /// The count of links follows from what else is packed, and the major number of a device hardly
    /// differs where the minor does not.
    fn fields(&self, origin: u64) -> Vec<Field> {
        let field = |name, at: usize, value: fn(u64) -> FieldValue| Field {
            name,
            value: value(self.numbers[at]),
            offset: origin + 6 + 8 * at as u64,
        };
        vec![
            field("mtime", 5, |number| FieldValue::Time(number.cast_signed())),
            field("uid", 2, FieldValue::Owner),
            field("gid", 3, FieldValue::Owner),
            field("mode", 1, |number| FieldValue::Mode(number & 0o7777)),
            field("inode", 0, |number| FieldValue::Other(number.to_string())),
            field("device", 8, |number| FieldValue::Other(number.to_string())),
        ]
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
