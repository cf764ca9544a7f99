//! The sections of an ELF file with their symbols.

use std::collections::BTreeMap;

use object::read::elf::{ElfFile, FileHeader};
use object::{Object, ObjectSection, ObjectSymbol, SectionKind};

/// A section of one side.
pub struct Section<'b> {
    /// What it is for.
    pub kind: SectionKind,
    /// Its bytes; none where it takes no room in the file.
    pub data: &'b [u8],
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
            data: section.data().unwrap_or_default(),
            offset: section.file_range().map_or(0, |(start, _)| start),
            address: section.address(),
            symbols,
        };
        found.insert((name, *count), value);
        *count += 1;
    }
    found
}
