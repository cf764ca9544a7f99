//! Members of archives: a name, fields and a content.

use std::io::{BufReader, Read};

use super::budget::LONGEST_TEXT;
use crate::content::{BLOCK, View};

/// A member of an archive of any format.
#[derive(Clone)]
pub struct ArchiveMember<'a> {
    /// Its name, as written.
    pub name: String,
    /// The fields beside the content.
    pub fields: Vec<Field>,
    /// The content, not yet decompressed.
    pub content: View<'a>,
    /// How the content is stored.
    pub packing: Packing,
}

/// The members of an archive.
#[derive(Default)]
pub struct MemberList<'a> {
    /// The members in order.
    pub members: Vec<ArchiveMember<'a>>,
    /// Whether these are all.
    pub extent: Extent,
    /// Whether a name or another text was longer than what was read of it.
    pub has_long_text: bool,
}

/// How much of an archive was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    #[default]
    Whole,
    /// Its beginning: the archive is damaged, cut off or larger than the limit.
    Cut,
}

/// How a member's content is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Plain,
    /// By DEFLATE without a header, as in zip.
    Deflated,
    /// As an index made from the other members, which is not worth a look of its own.
    Index,
    /// In a way that cannot be read here.
    Foreign,
}

/// A field of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What it is, after the word "member".
    pub name: &'static str,
    /// Its value.
    pub value: FieldValue,
    /// Where it stands, from the start of the outermost uncompressed content.
    pub offset: u64,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldValue {
    /// Seconds since 1970.
    Time(i64),
    /// A user or group id.
    Owner(u64),
    /// The name of a user or group.
    OwnerName(String),
    /// Permissions.
    Mode(u64),
    /// A time of the calendar without zone, as seconds since 1970 in that zone (zip).
    LocalTime(i64),
    /// Anything else that is compared as it is.
    Other(String),
}

impl MemberList<'_> {
    /// Nothing read yet.
    pub fn cut() -> Self {
        Self {
            members: Vec::new(),
            extent: Extent::Cut,
            has_long_text: false,
        }
    }

    /// What is said where a text was longer than what was read of it.
    pub fn long_text(&self) -> Option<String> {
        self.has_long_text
            .then(|| format!("only the first {LONGEST_TEXT} bytes of a longer name were read"))
    }
}

impl ArchiveMember<'_> {
    /// The content of a member as a stream, if its compression is one that can be read.
    pub fn stream<'v>(&'v self) -> Option<Box<dyn Read + 'v>> {
        let input = BufReader::with_capacity(BLOCK, self.content.reader());
        match self.packing {
            Packing::Plain => Some(Box::new(input)),
            Packing::Deflated => Some(Box::new(flate2::bufread::DeflateDecoder::new(input))),
            Packing::Foreign | Packing::Index => None,
        }
    }
}

impl FieldValue {
    /// How the value is shown.
    pub fn show(&self) -> String {
        match self {
            Self::Time(at) | Self::LocalTime(at) => at.to_string(),
            Self::Owner(id) => id.to_string(),
            Self::Mode(mode) => format!("{mode:04o}"),
            Self::OwnerName(text) | Self::Other(text) => crate::excerpt::text(text),
        }
    }
}
