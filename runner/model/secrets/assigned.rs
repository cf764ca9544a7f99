//! Values beside a telling name: `password = "…"`, `API_KEY=…`, `"client_secret": "…"`.

use std::ops::Range;

use super::class::{Class, WORD};
use super::encoded::decode_standard;
use super::entropy::{self, BIT};
use super::placeholder::is_placeholder;
use super::rule::{HEADER, KUBERNETES, NAMED};
use super::userinfo::is_password;
use super::window::{Found, Window, position};
use super::word_list::WordList;

/// Names are looked at so far to either side.
const LONGEST_NAME: usize = 40;
/// A line of settings says what it is so near before the name.
const LONGEST_START: usize = 256;
/// What keys and tokens are written with.
const KEY: Class = Class::of("0-9A-Za-z+/=_.~-");
/// Bare values end at what separates words and closes brackets.
const BARE: Class = Class::of("!#-&*-:=?-Z^-z~@");
const NAME: Class = Class::of("0-9A-Za-z_-");

/// A name that holds one of these tells of something else than a secret.
const ELSE: WordList = WordList::of(&[
    b"class",
    b"count",
    b"csrf",
    b"descri",
    b"digest",
    b"dir",
    b"endpoint",
    b"example",
    b"expir",
    b"fake",
    b"field",
    b"file",
    b"format",
    b"hash",
    b"header",
    b"hint",
    b"index",
    b"integrity",
    b"kind",
    b"label",
    b"len",
    b"md5",
    b"message",
    b"name",
    b"offset",
    b"page_",
    b"param",
    b"path",
    b"pattern",
    b"policy",
    b"prefix",
    b"public",
    b"regex",
    b"sha1",
    b"sha2",
    b"sha5",
    b"size",
    b"suffix",
    b"sum",
    b"test",
    b"text",
    b"title",
    b"ttl",
    b"type",
    b"uri",
    b"url",
]);

/// The value beside the telling name that holds the window's text.
pub fn named(window: &Window<'_>) -> Option<Found> {
    let start = window.at - NAME.run_back(window.before(), LONGEST_NAME);
    let tail = NAME.run(window.after(), LONGEST_NAME);
    let value = Value::behind(window, window.end() + tail)?;
    let name = &window.bytes[start..window.end() + tail];
    window.spend(4 * name.len());
    if ELSE.is_in(name) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let holds = |word: &[u8]| position(&name, word).is_some();
    if name.ends_with(b"id") {
        return None;
    }
    let is_call = matches!(window.bytes.get(value.range.end), Some(b'(' | b'[' | b'{'));
    let is_expression = is_call || is_badge(window) || value.is_after_bracket(window);
    if !value.is_quoted && is_expression {
        return None;
    }
    let text = &window.bytes[value.range.clone()];
    window.spend(8 * text.len());
    let is_pass = holds(b"pass") || holds(b"pwd");
    let is_one = is_key(text, value.is_quoted, &name)
        || is_pass
            && is_own_password(text)
            && (value.is_quoted
                || window.is_settings
                || value.is_element(window)
                || is_setting(window, start, &value))
        || window.is_settings && !value.is_quoted && is_password(text) && !is_word(text);
    is_one.then(|| Found {
        rule: NAMED,
        range: value.range.clone(),
        is_strong: KEY.run(text, text.len()) == text.len() && entropy::total(text) >= 128 * BIT,
    })
}

/// `Bearer SECRET` of a header.
pub fn bearer(window: &Window<'_>) -> Option<Found> {
    let length = KEY.run(window.after(), 1024);
    let text = &window.after()[..length];
    window.spend(8 * length);
    is_key(text, false, b"").then(|| Found {
        rule: HEADER,
        range: window.end()..window.end() + length,
        is_strong: entropy::total(text) >= 128 * BIT,
    })
}

/// A value of a Kubernetes Secret: the window's text is `kind: Secret`, and the values stand in the same document.
pub fn kubernetes(window: &Window<'_>) -> Option<Found> {
    window.spend(window.before().len() + window.after().len() / 8);
    let from = window
        .before()
        .windows(4)
        .rposition(|part| part == b"---\n")
        .map_or(0, |at| at + 4);
    let until =
        position(window.after(), b"\n---").map_or(window.bytes.len(), |at| window.end() + at);
    let document = &window.bytes[from..until];
    window.spend(document.len());
    let data = if document.starts_with(b"data:") {
        0
    } else {
        position(document, b"\ndata:")? + 1
    };
    let mut at = data + document[data..].iter().position(|byte| *byte == b'\n')? + 1;
    while document.get(at).is_some_and(|first| *first == b' ') {
        let end = document[at..]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(document.len(), |end| at + end);
        let line = &document[at..end];
        let colon = position(line, b": ").map(|colon| colon + 2);
        if let Some(range) = colon.and_then(|colon| encoded_value(line, colon)) {
            let start = from + at;
            return Some(Found {
                rule: KUBERNETES,
                range: start + range.start..start + range.end,
                is_strong: false,
            });
        }
        at = end + 1;
    }
    None
}

