//! Where a text of a rule may stand: a look at every four bytes, which rules out nearly all of them.
//!
//! Four bytes of each text, with letters of either case made equal, set one bit of a table that fits into the
//! innermost cache. Every position of the input asks for its bit, and no answer depends on the one before: that
//! is several times faster than an automaton over so many texts. Texts of two bytes each, as UTF-16 has them,
//! are four other bytes in the same table.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use super::anchor::{self, Anchor, Case};
use super::class::Class;

/// Bits that a number of four bytes is reduced to.
const BITS: u32 = 17;
/// Bits that tell the short lists of texts apart.
const LIST_BITS: u32 = 12;
const WIDTH: usize = 4;
/// How many places are looked at together.
const STEP: usize = 8;

/// All texts, and the table that finds them.
#[derive(Debug)]
pub struct Filter {
    anchors: Vec<Anchor>,
    table: Box<[u8; 1 << (BITS - 3)]>,
    /// Where the list of each group of numbers begins.
    lists: Vec<u32>,
    entries: Vec<Entry>,
}

/// One number of four bytes, and the text that it is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    list: u32,
    number: u32,
    anchor: usize,
    /// Where in the text the bytes stand.
    offset: usize,
    /// How many of them stand before the text.
    lead: usize,
    stride: usize,
}

/// A text that stands somewhere.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'f> {
    /// The text.
    pub anchor: &'f Anchor,
    /// Where it begins.
    pub at: usize,
    /// How many bytes a character has.
    pub stride: usize,
}

/// Made once: it is the same for everybody.
static SHARED: LazyLock<Filter> = LazyLock::new(Filter::new);

