//! The sections of an ELF file with their symbols.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read as _;

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

/// The sections of a file.
pub fn sections<'b, H: FileHeader>(file: &ElfFile<'b, H>) -> Sections<'b> {
    let mut symbols: BTreeMap<usize, Vec<(u64, u64, String)>> = BTreeMap::new();
    for symbol in file.symbols().filter(|symbol| symbol.size() > 0) {
        if let Some(index) = symbol.section_index() {
            let name = symbol.name().unwrap_or_default().to_owned();
            symbols
                .entry(index.0)
                .or_default()
                .push((symbol.address(), symbol.size(), name));
        }
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for section in file.sections() {
        let name = section.name().unwrap_or_default().to_owned();
        let count = seen.entry(name.clone()).or_insert(0);
        let mut symbols = symbols.remove(&section.index().0).unwrap_or_default();
        symbols.sort();
        let value = Section {
            kind: section.kind(),
            data: content(&section),
            offset: section.file_range().map_or(0, |(start, _)| start),
            address: section.address(),
            symbols,
        };
        found.insert((name, *count), value);
        *count += 1;
    }
    found
}

/// The most bytes that one section may come to: sizes in a header are anybody's claim.
const LARGEST: u64 = 64 << 20;

/// The bytes of a section, as they were before the linker compressed them: Go does that with all debug
/// information, others when they are asked to. What cannot be read stays as it is.
pub fn content<'b>(section: &impl ObjectSection<'b>) -> Cow<'b, [u8]> {
    let plain = || Cow::Borrowed(section.data().unwrap_or_default());
    let Ok(packed) = section.compressed_data() else {
        return plain();
    };
    let mut bytes = Vec::new();
    let read = match packed.format {
        CompressionFormat::Zlib => flate2::read::ZlibDecoder::new(packed.data)
            .take(LARGEST)
            .read_to_end(&mut bytes),
        CompressionFormat::Zstandard => zstd::Decoder::new(packed.data)
            .and_then(|decoder| decoder.take(LARGEST).read_to_end(&mut bytes)),
        _ => return plain(),
    };
    read.map_or_else(|_| plain(), |_| Cow::Owned(bytes))
}
