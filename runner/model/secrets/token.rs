//! Tokens that say by their own form whose they are.

use super::checksum::{ends_in_crc, is_bech32};
use super::class::Class;
use super::placeholder::{is_placeholder, is_random, is_worded};
use super::window::{Found, RuleName, Window, position};

/// The format of a token.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// Its parts in order.
    pub parts: &'static [Part],
    /// What must not stand beside it.
    pub edges: Edges,
    /// What else must be so.
    pub check: Check,
}

/// One part of a token.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// Always the same.
    Text(&'static str),
    /// From so many to so many characters of a class.
    Some(Class, usize, usize),
}

/// What must not stand beside a token. A program's strings follow each other without a mark, so that only
/// short texts ask for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edges {
    /// Anything may.
    Free,
    /// No letter, digit or underscore before it.
    Before,
    /// None before it, and no further character of its last class behind it.
    Both,
}

/// What else must be so for a text to be a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Its characters look as if drawn by chance.
    Random,
    /// They are no placeholder.
    Filled,
    /// The last six are the checksum of those before them, behind the first text or with it.
    Crc,
    /// The whole answers the checksum of Bech32.
    Bech32,
}

/// A part that is always the same.
pub const fn text(text: &'static str) -> Part {
    Part::Text(text)
}

/// So many characters of a class.
pub const fn exactly(class: Class, count: usize) -> Part {
    Part::Some(class, count, count)
}

/// From so many to so many characters of a class.
pub const fn between(class: Class, least: usize, most: usize) -> Part {
    Part::Some(class, least, most)
}

impl Token {
    /// A token that begins with a text long enough to be told by it.
    pub const fn new(parts: &'static [Part]) -> Self {
        Self {
            parts,
            edges: Edges::Free,
            check: Check::Random,
        }
    }

    /// The same, where nothing like it may stand beside it.
    #[must_use]
    pub const fn apart(self, edges: Edges) -> Self {
        Self { edges, ..self }
    }

    /// The same, where something else must be so.
    #[must_use]
    pub const fn checked(self, check: Check) -> Self {
        Self { check, ..self }
    }

    /// The first part that is always the same and longer than a character: by it the token is found.
    pub fn anchor(&self) -> (usize, &'static str) {
        let parts = self.parts.iter().enumerate();
        let mut texts = parts.filter_map(|(index, part)| match part {
            Part::Text(text) if text.len() > 1 => Some((index, *text)),
            _ => None,
        });
        texts.next().unwrap_or((0, ""))
    }

    /// The class that must follow the anchor at once.
    pub fn follows_anchor(&self) -> Option<Class> {
        match self.parts.get(self.anchor().0 + 1)? {
            Part::Some(class, least, _) if *least > 0 => Some(*class),
            _ => None,
        }
    }

    /// The class of one part.
    pub fn class(&self, part: usize) -> Option<Class> {
        match self.parts.get(part)? {
            Part::Some(class, ..) => Some(*class),
            Part::Text(_) => None,
        }
    }

    /// The token whose anchor stands in the window.
    pub fn find(&self, rule: RuleName, window: &Window<'_>) -> Option<Found> {
        let (anchor, _) = self.anchor();
        let (mut start, mut end) = (window.at, window.end());
        let mut bits = 0;
        let mut longest = 0..0;
        for part in self.parts[..anchor].iter().rev() {
            let count = part.take_back(window, start)?;
            start -= count;
            if let Part::Some(class, ..) = part {
                bits += count * class.size().ilog2() as usize;
                if count > longest.len() {
                    longest = start..start + count;
                }
            }
        }
        for (index, part) in self.parts.iter().enumerate().skip(anchor + 1) {
            let count = part.take(window, end, self.parts.get(index + 1))?;
            if let Part::Some(class, ..) = part {
                bits += count * class.size().ilog2() as usize;
                if count > longest.len() {
                    longest = end..end + count;
                }
            }
            end += count;
        }
        let stands_apart = self.stands_apart(window, start, end);
        window.spend(if stands_apart { 8 * (end - start) } else { 0 });
        let is_one =
            stands_apart && self.is_checked(&window.bytes[start..end], &window.bytes[longest]);
        is_one.then_some(Found {
            rule,
            range: start..end,
            is_strong: bits >= 128,
        })
    }

    fn stands_apart(&self, window: &Window<'_>, start: usize, end: usize) -> bool {
        let ends = match (self.parts.last(), window.bytes.get(end)) {
            (Some(Part::Some(class, ..)), Some(next)) => !class.has(*next),
            _ => true,
        };
        match self.edges {
            Edges::Free => true,
            Edges::Before => window.is_edge_before(start),
            Edges::Both => window.is_edge_before(start) && ends,
        }
    }

