//! Tape archives: ustar, GNU and pax.

use std::borrow::Cow;
use std::io::{self, Read};

use tar::{EntryType, Header, PaxExtensions};

use super::budget::ListRoom;
use super::member::{ArchiveMember, Extent, Field, FieldValue, MemberList, Packing};
use crate::content::View;

/// Headers and contents fill whole blocks.
const BLOCK: u64 = 512;
/// The most a header that describes the next member may hold.
///
/// The tar crate reads such headers whole: kilobytes of gzip could ask for gigabytes of name. So they are read here.
const LARGEST_HEADER: u64 = 1 << 20;
/// What a pax record says of a member besides its name, and how that is called here.
const PAX: [(&[u8], &str); 8] = [
    (b"mtime", "pax mtime"),
    (b"atime", "pax atime"),
    (b"ctime", "pax ctime"),
    (b"uid", "pax uid"),
    (b"gid", "pax gid"),
    (b"uname", "pax user"),
    (b"gname", "pax group"),
    (b"linkpath", "pax link target"),
];

/// A row of pax records, each a key and a value.
type Records = Vec<(Vec<u8>, Vec<u8>)>;

/// What the headers before a member say of it.
#[derive(Default)]
pub struct ExtraHeaders {
    /// GNU's long name.
    name: Option<Vec<u8>>,
    /// GNU's long target of a link.
    link: Option<Vec<u8>>,
    /// The records of its pax header.
    pub records: Records,
    /// Where these stand in the archive.
    offset: u64,
}

/// Why a header before a member cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ExtraHeaderError {
    /// The stream ends early or breaks its own format.
    #[error(transparent)]
    Damaged(#[from] io::Error),
    /// It is larger than anything a name needs.
    #[error("header of {0} bytes")]
    TooLarge(u64),
}

