//! Private keys as text: whatever stands between `BEGIN … PRIVATE KEY` and its end, and the form of `PuTTY`.

use super::class::{Class, DIGITS, PADDED};
use super::entropy::{self, BIT};
use super::placeholder::is_placeholder;
use super::rule::PRIVATE_KEY;
use super::window::{Found, Window, position};

/// What stands between `BEGIN ` and the end of its line.
const LABEL: Class = Class::of("0-9A-Z #");
/// The longest label, in bytes.
const LONGEST_LABEL: usize = 64;
/// An Ed25519 key in PKCS#8, the shortest there is, has 64 characters.
const SHORTEST: usize = 56;

/// A block that begins where `BEGIN ` stands.
pub fn block(window: &Window<'_>) -> Option<Found> {
    let dashes = Class::of("-").run_back(trimmed(window.before()), 5);
    let label = &window.after()[..LABEL.run(window.after(), LONGEST_LABEL)];
    let label = label.trim_ascii_end();
    let is_key = label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE KEY BLOCK");
    if dashes < 4 || !is_key {
        return None;
    }
    let rest = &window.after()[label.len()..];
    let start = window.at - (window.at - trimmed(window.before()).len()) - dashes;
    let body = Body::read(rest);
    window.spend(2 * body.looked + rest.len() / 8);
    let is_encrypted =
        body.has_headers || label.starts_with(b"ENCRYPTED") || label.starts_with(b"PGP");
    if !body.is_key(is_encrypted || label.starts_with(b"OPENSSH") || label.starts_with(b"SSH2")) {
        return None;
    }
    let end = position(rest, b"END ").map_or(body.end, |end| end_of_line(rest, end));
    Some(Found {
        rule: PRIVATE_KEY,
        range: start..window.end() + label.len() + end,
        is_strong: true,
    })
}

/// A file of `PuTTY` whose first line stands here.
pub fn putty(window: &Window<'_>) -> Option<Found> {
    let lines = b"Private-Lines: ";
    window.spend(window.after().len() / 8);
    let at = position(window.after(), lines)? + lines.len();
    let rest = &window.after()[at..];
    let digits = DIGITS.run(rest, 4);
    let body = Body::read(&rest[digits..]);
    window.spend(2 * body.looked);
    let is_one = digits > 0 && body.is_key(true);
    is_one.then(|| Found {
        rule: PRIVATE_KEY,
        range: window.at..window.end() + at + digits + body.end,
        is_strong: true,
    })
}

/// SSH's own form has a blank on either side of the words.
fn trimmed(before: &[u8]) -> &[u8] {
    before.strip_suffix(b" ").unwrap_or(before)
}

fn end_of_line(rest: &[u8], end: usize) -> usize {
    let after = &rest[end..];
    let label = 4 + LABEL.run(&after[4..], LONGEST_LABEL);
    end + label + Class::of("-").run(&after[label..], 5)
}

/// What is between the marks: base64, in lines that may be quoted, escaped or indented.
struct Body {
    text: Vec<u8>,
    end: usize,
    /// How many bytes were looked at.
    looked: usize,
    has_headers: bool,
}

impl Body {
    fn read(rest: &[u8]) -> Self {
        let mut at = 0;
        let mut body = Self {
            text: Vec::new(),
            end: 0,
            looked: 0,
            has_headers: false,
        };
        loop {
            let from = at;
            at += between_lines(&rest[at..]);
            let run = PADDED.run(&rest[at..], rest.len());
            let behind = &rest[at + run..];
            body.looked += at + run - from + looked_at(behind);
            if run > 0 && is_header(run, behind) {
                body.has_headers = true;
                at += run + line(behind);
                continue;
            }
            if run == 0 {
                return body;
            }
            body.text.extend(&rest[at..at + run]);
            at += run;
            body.end = at;
        }
    }

    /// Whether it is all of a key and not a word in its place. What is not encrypted is DER, which says how
    /// long it is.
    fn is_key(&self, is_opaque: bool) -> bool {
        let text = self.text.as_slice();
        let is_long = text.len() >= SHORTEST && entropy::each(text) >= 7 * BIT / 2;
        is_long && !is_placeholder(text.get(..64).unwrap_or(text)) && (is_opaque || self.is_whole())
    }

    fn is_whole(&self) -> bool {
        let head = self
            .text
            .get(..8)
            .and_then(|head| std::str::from_utf8(head).ok());
        let head = head.and_then(|head| crate::base64::decode(head).ok());
        let length = match head.as_deref() {
            Some([0x30, 0x82, high, low, ..]) => 4 + (usize::from(*high) << 8 | usize::from(*low)),
            Some([0x30, 0x81, length, ..]) => 3 + usize::from(*length),
            Some([0x30, length @ ..=0x7f, ..]) => 2 + usize::from(*length),
            Some(_) => 0,
            None => return false,
        };
        self.text.len() * 3 / 4 + 3 >= length
    }
}

/// `Name: value`, as encrypted keys and those of `OpenPGP` have it before their base64.
fn is_header(run: usize, behind: &[u8]) -> bool {
    run < 40
        && (behind.starts_with(b": ")
            || behind.starts_with(b"-")
                && name_of_header(behind).is_some_and(|name| position(name, b": ").is_some()))
}

/// A line that is short enough to be a header.
fn name_of_header(behind: &[u8]) -> Option<&[u8]> {
    let near = &behind[..looked_at(behind)];
    let end = line(near);
    (end < 80).then(|| &near[..end])
}

/// How much is looked at for the name of a header: little, for each run of a body may ask.
fn looked_at(behind: &[u8]) -> usize {
    if behind.starts_with(b"-") {
        behind.len().min(81)
    } else {
        0
    }
}

/// How many bytes there are to the end of the line, which may be written as an escape.
fn line(bytes: &[u8]) -> usize {
    let ends = |pair: &[u8]| pair[0] == b'\n' || pair == b"\\n";
    let end = bytes.windows(2).position(ends);
    end.unwrap_or(bytes.len())
}

/// Line ends, indentation and what stands around the lines of a text in a program.
fn between_lines(rest: &[u8]) -> usize {
    let mut at = 0;
    while let Some(byte) = rest.get(at) {
        match byte {
            b'\\' => {
                at += 1;
                let escaped = rest
                    .get(at)
                    .is_some_and(|next| matches!(next, b'n' | b'r' | b't'));
                at += usize::from(escaped);
            }
            b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'\'' | b'`' | b',' | b';' | b'#' | b'*'
            | b'|' | b'-' => at += 1,
            _ => break,
        }
    }
    at
}