impl Filter {
    /// The table for all rules, made at the first use.
    pub fn shared() -> &'static Self {
        &SHARED
    }

    /// The table for all rules.
    pub fn new() -> Self {
        let anchors = anchor::all();
        let mut entries = BTreeSet::new();
        for (index, anchor) in anchors.iter().enumerate() {
            entries.extend(numbers(anchor, index));
        }
        let entries: Vec<Entry> = entries.into_iter().collect();
        let mut table = Box::new([0; 1 << (BITS - 3)]);
        for entry in &entries {
            let hash = hash(entry.number);
            table[hash >> 3] |= 1 << (hash & 7);
        }
        let begins = |list| entries.partition_point(|entry| entry.list < list);
        let lists =
            (0..=1 << LIST_BITS).map(|list| u32::try_from(begins(list)).unwrap_or(u32::MAX));
        Self {
            lists: lists.collect(),
            anchors,
            table,
            entries,
        }
    }

    /// Tells of every text that stands in the bytes with its four bytes from one position to before another.
    pub fn each<'f>(
        &'f self,
        bytes: &[u8],
        from: usize,
        until: usize,
        mut tell: impl FnMut(usize, Sighting<'f>),
    ) {
        let end = bytes.len().min(until.saturating_add(WIDTH - 1));
        let part = bytes.get(from..end).unwrap_or_default();
        let mut at = from;
        // Eight places at a time: one branch, which is nearly never taken.
        let mut eights = part;
        while let Some(eight) = eights.first_chunk::<{ STEP + WIDTH - 1 }>() {
            let mut any = 0;
            for place in 0..STEP {
                any |= self.bit(number(&eight[place..place + WIDTH]));
            }
            if any != 0 {
                self.sight_each(bytes, at..at + STEP, &mut tell);
            }
            at += STEP;
            eights = &eights[STEP..];
        }
        self.sight_each(
            bytes,
            at..(from + part.len()).saturating_sub(WIDTH - 1),
            &mut tell,
        );
    }

    fn bit(&self, number: u32) -> u8 {
        let hash = hash(number);
        self.table[hash >> 3] >> (hash & 7) & 1
    }

    #[cold]
    fn sight_each<'f>(
        &'f self,
        bytes: &[u8],
        places: Range<usize>,
        tell: &mut impl FnMut(usize, Sighting<'f>),
    ) {
        for at in places {
            let number = number(&bytes[at..at + WIDTH]);
            if self.bit(number) == 1 {
                self.sight(bytes, at, number, tell);
            }
        }
    }

    fn sight<'f>(
        &'f self,
        bytes: &[u8],
        at: usize,
        number: u32,
        tell: &mut impl FnMut(usize, Sighting<'f>),
    ) {
        let list = list(number) as usize;
        let (Some(first), Some(last)) = (self.lists.get(list), self.lists.get(list + 1)) else {
            return;
        };
        let entries = self
            .entries
            .get(*first as usize..*last as usize)
            .unwrap_or_default();
        for entry in entries.iter().filter(|entry| entry.number == number) {
            let Some(anchor) = self.anchors.get(entry.anchor) else {
                continue;
            };
            let start = (at + entry.lead).checked_sub(entry.offset * entry.stride);
            let start = start.filter(|start| stands(anchor, bytes.get(*start..), entry.stride));
            if let Some(start) = start {
                let stride = entry.stride;
                tell(
                    at,
                    Sighting {
                        anchor,
                        at: start,
                        stride,
                    },
                );
            }
        }
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether the bytes begin with the text, each character followed by zeros where it has more than one byte.
fn stands(anchor: &Anchor, bytes: Option<&[u8]>, stride: usize) -> bool {
    let bytes = bytes.unwrap_or_default();
    let same = |text: u8, byte: u8| match anchor.case {
        Case::Same => text == byte,
        Case::Any => text.eq_ignore_ascii_case(&byte),
    };
    if stride == 1 {
        let head = bytes.get(..anchor.text.len());
        return head.is_some_and(|head| {
            anchor
                .text
                .iter()
                .zip(head)
                .all(|(text, byte)| same(*text, *byte))
        });
    }
    let last = anchor.text.len() - 1;
    anchor.text.iter().enumerate().all(|(index, text)| {
        let zero = index == last || bytes.get(2 * index + 1) == Some(&0);
        zero && bytes.get(2 * index).is_some_and(|byte| same(*text, *byte))
    })
}

/// The numbers by which a text is found.
fn numbers(anchor: &Anchor, index: usize) -> Vec<Entry> {
    let entry = |four: [u8; WIDTH], offset, lead, stride| {
        let number = number(&four);
        Entry {
            list: list(number),
            number,
            anchor: index,
            offset,
            lead,
            stride,
        }
    };
    let text = anchor.text;
    let wide = rarest(text, 2);
    let pair = text.get(wide..wide + 2).unwrap_or(b"  ");
    let mut found = vec![entry([pair[0], 0, pair[1], 0], wide, 0, 2)];
    if text.len() >= WIDTH {
        let offset = rarest(text, WIDTH);
        let four = text[offset..].first_chunk().copied().unwrap_or_default();
        found.push(entry(four, offset, 0, 1));
    } else {
        let before = usize::from(anchor.before.is_some());
        found.extend(
            widened(anchor, before)
                .into_iter()
                .map(|four| entry(four, 0, before, 1)),
        );
    }
    found
}

/// All that four bytes around a short text can be, so many of them before it.
fn widened(anchor: &Anchor, before: usize) -> Vec<[u8; WIDTH]> {
    let missing = WIDTH - anchor.text.len();
    let mut all = vec![Vec::new()];
    for _ in 0..before {
        all = extended(&all, anchor.before);
    }
    for four in &mut all {
        four.extend(anchor.text);
    }
    for _ in before..missing {
        all = extended(&all, anchor.after);
    }
    let whole = |four: Vec<u8>| four.first_chunk().copied();
    all.into_iter().filter_map(whole).collect()
}

fn extended(all: &[Vec<u8>], class: Option<Class>) -> Vec<Vec<u8>> {
    let members: Vec<u8> = (0..=127)
        .filter(|byte| class.is_none_or(|class| class.has(*byte)))
        .collect();
    let each = all.iter().flat_map(|four| {
        members.iter().map(|byte| {
            let mut longer = four.clone();
            longer.push(*byte);
            longer
        })
    });
    each.collect()
}

/// Where the part of a text stands that other texts are least likely to hold.
fn rarest(text: &[u8], width: usize) -> usize {
    let cost = |at: &usize| {
        let part = &text[*at..*at + width];
        let repeats = part.windows(2).filter(|pair| pair[0] == pair[1]).count();
        part.iter().map(|byte| common(*byte)).sum::<usize>() + 4 * repeats
    };
    (0..=text.len().saturating_sub(width))
        .min_by_key(cost)
        .unwrap_or(0)
}

/// How often a character occurs in programs and texts, roughly.
fn common(byte: u8) -> usize {
    match byte.to_ascii_lowercase() {
        0 | b' ' => 9,
        b'e' | b't' | b'a' | b'i' | b'n' | b'o' | b's' | b'r' => 5,
        b'l' | b'c' | b'd' | b'u' | b'm' | b'p' | b'h' | b'f' | b'g' | b'b' | b'-' | b'_'
        | b'0' | b'1' | b'=' | b'/' | b'.' | b':' | b'"' => 3,
        _ => 1,
    }
}

fn number(four: &[u8]) -> u32 {
    let four: [u8; WIDTH] = four.try_into().unwrap_or_default();
    u32::from_le_bytes(four) | 0x2020_2020
}

fn product(number: u32) -> u32 {
    number.wrapping_mul(0x9e37_79b1)
}

fn hash(number: u32) -> usize {
    (product(number) >> (u32::BITS - BITS)) as usize
}

fn list(number: u32) -> u32 {
    product(number) >> (u32::BITS - LIST_BITS)
}