fn encoded_value(line: &[u8], from: usize) -> Option<Range<usize>> {
    let rest = &line[from..];
    let quote = usize::from(matches!(rest.first(), Some(b'"' | b'\'')));
    let length = super::class::PADDED.run(&rest[quote..], rest.len());
    let decoded = decode_standard(&rest[quote..quote + length])?;
    let is_text = decoded
        .iter()
        .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    let is_one = decoded.len() >= 6
        && !is_placeholder(&decoded)
        && (!is_text || is_password(decoded.trim_ascii()));
    is_one.then_some(from + quote..from + quote + length)
}

/// The token of a picture that a README shows to everybody.
fn is_badge(window: &Window<'_>) -> bool {
    let before = window.before();
    let near = &before[before.len().saturating_sub(64)..];
    position(near, b".svg")
        .or_else(|| position(near, b"badge"))
        .is_some()
}

struct Value {
    range: Range<usize>,
    is_quoted: bool,
    /// What stands between name and value.
    between: Range<usize>,
}

impl Value {
    /// A call, or `>` that is not that of XML: what is bare there is part of an expression.
    fn is_after_bracket(&self, window: &Window<'_>) -> bool {
        let between = &window.bytes[self.between.clone()];
        let is_arrow = between.ends_with(b"=>");
        between.contains(&b'(') || between.ends_with(b">") && !is_arrow && !self.is_element(window)
    }

    /// `<name>value</name>`.
    fn is_element(&self, window: &Window<'_>) -> bool {
        let is_closed = window.bytes[self.range.end..].starts_with(b"</");
        is_closed && window.bytes[self.between.clone()].ends_with(b">")
    }

    /// The value that is assigned to the name that ends there.
    fn behind(window: &Window<'_>, name_end: usize) -> Option<Self> {
        let bytes = window.bytes;
        let mut at = name_end;
        at += Class::of("\\\"'`]").run(&bytes[at..], 4);
        at += blanks(&bytes[at..]);
        at = operator(bytes, at, name_end)?;
        at += blanks(&bytes[at..]);
        // The kind of a string: b"", f"", u"", L"", @"".
        let rest = bytes.get(at..)?;
        let kind = Class::of("bfurLR@").run(rest, 2);
        let mark = kind + Class::of("\\").run(&rest[kind..], 3);
        let between = name_end..at;
        match rest.get(mark) {
            Some(b'"' | b'\'' | b'`') => Self::quoted(window, at + mark, between),
            _ => Some(Self::bare(window, at, between)),
        }
    }

    /// The value between the quote that stands there and the next of its kind on the line.
    fn quoted(window: &Window<'_>, at: usize, between: Range<usize>) -> Option<Self> {
        let (quote, inside) = window.bytes.get(at..)?.split_first()?;
        let inside = inside.get(..512).unwrap_or(inside);
        let ends = |byte: &u8| byte == quote || *byte == b'\n';
        let length = inside.iter().position(ends);
        window.spend(length.unwrap_or(inside.len()));
        let length = length?;
        let escaped = Class::of("\\").run_back(&inside[..length], 3);
        (inside[length] == *quote).then_some(Self {
            range: at + 1..at + 1 + length - escaped,
            is_quoted: true,
            between,
        })
    }

    fn bare(window: &Window<'_>, at: usize, between: Range<usize>) -> Self {
        let rest = &window.bytes[at..];
        let length = BARE.run(rest, 512);
        window.spend(length);
        let length = length - Class::of(",.:;?").run_back(&rest[..length], 2);
        Self {
            range: at..at + length,
            is_quoted: false,
            between,
        }
    }
}

/// Behind the sign that assigns: `=`, `:`, `:=`, `=>`, `>` of XML, a bracket, or a blank behind an option.
fn operator(bytes: &[u8], at: usize, name_end: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let length = match rest {
        [b'=', b'=', ..] | [b':', b':', ..] => return None,
        [b':' | b'+', b'=', ..] | [b'=', b'>', ..] => 2,
        [b':', ..] => 1 + annotation(&rest[1..]),
        [b'=' | b'>' | b'(', ..] => 1,
        _ if at == name_end + 1 && bytes[name_end] == b' ' && is_option(bytes, name_end) => 0,
        _ => member(rest)?,
    };
    Some(at + length)
}

/// A name that is a value itself, beside the `value` that belongs to it: `name: PASSWORD, value: …`.
fn member(rest: &[u8]) -> Option<usize> {
    let gap = Class::of(",\"' \n\r\t").run(rest, 40);
    let sign = gap + b"value".len();
    let sign = sign + Class::of("\"' ").run(rest.get(sign..)?, 4);
    let is_assigned = matches!(rest.get(sign), Some(b':' | b'='));
    (is_assigned && rest[gap..].starts_with(b"value")).then_some(sign + 1)
}

