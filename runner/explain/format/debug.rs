//! Debug information (DWARF): what each compilation unit says of its name, folder and compiler.

use std::borrow::Cow;

use gimli::{
    AttributeValue, DebugStrOffsetsBase, EndianSlice, Reader as _, RunTimeEndian, Section as _,
    SectionId, constants,
};
use object::read::elf::{ElfFile, FileHeader};
use object::{Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget};

use super::sections::{FileRoom, content};
use crate::cause::Cause;
use crate::certainty::Certainty;
use crate::evidence::attribution::Attribution;
use crate::evidence::context::TextContext;
use crate::excerpt;
use crate::location::{FindingDraft, Location};
use crate::walk::Walk;
use zwieback_model::variation::factor::Factor;

/// Units read in one file, readable or not.
const UNITS: usize = 4096;
/// Bytes read of a table of abbreviations, which units may share: each takes twenty times its length in memory.
/// Compilers write a few kilobytes for a unit.
const ABBREVIATIONS: usize = 64 << 10;

/// What the first entry of a compilation unit says: the attribute and its text.
pub type Unit = Vec<(&'static str, Vec<u8>)>;

type Slice<'b> = EndianSlice<'b, RunTimeEndian>;

/// Explains differing attributes, unit by unit.
pub fn explain(walk: &mut Walk<'_>, location: &Location, a: &[Unit], b: &[Unit]) {
    for (unit_a, unit_b) in a.iter().zip(b).take(walk.limits.classified) {
        for ((name, left), (other, right)) in unit_a.iter().zip(unit_b) {
            if name == other && left != right {
                attribute(walk, location, name, left, right);
            }
        }
    }
}

fn attribute(walk: &mut Walk<'_>, location: &Location, name: &str, left: &[u8], right: &[u8]) {
    for classified in walk.classifier.lines(TextContext::Debug, left, right) {
        let mut attribution = classified.attribution;
        if attribution.cause.is_nameless() && name == "DW_AT_comp_dir" {
            // Whatever the folder was, this is where the compiler was called.
            attribution =
                Attribution::new(Cause::DebugPath, Certainty::Guess, vec![Factor::BuildPath]);
        }
        let draft = FindingDraft {
            detail: format!("{name} in .debug_info"),
            offset: None,
            left: excerpt::around(left, &classified.a),
            right: excerpt::around(right, &classified.b),
            attribution,
            context: left,
        };
        walk.add(location, draft);
    }
}

/// The compilation units of a file; none where there is no readable debug information.
pub fn units<H: FileHeader>(file: &ElfFile<'_, H>, room: &mut FileRoom) -> Vec<Unit> {
    let order = if file.is_little_endian() {
        RunTimeEndian::Little
    } else {
        RunTimeEndian::Big
    };
    let load = |id: SectionId| -> Result<Cow<'_, [u8]>, gimli::Error> {
        Ok(relocated(file, id.name(), room))
    };
    let Ok(sections) = gimli::DwarfSections::load(load) else {
        return Vec::new();
    };
    let dwarf = sections.borrow(|bytes| EndianSlice::new(bytes, order));
    let mut units = Vec::new();
    let mut headers = dwarf.units();
    let mut tried = 0;
    while let (Ok(Some(header)), true) = (headers.next(), tried < UNITS && !room.is_used_up) {
        units.extend(attributes(&dwarf, &header, room));
        tried += 1;
    }
    units
}

/// What the first entry of a unit says. Nothing else of it is read: its line numbers and its table of
/// abbreviations may be as long as the file, and every unit may name the same ones.
fn attributes(
    dwarf: &gimli::Dwarf<Slice<'_>>,
    header: &gimli::UnitHeader<Slice<'_>>,
    room: &mut FileRoom,
) -> Option<Unit> {
    let names = [
        (constants::DW_AT_comp_dir, "DW_AT_comp_dir"),
        (constants::DW_AT_name, "DW_AT_name"),
        (constants::DW_AT_producer, "DW_AT_producer"),
        (constants::DW_AT_dwo_name, "DW_AT_dwo_name"),
    ];
    let offset = header.debug_abbrev_offset().0;
    let tables = dwarf.debug_abbrev.reader().slice();
    let end = offset.saturating_add(ABBREVIATIONS).min(tables.len());
    let cut = gimli::DebugAbbrev::new(tables.get(..end)?, dwarf.debug_abbrev.reader().endian());
    let abbreviations = header.abbreviations(&cut).ok()?;
    let mut entries = header.entries(&abbreviations);
    let entry = entries.next_dfs().ok()??;
    let base = match entry.attr_value(constants::DW_AT_str_offsets_base) {
        Some(AttributeValue::DebugStrOffsetsBase(base)) => base,
        _ => DebugStrOffsetsBase::default_for_encoding_and_file(header.encoding(), dwarf.file_type),
    };
    // Units may share one string, as long as a section.
    let mut text = |name| {
        let text = match entry.attr_value(name)? {
            AttributeValue::DebugStrOffsetsIndex(index) => {
                let offsets = &dwarf.debug_str_offsets;
                let offset = offsets.get_str_offset(header.format(), base, index);
                dwarf.string(offset.ok()?)
            }
            other => dwarf.attr_line_string(other),
        };
        room.text(text.ok()?.slice()).map(<[u8]>::to_vec)
    };
    Some(
        names
            .iter()
            .filter_map(|(name, title)| Some((*title, text(*name)?)))
            .collect(),
    )
}

/// A section's bytes. Object files leave offsets into other sections to relocations, which are
/// applied here as a linker would that puts every section at 0.
fn relocated<'b, H: FileHeader>(
    file: &ElfFile<'b, H>,
    name: &str,
    room: &mut FileRoom,
) -> Cow<'b, [u8]> {
    let Some(section) = file.section_by_name(name) else {
        return Cow::Borrowed(&[]);
    };
    let data = content(&section, room);
    let mut relocations = section.relocations().peekable();
    let is_copied = matches!(data, Cow::Borrowed(_));
    if relocations.peek().is_none() || is_copied && !room.make(data.len()) {
        return data;
    }
    let mut bytes = data.into_owned();
    for (offset, relocation) in relocations {
        let symbol = match relocation.target() {
            RelocationTarget::Symbol(index) => file
                .symbol_by_index(index)
                .map_or(0, |symbol| symbol.address()),
            _ => 0,
        };
        let value = symbol.wrapping_add_signed(relocation.addend());
        patch(
            &mut bytes,
            offset,
            width(relocation.flags()),
            value,
            file.is_little_endian(),
        );
    }
    Cow::Owned(bytes)
}

/// The bytes an absolute relocation fills: `R_X86_64_64` and `R_AARCH64_ABS64` eight, the others four.
fn width(flags: RelocationFlags) -> usize {
    match flags {
        RelocationFlags::Elf { r_type } if matches!(r_type.0, 1 | 257) => 8,
        _ => 4,
    }
}

fn patch(bytes: &mut [u8], offset: u64, width: usize, value: u64, little: bool) {
    let Ok(start) = usize::try_from(offset) else {
        return;
    };
    let Some(field) = start
        .checked_add(width)
        .and_then(|end| bytes.get_mut(start..end))
    else {
        return;
    };
    let low = value.to_le_bytes();
    field.copy_from_slice(&low[..width]);
    if !little {
        field.reverse();
    }
}
