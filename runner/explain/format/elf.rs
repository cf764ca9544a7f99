//! Programs, libraries and object files: sections by name, strings, symbols and debug information.

use std::io;

use object::read::elf::{ElfFile, FileHeader};
use object::{Endianness, FileKind, SectionKind};

use super::binary::{self, Region};
use super::sections::{FileRoom, Section, Sections, sections};
use super::{debug, machine};
use crate::cause::Cause;
use crate::certainty::Certainty;
use crate::content::View;
use crate::differ::bytes;
use crate::evidence::attribution::Attribution;
use crate::evidence::attribution::unknown;
use crate::evidence::context::TextContext;
use crate::evidence::order;
use crate::excerpt;
use crate::location::{FindingDraft, Location};
use crate::walk::Walk;
use zwieback_model::variation::factor::Factor;

/// Explains two ELF files; larger ones than the limit are compared as plain bytes.
pub fn explain(
    walk: &mut Walk<'_>,
    location: &Location,
    a: &View<'_>,
    b: &View<'_>,
) -> io::Result<()> {
    let most = walk.hold(walk.limits.program, a, b);
    if a.size().max(b.size()) > most as u64 {
        walk.skip(
            location,
            format!("programs above {most} bytes are compared as plain bytes"),
        );
        return Ok(());
    }
    let (bytes_a, bytes_b) = (a.bytes(0, most)?, b.bytes(0, most)?);
    match (FileKind::parse(&*bytes_a), FileKind::parse(&*bytes_b)) {
        (Ok(FileKind::Elf64), Ok(FileKind::Elf64)) => {
            sides::<object::elf::FileHeader64<Endianness>>(
                walk,
                location,
                a.origin(),
                &bytes_a,
                &bytes_b,
            );
        }
        (Ok(FileKind::Elf32), Ok(FileKind::Elf32)) => {
            sides::<object::elf::FileHeader32<Endianness>>(
                walk,
                location,
                a.origin(),
                &bytes_a,
                &bytes_b,
            );
        }
        _ => {}
    }
    Ok(())
}

fn sides<H: FileHeader>(walk: &mut Walk<'_>, location: &Location, origin: u64, a: &[u8], b: &[u8]) {
    let (Ok(file_a), Ok(file_b)) = (ElfFile::<H>::parse(a), ElfFile::<H>::parse(b)) else {
        return;
    };
    let before = walk.count();
    let mut rooms = rooms(walk, a, b);
    let units_a = debug::units(&file_a, &mut rooms[0]);
    let units_b = debug::units(&file_b, &mut rooms[1]);
    settle(walk, location, &rooms);
    debug::explain(walk, location, &units_a, &units_b);
    let mut rooms = self::rooms(walk, a, b);
    let sections_a = sections(&file_a, &mut rooms[0]);
    let sections_b = sections(&file_b, &mut rooms[1]);
    settle(walk, location, &rooms);
    compare(walk, location, origin, &sections_a, &sections_b);
    if walk.count() == before {
        outside(walk, location, a, b);
    }
}

/// What may be read of both sides: what they inflate is held at one time.
fn rooms(walk: &Walk<'_>, a: &[u8], b: &[u8]) -> [FileRoom; 2] {
    let made = walk.inflatable.min(walk.decompressible) / 2;
    [a, b].map(|file| FileRoom::of(file, made))
}

fn settle(walk: &mut Walk<'_>, location: &Location, rooms: &[FileRoom; 2]) {
    let used: u64 = rooms.iter().map(|room| room.used).sum();
    walk.decompressible = walk.decompressible.saturating_sub(used);
    if rooms.iter().any(|room| room.is_used_up) {
        let reason = "its sections or names come to more bytes than are read of one program";
        walk.skip(location, reason.to_owned());
    }
}

fn compare(
    walk: &mut Walk<'_>,
    location: &Location,
    origin: u64,
    a: &Sections<'_>,
    b: &Sections<'_>,
) {
    let pairs = a
        .iter()
        .filter_map(|(key, left)| Some((key.0.as_str(), left, b.get(key)?)));
    let differing: Vec<_> = pairs
        .filter(|(_, left, right)| left.data != right.data)
        .collect();
    for (name, left, right) in &differing {
        if let Some(context) = telling(name, left.kind) {
            section(
                walk,
                location,
                context,
                name,
                origin + left.offset,
                left,
                right,
            );
        }
    }
    symbol_order(walk, location, a, b);
    machine::explain(walk, location, a, b);
    names(walk, location, a, b);
    following(walk, location, origin, &differing);
}

