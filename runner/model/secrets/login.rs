//! Files in which programs keep what they log in with: `.netrc`, `.pgpass`, `.npmrc`, `config.json` of containers.

use super::class::{Class, DIGITS, PADDED};
use super::encoded::decode_standard;
use super::placeholder::is_placeholder;
use super::rule::{HEADER, LOGIN};
use super::userinfo::is_password;
use super::window::{Found, RuleName, Window};

const FILLED: Class = Class::of("!-~");
const PLAIN: Class = Class::of("!-9;-~");

/// `machine NAME login NAME password SECRET`; the window's text is `machine `.
pub fn netrc(window: &Window<'_>) -> Option<Found> {
    let text = window.after().get(..600).unwrap_or(window.after());
    window.spend(text.len());
    let mut at = FILLED.run(text, 253);
    let mut has_login = false;
    while at < text.len() {
        at += blanks(&text[at..]);
        let word = &text[at..at + FILLED.run(&text[at..], 256)];
        at += word.len();
        let value = at + blanks(&text[at..]);
        match word {
            b"login" | b"account" => {
                has_login = true;
                at = value + FILLED.run(&text[value..], 256);
            }
            b"password" if has_login => {
                let length = FILLED.run(&text[value..], 256);
                // In prose and in examples it is a word.
                let word = &text[value..value + length];
                let mark = Class::of("\"'),.:;`").run_back(word, 3);
                if !window.is_settings && !is_password(&word[..length - mark]) {
                    return None;
                }
                return found(LOGIN, window, window.end() + value, length);
            }
            _ => return None,
        }
    }
    None
}

/// `HOST:PORT:DATABASE:USER:PASSWORD` on a line; the window's text is `:5432:` or the like.
pub fn pgpass(window: &Window<'_>) -> Option<Found> {
    let host = PLAIN.run_back(window.before(), 253);
    window.spend(host);
    let edge = window.before().len() - host;
    let is_first =
        edge == 0 || !window.bytes[edge - 1].is_ascii_graphic() && window.bytes[edge - 1] != b' ';
    let rest = window.after();
    let database = PLAIN.run(rest, 64);
    let user = rest.get(database + 1..)?;
    let name = PLAIN.run(user, 64);
    let start = database + 1 + name + 1;
    window.spend(start);
    let is_split = rest.get(database) == Some(&b':') && user.get(name) == Some(&b':');
    let length = FILLED.run(rest.get(start..)?, 128);
    let is_line = rest.get(start + length).is_none_or(|next| *next != b' ');
    if host == 0 || !is_first || !is_split || database == 0 || name == 0 || !is_line {
        return None;
    }
    found(LOGIN, window, window.end() + start, length)
}

/// `_authToken=SECRET` or `_password=SECRET` of npm.
pub fn npmrc(window: &Window<'_>) -> Option<Found> {
    let rest = window.after();
    let skip = Class::of(" =\"").run(rest, 6);
    if skip == 0 || !rest[..skip].contains(&b'=') {
        return None;
    }
    let length = Class::of("!#-~").run(&rest[skip..], 1024);
    window.spend(length);
    let is_long = length >= 8;
    is_long
        .then(|| found(LOGIN, window, window.end() + skip, length))
        .flatten()
}

/// `"auth": "BASE64"` of a container registry.
pub fn registry(window: &Window<'_>) -> Option<Found> {
    let rest = window.after();
    let skip = Class::of(" :\\\"").run(rest, 8);
    if skip < 2 {
        return None;
    }
    basic(LOGIN, window, skip)
}

/// `Basic BASE64` of a header.
pub fn basic_header(window: &Window<'_>) -> Option<Found> {
    basic(HEADER, window, 0)
}

fn basic(rule: RuleName, window: &Window<'_>, skip: usize) -> Option<Found> {
    let rest = &window.after()[skip..];
    let length = PADDED.run(rest, 512);
    let encoded = &rest[..length];
    window.spend(4 * length);
    let encoded = &encoded[..encoded
        .iter()
        .position(|byte| *byte == b'=')
        .unwrap_or(length)];
    let decoded = decode_loose(encoded)?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    let (user, password) = (&decoded[..colon], &decoded[colon + 1..]);
    let is_text = decoded.iter().all(u8::is_ascii_graphic);
    let is_one = is_text && !user.is_empty() && is_password(password);
    let start = window.end() + skip;
    is_one.then(|| Found {
        rule,
        range: start..start + length,
        is_strong: false,
    })
}

/// Decodes what may lack its padding.
pub fn decode_loose(encoded: &[u8]) -> Option<Vec<u8>> {
    let whole = std::str::from_utf8(encoded).ok()?;
    crate::base64::decode(whole)
        .ok()
        .or_else(|| decode_standard(encoded))
}

fn blanks(text: &[u8]) -> usize {
    text.iter()
        .take_while(|byte| byte.is_ascii_whitespace())
        .count()
}

fn found(rule: RuleName, window: &Window<'_>, start: usize, length: usize) -> Option<Found> {
    let value = &window.bytes[start..start + length];
    window.spend(4 * length);
    let is_variable = value.starts_with(b"$")
        || value.starts_with(b"<")
        || value.starts_with(b"{")
        || value.starts_with(b"\"");
    let is_one = length >= 4 && !is_variable && !is_placeholder(value) && is_word_free(value);
    is_one.then(|| Found {
        rule,
        range: start..start + length,
        is_strong: false,
    })
}

/// No word that stands for a password.
fn is_word_free(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let words: [&[u8]; 8] = [
        b"password",
        b"passwd",
        b"pass",
        b"secret",
        b"token",
        b"test",
        b"mypass",
        b"string",
    ];
    let stem = &lower[..lower.len() - DIGITS.run_back(&lower, 4)];
    !words.contains(&stem) && !stem.ends_with(b"token")
}