impl ExtraHeaders {
    /// Whether a header of this type is such a header; then its content, which stands at the offset, is taken in.
    pub fn take_in(
        &mut self,
        kind: EntryType,
        (offset, size): (u64, u64),
        content: &mut impl Read,
    ) -> Result<bool, ExtraHeaderError> {
        match kind {
            EntryType::GNULongName => self.name = Some(c_string(read(size, content)?)),
            EntryType::GNULongLink => self.link = Some(c_string(read(size, content)?)),
            EntryType::XHeader => {
                self.records = records(&read(size, content)?)?;
                self.offset = offset;
            }
            // Defaults for all members: git writes the commit here, nothing that a tree holds.
            EntryType::XGlobalHeader => drop(read(size, content)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The name of the member with this header.
    pub fn name<'h>(&'h self, header: &'h Header) -> Cow<'h, [u8]> {
        let long = self.record(b"path").or(self.name.as_deref());
        long.map_or_else(|| header.path_bytes(), Cow::Borrowed)
    }

    /// The target of the link with this header.
    pub fn link<'h>(&'h self, header: &'h Header) -> Option<Cow<'h, [u8]>> {
        let long = self.record(b"linkpath").or(self.link.as_deref());
        long.map(Cow::Borrowed).or_else(|| header.link_name_bytes())
    }

    /// The whole seconds of the modification time of the member with this header.
    pub fn mtime(&self, header: &Header) -> Option<i64> {
        let text = self.record(b"mtime").map(String::from_utf8_lossy);
        let seconds = text.and_then(|text| text.split('.').next()?.parse().ok());
        seconds.or_else(|| i64::try_from(header.mtime().ok()?).ok())
    }

    /// The value of a record; of two with one key the last one counts.
    fn record(&self, key: &[u8]) -> Option<&[u8]> {
        let mut records = self.records.iter().rev();
        let found = records.find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_slice())
    }
}

/// The members of an archive, within the room. A header counts whatever its checksum says: nothing hides behind
/// a wrong one.
pub fn members<'a>(view: &View<'a>, room: &mut ListRoom<'_>) -> io::Result<MemberList<'a>> {
    let (mut list, mut extra, mut at) = (MemberList::cut(), ExtraHeaders::default(), 0);
    while room.may_read(BLOCK) {
        let bytes = view.bytes(at, 512)?;
        let Ok(bytes) = <[u8; 512]>::try_from(bytes) else {
            return Ok(list);
        };
        let header = Header::from_byte_slice(&bytes);
        if bytes[0] == 0 || &bytes[257..262] != b"ustar" {
            list.extent = Extent::Whole;
            return Ok(list);
        }
        // Links and devices may carry a size but have no content.
        let size = match bytes[156] {
            b'1'..=b'6' => 0,
            _ => header.entry_size().unwrap_or(u64::MAX),
        };
        let start = at.saturating_add(BLOCK);
        let content = view.slice(start, size);
        if content.size() < size {
            return Ok(list);
        }
        // What cannot be read says nothing of the member, which is listed all the same.
        let taken = extra.take_in(header.entry_type(), (start, size), &mut content.reader());
        if matches!(taken, Ok(false)) {
            let extra = std::mem::take(&mut extra);
            let member = member(view, &extra, header, (at, content), room);
            list.members.push(member);
            room.count();
        }
        at = start.saturating_add(size.div_ceil(BLOCK).saturating_mul(BLOCK));
    }
    Ok(list)
}

fn member<'a>(
    view: &View<'a>,
    extra: &ExtraHeaders,
    header: &Header,
    (at, content): (u64, View<'a>),
    room: &mut ListRoom<'_>,
) -> ArchiveMember<'a> {
    let mut fields = fields(header, extra, view.origin().saturating_add(at), room);
    for (key, name) in PAX {
        // Of a hundred thousand records with one key the last one counts, and no other is held or compared.
        fields.extend(extra.record(key).map(|value| Field {
            name,
            value: FieldValue::Other(room.text(value)),
            offset: view.origin().saturating_add(extra.offset),
        }));
    }
    ArchiveMember {
        name: room.text(&extra.name(header)),
        fields,
        content,
        packing: Packing::Plain,
    }
}

fn fields(header: &Header, extra: &ExtraHeaders, at: u64, room: &mut ListRoom<'_>) -> Vec<Field> {
    let field = |name, offset, value| Field {
        name,
        value,
        offset: at.saturating_add(offset),
    };
    let id = |id: io::Result<u64>| FieldValue::Owner(id.unwrap_or(0));
    let mut owner =
        |name: Option<&[u8]>| FieldValue::OwnerName(room.text(name.unwrap_or_default()));
    let time = i64::try_from(header.mtime().unwrap_or(0)).unwrap_or(i64::MAX);
    let mode = u64::from(header.mode().unwrap_or(0)) & 0o7777;
    let kind = char::from(header.entry_type().as_byte());
    // A pax record of a target is a field of its own.
    let link = extra.link.as_deref().map(Cow::Borrowed);
    let link = link.or_else(|| header.link_name_bytes());
    let (user, group) = (
        owner(header.username_bytes()),
        owner(header.groupname_bytes()),
    );
    let target = room.text(&link.unwrap_or_default());
    vec![
        field("mtime", 136, FieldValue::Time(time)),
        field("uid", 108, id(header.uid())),
        field("gid", 116, id(header.gid())),
        field("user", 265, user),
        field("group", 297, group),
        field("mode", 100, FieldValue::Mode(mode)),
        field("type", 156, FieldValue::Other(kind.to_string())),
        field("link target", 157, FieldValue::Other(target)),
    ]
}

fn records(bytes: &[u8]) -> io::Result<Records> {
    let extensions = PaxExtensions::new(bytes);
    extensions
        .map(|extension| {
            let extension = extension?;
            Ok((
                extension.key_bytes().to_owned(),
                extension.value_bytes().to_owned(),
            ))
        })
        .collect()
}

fn read(size: u64, content: &mut impl Read) -> Result<Vec<u8>, ExtraHeaderError> {
    if size > LARGEST_HEADER {
        return Err(ExtraHeaderError::TooLarge(size));
    }
    let mut bytes = Vec::new();
    content.take(size).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn c_string(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.iter().position(|byte| *byte == 0);
    bytes.truncate(end.unwrap_or(bytes.len()));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::budget::ListBudget;
    use proptest::prelude::*;

    #[test]
    fn pax_records() {
        let found = records(b"30 mtime=1795360848.123456789\n12 path=a/b\n").unwrap();
        let extra = ExtraHeaders {
            records: found,
            ..ExtraHeaders::default()
        };
        let header = Header::new_ustar();
        assert_eq!(extra.mtime(&header), Some(1_795_360_848));
        assert_eq!(extra.name(&header), b"a/b".as_slice());
    }

    #[test]
    fn a_record_that_is_repeated_makes_one_field() {
        let record = b"9 atime=\n".repeat(50_000);
        let mut header = Header::new_ustar();
        header.set_path("x").unwrap();
        header.set_entry_type(EntryType::XHeader);
        header.set_size(record.len() as u64);
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend(&record);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        let mut header = Header::new_ustar();
        header.set_path("a").unwrap();
        header.set_size(0);
        header.set_cksum();
        bytes.extend(header.as_bytes());
        bytes.extend([0; 1024]);
        let list = members(&View::of(&bytes), &mut ListBudget::default().room(10)).unwrap();
        let names = list.members[0].fields.iter().map(|field| field.name);
        assert_eq!(names.filter(|name| *name == "pax atime").count(), 1);
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
            let _members = members(&View::of(&bytes), &mut ListBudget::default().room(10)).unwrap();
        }

        #[test]
        fn any_records_are_read(bytes: Vec<u8>) {
            let _records = records(&bytes);
        }
    }
}