/// What a section of this name can tell; nothing for those that follow from others.
fn telling(name: &str, kind: SectionKind) -> Option<TextContext> {
    match name {
        ".symtab" | ".dynsym" | ".hash" | ".gnu.hash" | ".shstrtab" | ".eh_frame"
        | ".eh_frame_hdr" | ".gnu_debuglink" | ".note.gnu.build-id" | ".note.go.buildid"
        | ".dynamic" => None,
        ".strtab" | ".dynstr" => Some(TextContext::Symbols),
        _ if name.starts_with(".rel") || name.starts_with(".gnu.version") => None,
        _ if name.starts_with(".gnu.lto_") => None,
        _ if name.starts_with(".debug") || name.starts_with(".gnu.debuglto_.debug") => {
            Some(TextContext::Debug)
        }
        _ => match kind {
            SectionKind::Text => Some(TextContext::Code),
            SectionKind::Metadata => None,
            _ => Some(TextContext::Constants),
        },
    }
}

/// Names only one side has: link-time optimisation puts random numbers into them.
fn names(walk: &mut Walk<'_>, location: &Location, a: &Sections<'_>, b: &Sections<'_>) {
    let only = |here: &Sections<'_>, there: &Sections<'_>| -> Vec<String> {
        here.keys()
            .filter(|key| !there.contains_key(*key))
            .map(|key| key.0.clone())
            .collect()
    };
    let (only_a, only_b) = (only(a, b), only(b, a));
    let pairs = only_a.iter().zip(&only_b);
    for (left, right) in pairs.take(walk.limits.classified) {
        let classified =
            walk.classifier
                .lines(TextContext::Symbols, left.as_bytes(), right.as_bytes());
        let attributions = classified
            .into_iter()
            .map(|classified| classified.attribution);
        let mut telling = attributions.filter(|attribution| !attribution.cause.is_nameless());
        let attribution = telling
            .next()
            .unwrap_or_else(|| unknown(nameless(walk, location)));
        walk.add(
            location,
            draft("section name", None, left, right, attribution),
        );
    }
    let rest = |names: &[String], skip: usize| {
        names
            .iter()
            .skip(skip)
            .take(3)
            .cloned()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let (left, right) = (rest(&only_a, only_b.len()), rest(&only_b, only_a.len()));
    if left != right {
        walk.add(
            location,
            draft(
                "sections",
                None,
                &left,
                &right,
                unknown(nameless(walk, location)),
            ),
        );
    }
}

/// What a difference without a cause of its own is.
fn nameless(walk: &Walk<'_>, location: &Location) -> Cause {
    if walk.has_cause_here(location) {
        Cause::Length
    } else {
        Cause::Content
    }
}

fn section(
    walk: &mut Walk<'_>,
    location: &Location,
    context: TextContext,
    name: &str,
    origin: u64,
    a: &Section<'_>,
    b: &Section<'_>,
) {
    let named = symbol_at_difference(a, b).map_or_else(
        || name.to_owned(),
        |symbol| format!("{name}, symbol {symbol}"),
    );
    let part = Region {
        context,
        name: &named,
        origin,
    };
    match context {
        TextContext::Symbols => binary::explain_strings(walk, location, &part, &a.data, &b.data),
        TextContext::Code => binary::explain_numbers(walk, location, &part, &a.data, &b.data),
        _ => {
            binary::explain_strings(walk, location, &part, &a.data, &b.data);
            binary::explain_numbers(walk, location, &part, &a.data, &b.data);
        }
    }
}

/// The symbol that covers the first difference of two sections.
fn symbol_at_difference(a: &Section<'_>, b: &Section<'_>) -> Option<String> {
    let first = bytes::ranges(&a.data, &b.data, 1).first()?.a.start;
    let at = a.address.checked_add(first)?;
    let covers = |symbol: &&(u64, u64, String)| symbol.0 <= at && at - symbol.0 < symbol.1;
    a.symbols
        .iter()
        .find(covers)
        .map(|symbol| excerpt::text(&symbol.2))
}

/// The same symbols laid out in another order: the inputs of the linker were.
fn symbol_order(walk: &mut Walk<'_>, location: &Location, a: &Sections<'_>, b: &Sections<'_>) {
    for ((name, count), left) in a
        .iter()
        .filter(|(_, section)| section.kind == SectionKind::Text)
    {
        let Some(right) = b.get(&(name.clone(), *count)) else {
            continue;
        };
        let names = |section: &'_ Section<'_>| {
            section
                .symbols
                .iter()
                .map(|symbol| symbol.2.clone().into_bytes())
                .collect::<Vec<_>>()
        };
        let (names_a, names_b) = (names(left), names(right));
        if !order::is_order_only(&names_a, &names_b) {
            continue;
        }
        let first = names_a
            .iter()
            .zip(&names_b)
            .take_while(|(a, b)| a == b)
            .count();
        let suspects = [Factor::ReaddirOrder, Factor::Scheduling, Factor::HashSeed];
        let attribution = Attribution::new(
            Cause::SymbolOrder,
            Certainty::OrderOnly,
            walk.classifier.knowledge().suspects(&suspects),
        );
        let show = |names: &[Vec<u8>]| {
            names
                .get(first)
                .map_or(String::new(), |name| excerpt::escape(name))
        };
        walk.add(
            location,
            draft(
                &format!("symbols of {name}"),
                Some(left.offset),
                &show(&names_a),
                &show(&names_b),
                attribution,
            ),
        );
    }
}

/// One finding for all that follows: offsets, tables, the build id.
fn following(
    walk: &mut Walk<'_>,
    location: &Location,
    origin: u64,
    differing: &[(&str, &Section<'_>, &Section<'_>)],
) {
    for (name, left, right) in differing {
        let cause = match *name {
            ".note.gnu.build-id" if differing.len() > 1 || walk.has_cause_here(location) => {
                Cause::BuildId
            }
            ".note.gnu.build-id" => Cause::LoneBuildId,
            // Digests of what went in, and so also where what came out is the same.
            ".note.go.buildid" => Cause::BuildId,
            ".gnu_debuglink" => Cause::ContentDigest,
            _ if telling(name, left.kind).is_none() => Cause::Length,
            _ if walk.has_cause_here(location) => Cause::Length,
            _ if name.starts_with(".debug") => Cause::DebugInformation,
            _ => Cause::Content,
        };
        let first = bytes::ranges(&left.data, &right.data, 1)
            .first()
            .map_or(0, |range| range.a.start);
        let show = |section: &Section<'_>| {
            let start = usize::try_from(first)
                .unwrap_or(usize::MAX)
                .min(section.data.len());
            excerpt::hex(&section.data[start..])
        };
        let detail = symbol_at_difference(left, right).map_or_else(
            || (*name).to_owned(),
            |symbol| format!("{name}, symbol {symbol}"),
        );
        let offset = Some(origin + left.offset + first);
        let mut attribution = unknown(cause);
        if cause == Cause::LoneBuildId {
            let suspects = [Factor::Entropy, Factor::BuildPath, Factor::Clock];
            attribution.factors = walk.classifier.knowledge().suspects(&suspects);
        }
        walk.add(
            location,
            draft(&detail, offset, &show(left), &show(right), attribution),
        );
    }
}

/// No section differs: headers or what lies between the sections does.
fn outside(walk: &mut Walk<'_>, location: &Location, a: &[u8], b: &[u8]) {
    let part = Region {
        context: TextContext::Binary,
        name: "headers",
        origin: 0,
    };
    binary::explain_bytes(walk, location, &part, a, b);
}

fn draft(
    detail: &str,
    offset: Option<u64>,
    left: &str,
    right: &str,
    attribution: Attribution,
) -> FindingDraft<'static> {
    FindingDraft {
        detail: excerpt::text(detail),
        offset,
        left: excerpt::text(left),
        right: excerpt::text(right),
        attribution,
        context: &[],
    }
}
