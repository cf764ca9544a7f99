//! One file or text, in pieces of any size, and what is found in it.

use std::collections::BTreeMap;
use std::ops::Range;

use super::filter::{Filter, Sighting};
use super::hit::{Hit, Place};
use super::rules;
use super::search_budget::{MOST_HITS, STEPS_OF_A_SIGHTING, SearchBudget};
use super::window::{AHEAD, BEHIND, Found, Window};
use crate::digest::Digest;

/// How much is looked at together.
const BLOCK: usize = 256 << 10;
/// What begins with so many bytes without a zero is a text.
const HEAD: u64 = 8192;
/// Names of files that hold nothing but settings.
const SETTINGS: [&str; 7] = [
    ".pypirc",
    ".my.cnf",
    "credentials",
    ".git-credentials",
    ".netrc",
    "_netrc",
    ".authinfo",
];

/// Looks through one file after the other.
#[derive(Debug)]
pub struct Scan<'f> {
    filter: &'f Filter,
    budget: &'f SearchBudget,
    buffer: Vec<u8>,
    /// What has been looked at of the buffer.
    done: usize,
    /// Where the buffer begins in the file.
    origin: u64,
    /// Line ends before the buffer.
    lines: u64,
    is_text: bool,
    is_settings: bool,
    hits: Vec<Hit>,
}

impl<'f> Scan<'f> {
    /// Nothing yet; `name` is that of the file. Where the budget is used up, nothing more is looked at.
    pub fn new(filter: &'f Filter, name: &str, budget: &'f SearchBudget) -> Self {
        let base = name.rsplit(['/', '!']).next().unwrap_or(name);
        Self {
            filter,
            budget,
            buffer: Vec::new(),
            done: 0,
            origin: 0,
            lines: 0,
            is_text: true,
            is_settings: base.starts_with(".env")
                || base.strip_suffix(".env").is_some()
                || SETTINGS.contains(&base),
            hits: Vec::new(),
        }
    }

    /// All hits in bytes that are at hand.
    pub fn of(filter: &'f Filter, name: &str, bytes: &[u8], budget: &'f SearchBudget) -> Vec<Hit> {
        let mut scan = Self::new(filter, name, budget);
        scan.feed(bytes);
        scan.finish()
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        self.budget.search(bytes.len());
        while !bytes.is_empty() {
            let room = (self.done + BLOCK + AHEAD)
                .saturating_sub(self.buffer.len())
                .max(1);
            let (piece, rest) = bytes.split_at(room.min(bytes.len()));
            self.see_whether_text(piece);
            self.buffer.extend_from_slice(piece);
            bytes = rest;
            if self.buffer.len() >= self.done + BLOCK + AHEAD {
                self.look(self.buffer.len() - AHEAD);
                self.forget();
            }
        }
    }

    /// The hits, each place once: of several rules the most telling one.
    pub fn finish(mut self) -> Vec<Hit> {
        self.look(self.buffer.len());
        let mut hits = std::mem::take(&mut self.hits);
        hits.sort_by_cached_key(|hit| (rules::rank(hit.rule), hit.offset));
        // None of those that are kept overlaps another one.
        let mut kept: BTreeMap<u64, Hit> = BTreeMap::new();
        for hit in hits {
            let before = kept.range(..hit.end()).next_back();
            if before.is_none_or(|(_, other)| other.end() <= hit.offset) {
                kept.insert(hit.offset, hit);
            }
        }
        kept.into_values().collect()
    }

    fn see_whether_text(&mut self, piece: &[u8]) {
        let seen = self.origin + self.buffer.len() as u64;
        let left = usize::try_from(HEAD.saturating_sub(seen)).unwrap_or(0);
        self.is_text &= !piece.iter().take(left).any(|byte| *byte == 0);
    }

    fn look(&mut self, until: usize) {
        let (buffer, done) = (std::mem::take(&mut self.buffer), self.done);
        self.filter.each(&buffer, done, until, |at, sighting| {
            if self.budget.end().is_some() {
                return;
            }
            self.budget.spend(STEPS_OF_A_SIGHTING);
            if let Some(hit) = self.hit(&buffer, at, &sighting) {
                self.keep(hit);
            }
        });
        self.buffer = buffer;
        self.done = until;
    }

    fn keep(&mut self, hit: Hit) {
        if self.hits.len() as u64 == MOST_HITS {
            self.budget.refuse_hits();
        } else {
            self.hits.push(hit);
        }
    }

    fn forget(&mut self) {
        let old = self.done.saturating_sub(BEHIND);
        self.lines += line_ends(&self.buffer[..old]);
        self.origin += old as u64;
        self.done -= old;
        self.buffer.drain(..old);
    }

    fn hit(&self, buffer: &[u8], at: usize, sighting: &Sighting<'_>) -> Option<Hit> {
        let reach = sighting.anchor.reach;
        let from = at.saturating_sub(reach.behind());
        let around = &buffer[from..buffer.len().min(at + reach.ahead())];
        let window = |bytes, at| Window {
            bytes,
            at,
            length: sighting.anchor.text.len(),
            is_settings: self.is_settings,
            budget: self.budget,
        };
        if sighting.stride == 1 {
            let window = window(around, sighting.at - from);
            let found = sighting.anchor.find(&window)?;
            let place = from + found.range.start..from + found.range.end;
            return Some(self.report(buffer, &found, around, place, self.is_text));
        }
        let (narrow, before) = narrowed(around, sighting.at - from);
        self.budget.spend(narrow.len());
        let found = sighting.anchor.find(&window(&narrow, before))?;
        let wide = |index: usize| sighting.at + 2 * index - 2 * before;
        let place = wide(found.range.start)..wide(found.range.end);
        Some(self.report(buffer, &found, &narrow, place, true))
    }

    fn report(
        &self,
        buffer: &[u8],
        found: &Found,
        seen: &[u8],
        place: Range<usize>,
        is_text: bool,
    ) -> Hit {
        let secret = seen.get(found.range.clone()).unwrap_or_default();
        let offset = self.origin + place.start as u64;
        Hit {
            rule: found.rule,
            offset,
            length: place.len() as u64,
            place: if is_text {
                Place::Line(1 + self.lines + line_ends(&buffer[..place.start]))
            } else {
                Place::Byte(offset)
            },
            digest: found.is_strong.then(|| Digest::sha256(secret)),
        }
    }
}

/// The characters of two bytes around one, each as one byte, and how many stand before it.
fn narrowed(bytes: &[u8], at: usize) -> (Vec<u8>, usize) {
    let is_one = |index: &usize| {
        let zero = |at: usize| bytes.get(at).is_none_or(|byte| *byte == 0);
        bytes.get(*index).is_some_and(|byte| *byte != 0)
            && (zero(index + 1) || *index > at && zero(index - 1))
    };
    let (mut start, mut end) = (at, at);
    while start.checked_sub(2).as_ref().is_some_and(is_one) {
        start -= 2;
    }
    while is_one(&end) {
        end += 2;
    }
    let characters = bytes[start..].iter().step_by(2).take((end - start) / 2);
    (characters.copied().collect(), (at - start) / 2)
}

fn line_ends(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
