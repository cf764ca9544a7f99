//! Tape archives: ustar, GNU and pax.

use std::io;

use super::member::{ArchiveMember, Extent, Field, FieldValue, MemberList, Packing};
use crate::content::View;

/// Headers and contents fill whole blocks.
const BLOCK: u64 = 512;
/// The most bytes of a long name or of pax records that are read.
const LONGEST: usize = 64 * 1024;

/// What headers before a member say of it.
#[derive(Default)]
struct ExtraHeaders {
    name: Option<String>,
    link: Option<String>,
    records: Vec<(String, String)>,
    offset: u64,
}

/// The members of an archive, at most so many.
pub fn members<'a>(view: &View<'a>, most: usize) -> io::Result<MemberList<'a>> {
    let mut members = Vec::new();
    let mut ahead = ExtraHeaders::default();
    let mut at = 0;
    while members.len() < most && at < view.size() {
        let header = view.bytes(at, 512)?;
        let Some(size) = size(&header) else {
            let extent = if header.len() == 512 {
                Extent::Whole
            } else {
                Extent::Cut
            };
            return Ok(MemberList { members, extent });
        };
        if view.size() - at < BLOCK.saturating_add(size) {
            break;
        }
        let content = view.slice(at + BLOCK, size);
        let origin = view.origin() + at;
        match header[156] {
            b'L' => ahead.name = Some(long(&content)?),
            b'K' => ahead.link = Some(long(&content)?),
            b'x' | b'g' => {
                ahead.records = records(&content.bytes(0, LONGEST)?);
                ahead.offset = origin + BLOCK;
            }
            _ => members.push(member(&header, std::mem::take(&mut ahead), origin, content)),
        }
        at = at
            .saturating_add(BLOCK)
            .saturating_add(size.div_ceil(BLOCK).saturating_mul(BLOCK));
    }
    Ok(MemberList {
        members,
        extent: Extent::Cut,
    })
}

/// The size of the content of a header; nothing at the end of the archive.
fn size(header: &[u8]) -> Option<u64> {
    if header.len() < 512 || header[0] == 0 || &header[257..262] != b"ustar" {
        return None;
    }
    // Links and devices may carry a size but have no content.
    let size = number(header, 124, 12);
    Some(if matches!(header[156], b'1'..=b'6') {
        0
    } else {
        size
    })
}

fn member<'a>(header: &[u8], ahead: ExtraHeaders, at: u64, content: View<'a>) -> ArchiveMember<'a> {
    let field = |name, value, offset| Field {
        name,
        value,
        offset: at + offset,
    };
    let owner = |offset, length| FieldValue::OwnerName(text(header, offset, length));
    let link = ahead.link.unwrap_or_else(|| text(header, 157, 100));
    let mut fields = vec![
        field(
            "mtime",
            FieldValue::Time(i64::try_from(number(header, 136, 12)).unwrap_or(i64::MAX)),
            136,
        ),
        field("uid", FieldValue::Owner(number(header, 108, 8)), 108),
        field("gid", FieldValue::Owner(number(header, 116, 8)), 116),
        field("user", owner(265, 32), 265),
        field("group", owner(297, 32), 297),
        field(
            "mode",
            FieldValue::Mode(number(header, 100, 8) & 0o7777),
            100,
        ),
        field(
            "type",
            FieldValue::Other(char::from(header[156]).to_string()),
            156,
        ),
        field("link target", FieldValue::Other(link), 157),
    ];
    for (key, value) in &ahead.records {
        fields.extend(pax_name(key).map(|name| Field {
            name,
            value: FieldValue::Other(value.clone()),
            offset: ahead.offset,
        }));
    }
    let path = ahead
        .records
        .into_iter()
        .find(|(key, _)| key == "path")
        .map(|(_, value)| value);
    let name = path.or(ahead.name).unwrap_or_else(|| name(header));
    ArchiveMember {
        name,
        fields,
        content,
        packing: Packing::Plain,
    }
}

fn pax_name(key: &str) -> Option<&'static str> {
    Some(match key {
        "mtime" => "pax mtime",
        "atime" => "pax atime",
        "ctime" => "pax ctime",
        "uid" => "pax uid",
        "gid" => "pax gid",
        "uname" => "pax user",
        "gname" => "pax group",
        "linkpath" => "pax link target",
        _ => return None,
    })
}

fn name(header: &[u8]) -> String {
    let (prefix, name) = (text(header, 345, 155), text(header, 0, 100));
    // GNU keeps times where ustar has its prefix; its magic is `ustar  `.
    if prefix.is_empty() || header[262] == b' ' {
        name
    } else {
        format!("{prefix}/{name}")
    }
}

fn text(header: &[u8], at: usize, length: usize) -> String {
    let bytes = header.get(at..at + length).unwrap_or_default();
    let end = bytes
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// Octal digits, or the binary form of GNU where the first bit is set.
fn number(header: &[u8], at: usize, length: usize) -> u64 {
    let bytes = header.get(at..at + length).unwrap_or_default();
    if bytes.first().is_some_and(|byte| byte & 0x80 != 0) {
        let low = bytes.last_chunk::<7>();
        return low.map_or(0, |low| {
            low.iter()
                .fold(0, |value, byte| value << 8 | u64::from(*byte))
        });
    }
    let digits = bytes.iter().filter(|byte| (b'0'..=b'7').contains(byte));
    digits.fold(0, |value: u64, byte| {
        value.wrapping_mul(8).wrapping_add(u64::from(byte - b'0'))
    })
}

fn long(content: &View<'_>) -> io::Result<String> {
    let bytes = content.bytes(0, LONGEST)?;
    Ok(text(&bytes, 0, bytes.len()))
}

/// The records `LENGTH KEY=VALUE\n` of a pax header.
fn records(mut bytes: &[u8]) -> Vec<(String, String)> {
    let mut records = Vec::new();
    while let Some((record, rest)) = record(bytes) {
        let text = String::from_utf8_lossy(record);
        if let Some((key, value)) = text.split_once('=') {
            records.push((key.to_owned(), value.to_owned()));
        }
        bytes = rest;
    }
    records
}

fn record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = bytes.iter().position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(&bytes[..space]).ok()?.parse().ok()?;
    let record = bytes.get(space + 1..length.checked_sub(1)?)?;
    Some((record, bytes.get(length..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pax_records() {
        let found = records(b"30 mtime=1795360848.123456789\n12 path=a/b\n");
        assert_eq!(
            found[0],
            ("mtime".to_owned(), "1795360848.123456789".to_owned())
        );
        assert_eq!(found[1], ("path".to_owned(), "a/b".to_owned()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_archive_or_none(head: Vec<u8>, kind: u8, size in 0_u64..5000) {
            let mut bytes = vec![0; 1536];
            let count = head.len().min(1536);
            bytes[..count].copy_from_slice(&head[..count]);
            bytes[0] = b'a';
            bytes[156] = kind;
            bytes[257..262].copy_from_slice(b"ustar");
            bytes[124..136].copy_from_slice(format!("{size:012o}").as_bytes());
            let _members = members(&View::of(&bytes), 10).unwrap();
        }

        #[test]
        fn any_records_are_read(bytes: Vec<u8>) {
            let _records = records(&bytes);
        }
    }
}
