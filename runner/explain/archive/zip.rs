//! Zip archives and what builds on them: jar, wheel, epub. Read by the central directory.

use std::io;

use super::budget::ListRoom;
use super::member::{ArchiveMember, Extent, Field, FieldValue, MemberList, Packing};
use zwieback_model::civil::Civil;

use crate::content::View;

/// The end record with the longest comment.
const TAIL: u64 = 22 + 0xffff;
/// The most bytes of a central directory that are read.
const DIRECTORY: usize = 32 << 20;

/// A record of the central directory.
struct Record<'d> {
    bytes: &'d [u8],
    name: &'d [u8],
    extra: &'d [u8],
    comment: &'d [u8],
}

/// The members of an archive, within the room.
pub fn members<'a>(view: &View<'a>, room: &mut ListRoom<'_>) -> io::Result<MemberList<'a>> {
    let tail_at = view.size().saturating_sub(TAIL);
    if !room.may_read(TAIL.min(view.size())) {
        return Ok(MemberList::cut());
    }
    let tail = view.bytes(tail_at, 22 + 0xffff)?;
    let Some(end) = tail.windows(4).rposition(|window| window == b"PK\x05\x06") else {
        return Ok(MemberList::default());
    };
    let (Some(size), Some(start)) = (four(&tail, end + 12), four(&tail, end + 16)) else {
        return Ok(MemberList::default());
    };
    let directory = view.slice(u64::from(start), u64::from(size));
    if !room.may_read(directory.size().min(DIRECTORY as u64)) {
        return Ok(MemberList::cut());
    }
    let directory = directory.bytes(0, DIRECTORY)?;
    let mut members = Vec::new();
    let mut at = 0;
    while let Some((record, length)) = record(&directory, at).filter(|_| room.may_read(30)) {
        let place = view.origin() + u64::from(start) + at as u64;
        members.push(member(view, &record, place, room)?);
        room.count();
        at += length;
    }
    let extent = if at == directory.len() {
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

fn record(directory: &[u8], at: usize) -> Option<(Record<'_>, usize)> {
    let bytes = directory
        .get(at..at + 46)
        .filter(|bytes| bytes.starts_with(b"PK\x01\x02"))?;
    let lengths = [28, 30, 32].map(|field| usize::from(two(bytes, field).unwrap_or(0)));
    let name_at = at + 46;
    let extra_at = name_at + lengths[0];
    let comment_at = extra_at + lengths[1];
    let end = comment_at + lengths[2];
    let record = Record {
        bytes,
        name: directory.get(name_at..extra_at)?,
        extra: directory.get(extra_at..comment_at)?,
        comment: directory.get(comment_at..end)?,
    };
    Some((record, end - at))
}

fn member<'a>(
    view: &View<'a>,
    record: &Record<'_>,
    at: u64,
    room: &mut ListRoom<'_>,
) -> io::Result<ArchiveMember<'a>> {
    let get = |offset| four(record.bytes, offset).unwrap_or(0);
    let half = |offset| two(record.bytes, offset).unwrap_or(0);
    let field = |name, value, offset| Field {
        name,
        value,
        offset: at + offset,
    };
    let mut fields = vec![
        field(
            "mtime",
            FieldValue::LocalTime(dos_time(half(14), half(12))),
            12,
        ),
        field(
            "mode",
            FieldValue::Mode(u64::from(get(38) >> 16 & 0o7777)),
            38,
        ),
        field("made-by version", FieldValue::Other(half(4).to_string()), 4),
        field(
            "compression method",
            FieldValue::Other(half(10).to_string()),
            10,
        ),
        field("comment", FieldValue::Other(room.text(record.comment)), 46),
    ];
    fields.extend(
        extras(record.extra).map(|(name, value)| field(name, value, 46 + record.name.len() as u64)),
    );
    let local = view.bytes(u64::from(get(42)), 30)?;
    let skip =
        30 + u64::from(two(&local, 26).unwrap_or(0)) + u64::from(two(&local, 28).unwrap_or(0));
    // 0xffffffff points to a zip64 field, for members above 4 GiB.
    let huge = get(20) == u32::MAX || get(42) == u32::MAX;
    let packing = match half(10) {
        _ if huge || !local.starts_with(b"PK\x03\x04") => Packing::Foreign,
        0 => Packing::Plain,
        8 => Packing::Deflated,
        _ => Packing::Foreign,
    };
    let content = view.slice(u64::from(get(42)) + skip, u64::from(get(20)));
    Ok(ArchiveMember {
        name: room.text(record.name),
        fields,
        content,
        packing,
    })
}

/// Info-ZIP's extra fields: `UT` holds the time in seconds, `ux` the owner. The first one of each counts.
fn extras(mut extra: &[u8]) -> impl Iterator<Item = (&'static str, FieldValue)> {
    let (mut time, mut owner) = (None, None);
    while let (Some(tag), Some(length)) = (two(extra, 0), two(extra, 2)) {
        let end = 4 + usize::from(length);
        let body = extra.get(4..end).unwrap_or_default();
        match tag {
            0x5455 => {
                let read = four(body, 1);
                time = time.or(read.map(|at| ("extended mtime", FieldValue::Time(i64::from(at)))));
            }
            0x7875 => {
                let read = four(body, 2);
                owner = owner.or(read.map(|uid| ("uid", FieldValue::Owner(u64::from(uid)))));
            }
            _ => {}
        }
        extra = extra.get(end..).unwrap_or_default();
    }
    time.into_iter().chain(owner)
}

/// The date and time of MS-DOS: local, in steps of two seconds, from 1980.
fn dos_time(date: u16, time: u16) -> i64 {
    let (date, time) = (i64::from(date), i64::from(time));
    let civil = Civil {
        year: 1980 + (date >> 9),
        month: (date >> 5 & 15).clamp(1, 12),
        day: date & 31,
        hour: time >> 11,
        minute: time >> 5 & 63,
        second: 2 * (time & 31),
    };
    civil.to_unix()
}

fn two(bytes: &[u8], at: usize) -> Option<u16> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|chunk| u16::from_le_bytes(*chunk))
}

fn four(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|chunk| u32::from_le_bytes(*chunk))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::budget::ListBudget;
    use proptest::prelude::*;

    #[test]
    fn the_time_of_ms_dos() {
        // 2026-11-22 15:20:48
        let (date, time) = (0x5d76, 0x7a98);
        assert_eq!(dos_time(date, time), 1_795_360_848);
    }

    #[test]
    fn a_field_that_is_repeated_counts_once() {
        let time = b"UT\x05\0\x01\x07\0\0\0".repeat(7000);
        let found: Vec<_> = extras(&time).collect();
        assert_eq!(found, [("extended mtime", FieldValue::Time(7))]);
    }

    proptest! {
        #[test]
        fn any_directory_is_read(middle: Vec<u8>, size: u32, start in 0_u32..64) {
            let mut bytes = b"PK\x03\x04PK\x01\x02".to_vec();
            bytes.extend(middle);
            bytes.extend(b"PK\x05\x06\0\0\0\0\0\0\0\0");
            bytes.extend(size.to_le_bytes());
            bytes.extend(start.to_le_bytes());
            let _members = members(&View::of(&bytes), &mut ListBudget::default().room(10)).unwrap();
        }
    }
}