    fn is_checked(&self, whole: &[u8], longest: &[u8]) -> bool {
        match self.check {
            Check::Random => {
                is_random(longest) && !is_worded(longest) && self.has_both_cases(longest)
            }
            Check::Filled => !is_placeholder(longest),
            Check::Crc => ends_in_crc(longest) || ends_in_crc(whole),
            Check::Bech32 => is_bech32(whole),
        }
    }

    /// Where a class has letters of either case, chance draws some of both.
    fn has_both_cases(&self, drawn: &[u8]) -> bool {
        let mixed = |part: &&Part| match part {
            Part::Some(class, ..) => class.has(b'z') && class.has(b'Z'),
            Part::Text(_) => false,
        };
        let has = |kind: fn(&u8) -> bool| drawn.iter().any(kind);
        let is_mixed = self
            .parts
            .iter()
            .filter(|part| matches!(part, Part::Some(..)))
            .all(|part| mixed(&part));
        !is_mixed || drawn.len() < 16 || has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase)
    }

    /// How the format is written for people.
    pub fn shown(&self) -> String {
        self.parts.iter().map(Part::shown).collect()
    }
}

impl Part {
    /// How many bytes from a place on are this part.
    fn take(&self, window: &Window<'_>, from: usize, next: Option<&Self>) -> Option<usize> {
        let rest = &window.bytes[from..];
        match (self, next) {
            (Self::Text(text), _) => rest.starts_with(text.as_bytes()).then_some(text.len()),
            (Self::Some(class, least, most), Some(Self::Text(text))) => {
                let run = class.run(rest, *most);
                window.spend(run);
                let until = rest.len().min(run + text.len());
                let at = position(rest.get(*least..until)?, text.as_bytes())?;
                Some(least + at)
            }
            (Self::Some(class, least, most), _) => {
                let run = class.run(rest, *most);
                window.spend(run);
                (run >= *least).then_some(run)
            }
        }
    }

    /// How many bytes up to a place are this part.
    fn take_back(&self, window: &Window<'_>, until: usize) -> Option<usize> {
        let before = &window.bytes[..until];
        match self {
            Self::Text(text) => before.ends_with(text.as_bytes()).then_some(text.len()),
            Self::Some(class, least, most) => {
                let run = class.run_back(before, *most);
                window.spend(run);
                (run >= *least).then_some(run)
            }
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Text(text) => (*text).to_owned(),
            Self::Some(class, least, most) if least == most => {
                format!("[{}]{{{least}}}", class.written())
            }
            Self::Some(class, least, most) => format!("[{}]{{{least},{most}}}", class.written()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::class::{ALNUM, HEX};
    use crate::secrets::search_budget::SearchBudget;

    const ONE: Token = Token::new(&[text("pre_"), exactly(HEX, 16)]);
    const TWO: Token = Token::new(&[exactly(ALNUM, 4), text(".mid."), between(ALNUM, 8, 20)]);

    fn found(token: &Token, text: &str) -> Option<String> {
        let anchor = token.anchor().1;
        let window = Window {
            bytes: text.as_bytes(),
            at: text.find(anchor)?,
            length: anchor.len(),
            is_settings: false,
            budget: &SearchBudget::default(),
        };
        token
            .find("one", &window)
            .map(|found| text[found.range].to_owned())
    }

    #[test]
    fn parts_are_taken_forwards_and_backwards() {
        assert_eq!(
            found(&ONE, "a pre_0f1e9d3c7b5a2846!").as_deref(),
            Some("pre_0f1e9d3c7b5a2846")
        );
        assert_eq!(found(&ONE, "a pre_0f1e9d3c7b5a284"), None);
        assert_eq!(
            found(&TWO, "zab12.mid.x9Qr2Lm7").as_deref(),
            Some("ab12.mid.x9Qr2Lm7")
        );
    }

    #[test]
    fn edges_and_placeholders() {
        assert_eq!(found(&ONE, "pre_0000000000000000"), None);
        assert!(found(&ONE.apart(Edges::Both), "xpre_0f1e9d3c7b5a2846").is_none());
        assert!(found(&ONE.apart(Edges::Both), "pre_0f1e9d3c7b5a28460").is_none());
        assert!(found(&ONE.apart(Edges::Both), r"\npre_0f1e9d3c7b5a2846").is_some());
    }
}
