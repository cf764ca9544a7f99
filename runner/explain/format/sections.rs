//! The sections of an ELF file with their symbols.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;

use object::read::elf::{ElfFile, FileHeader};
use object::{CompressionFormat, Object, ObjectSection, ObjectSymbol, SectionKind};

/// A section of one side.
pub struct Section<'b> {
    /// What it is for.
    pub kind: SectionKind,
    /// Its bytes, decompressed; none where it takes no room in the file.
    pub data: Cow<'b, [u8]>,
    /// Where it is in the file.
    pub offset: u64,
    /// Where it is in memory.
    pub address: u64,
    /// The symbols in it as address, size and name.
    pub symbols: Vec<(u64, u64, String)>,
}

/// Sections by name and by how often the name came before.
pub type Sections<'b> = BTreeMap<(String, usize), Section<'b>>;

/// What may still be read of one file: headers may share one range of bytes, one compressed section or one long
/// name many times.
#[derive(Debug)]
pub struct FileRoom {
    /// Bytes as they stand in the file.
    plain: u64,
    /// Bytes that are made: inflated, or copied to be relocated.
    made: u64,
    /// How many were made.
    pub used: u64,
    /// Whether something was left out.
    pub is_used_up: bool,
}

/// The longest name that is kept of a section, a symbol or a unit.
const LONGEST: usize = 4096;
/// What small files may share beside four times their own bytes.
const SMALL: u64 = 1 << 20;

impl FileRoom {
    /// The room of a file in which so many bytes may be made.
    pub fn of(file: &[u8], made: u64) -> Self {
        Self {
            plain: (file.len() as u64).saturating_mul(4) + SMALL,
            made,
            used: 0,
            is_used_up: false,
        }
    }

    /// The beginning of a name, while there is room.
    pub fn text<'t>(&mut self, bytes: &'t [u8]) -> Option<&'t [u8]> {
        let may = take(&mut self.plain, bytes.len() as u64);
        self.is_used_up |= !may;
        may.then(|| &bytes[..bytes.len().min(LONGEST)])
    }

    /// Whether so many bytes may be made.
    pub fn make(&mut self, bytes: usize) -> bool {
        let before = self.made;
        let may = take(&mut self.made, bytes as u64);
        self.used += before - self.made;
        self.is_used_up |= !may;
        may
    }

    fn name(&mut self, bytes: object::Result<&[u8]>) -> Option<String> {
        let bytes = self.text(bytes.unwrap_or_default())?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    }

    fn inflate(&mut self, packed: impl Read) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        // One byte more than there is room for tells that it is too long.
        let read = packed
            .take(self.made.saturating_add(1))
            .read_to_end(&mut bytes);
        (self.make(bytes.len()) && read.is_ok()).then_some(bytes)
    }
}

/// Takes so much, or all that is left where that is too little: what does not fit ends the reading.
fn take(left: &mut u64, bytes: u64) -> bool {
    let rest = left.checked_sub(bytes);
    *left = rest.unwrap_or(0);
    rest.is_some()
}

/// The sections of a file.
pub fn sections<'b, H: FileHeader>(file: &ElfFile<'b, H>, room: &mut FileRoom) -> Sections<'b> {
    let mut symbols: BTreeMap<usize, Vec<(u64, u64, String)>> = BTreeMap::new();
    for symbol in file.symbols().filter(|symbol| symbol.size() > 0) {
        if let Some(index) = symbol.section_index() {
            let Some(name) = room.name(symbol.name_bytes()) else {
                break;
            };
            symbols
                .entry(index.0)
                .or_default()
                .push((symbol.address(), symbol.size(), name));
        }
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for section in file.sections() {
        let Some(name) = room.name(section.name_bytes()) else {
            break;
        };
        let count = seen.entry(name.clone()).or_insert(0);
        let mut symbols = symbols.remove(&section.index().0).unwrap_or_default();
        symbols.sort();
        let value = Section {
            kind: section.kind(),
            data: content(&section, room),
            offset: section.file_range().map_or(0, |(start, _)| start),
            address: section.address(),
            symbols,
        };
        found.insert((name, *count), value);
        *count += 1;
    }
    found
}

/// The bytes of a section, as they were before the linker compressed them: Go does that with all debug
/// information, others when they are asked to. What cannot be inflated stays as it is.
pub fn content<'b>(section: &impl ObjectSection<'b>, room: &mut FileRoom) -> Cow<'b, [u8]> {
    let packed = section.compressed_data().ok();
    let inflated = packed.and_then(|packed| match packed.format {
        CompressionFormat::Zlib => room.inflate(flate2::read::ZlibDecoder::new(packed.data)),
        CompressionFormat::Zstandard => room.inflate(zstd::Decoder::new(packed.data).ok()?),
        _ => None,
    });
    inflated.map_or_else(|| Cow::Borrowed(plain(section, room)), Cow::Owned)
}

fn plain<'b>(section: &impl ObjectSection<'b>, room: &mut FileRoom) -> &'b [u8] {
    let data = section.data().unwrap_or_default();
    let may = take(&mut room.plain, data.len() as u64);
    room.is_used_up |= !may;
    if may { data } else { &[] }
}