/// `: &str =` and the like between a name and its value.
fn annotation(rest: &[u8]) -> usize {
    let kind = Class::of("&'0-9A-Za-z_ <>[|]").run(rest, 40);
    match rest.get(kind) {
        Some(b'=') if rest.get(kind + 1) != Some(&b'=') && kind > 0 => kind + 1,
        _ => 0,
    }
}

fn is_option(bytes: &[u8], name_end: usize) -> bool {
    let name = NAME.run_back(&bytes[..name_end], LONGEST_NAME);
    bytes[name_end - name..].starts_with(b"--")
}

fn blanks(text: &[u8]) -> usize {
    text.iter()
        .take(8)
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count()
}

/// A bare value on a line of settings: `NAME=value` or `name: value`, and nothing else.
fn is_setting(window: &Window<'_>, start: usize, value: &Value) -> bool {
    let near = &window.bytes[start.saturating_sub(LONGEST_START)..start];
    window.spend(near.len());
    let line = near
        .iter()
        .rposition(|byte| *byte < b' ' && *byte != b'\t')
        .map_or(0, |at| at + 1);
    let before = near[line..].trim_ascii();
    let is_first = matches!(before, b"" | b"export" | b"-" | b"ENV" | b"ARG" | b"set")
        || before.ends_with(b".");
    let between = &window.bytes[value.between.clone()];
    let is_last = window
        .bytes
        .get(value.range.end)
        .is_none_or(|next| *next <= b' ');
    is_first && is_last && (between == b"=" || between.starts_with(b":") || between == b" = ")
}

/// What was drawn by chance and is long enough to be a key.
fn is_key(text: &[u8], is_quoted: bool, name: &[u8]) -> bool {
    let least = if is_quoted { 16 } else { 20 };
    let text = text.strip_prefix(b"base64:").unwrap_or(text);
    let is_written =
        text.len() >= least && text.len() <= 512 && KEY.run(text, text.len()) == text.len();
    // What is cheap to see comes first: nearly nothing gets to the words.
    let is_one = || {
        if is_uuid(text) {
            return [&b"heroku"[..], b"api_key", b"apikey", b"client_secret"]
                .iter()
                .any(|word| position(name, word).is_some());
        }
        is_drawn(text, is_quoted)
    };
    is_written && is_one() && !is_placeholder(text) && !is_sentence(text)
}

fn is_drawn(text: &[u8], is_quoted: bool) -> bool {
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_hex = text.iter().all(u8::is_ascii_hexdigit);
    let least = if is_hex {
        14 * BIT / 5
    } else if is_quoted {
        17 * BIT / 5
    } else {
        18 * BIT / 5
    };
    digits > 0
        && digits < text.len()
        && entropy::each(text) >= least
        && entropy::changes(text) * if is_quoted { 5 } else { 4 } >= text.len()
        && !is_made_of_words(text)
}

/// Parts between separators that are all words, numbers or words with a number, as in names and paths.
fn is_made_of_words(text: &[u8]) -> bool {
    let mut parts = text
        .split(|byte| matches!(byte, b'_' | b'-' | b'.'))
        .filter(|part| !part.is_empty());
    let is_plain = |part: &[u8]| entropy::changes(part) <= (part.len() / 4).max(2);
    parts.clone().count() > 1 && parts.all(is_plain)
}

/// Base64 of words with blanks between them.
fn is_sentence(text: &[u8]) -> bool {
    let text = text.split(|byte| *byte == b'=').next().unwrap_or(text);
    let decoded = decode_standard(text).unwrap_or_default();
    let is_text = decoded
        .iter()
        .all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    is_text && decoded.contains(&b' ')
}

fn is_uuid(text: &[u8]) -> bool {
    let hyphens = [8, 13, 18, 23];
    text.len() == 36
        && text.iter().enumerate().all(|(at, byte)| match byte {
            b'-' => hyphens.contains(&at),
            _ => byte.is_ascii_hexdigit() && !hyphens.contains(&at),
        })
}

/// What a person or a program chose as a password: three kinds of characters, and no expression.
fn is_own_password(text: &[u8]) -> bool {
    let is_expression = |byte: &u8| {
        matches!(
            byte,
            b'(' | b')' | b'{' | b'}' | b'[' | b']' | b'<' | b'>' | b'\\' | b'|'
        )
    };
    let holds = |word: &[u8]| position(text, word).is_some();
    (8..=128).contains(&text.len())
        && text.iter().all(u8::is_ascii_graphic)
        && !text.iter().any(is_expression)
        && !holds(b"://")
        && !holds(b"%s")
        && entropy::kinds(text) >= 3
        && entropy::each(text) >= 13 * BIT / 5
        && entropy::changes(text) * 5 >= text.len()
        && is_password(text)
        && !is_made_of_words(text)
}

/// A word, a path or a number: what settings hold besides secrets.
fn is_word(text: &[u8]) -> bool {
    WORD.run(text, text.len()) == text.len() && entropy::kinds(text) < 2 || text.starts_with(b"/")
}
