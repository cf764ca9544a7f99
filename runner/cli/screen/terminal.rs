//! The way out to a screen: everything that people read passes here, and nothing of a stranger goes
//! through as it is.
//!
//! Names, messages and logs of strangers stand in what is printed. A control character in them could
//! move the cursor, forge a line or rename a window, and a directional one (Unicode's UAX #9) could turn
//! around what a line seems to say. So each is shown as the escape that JSON has for it, which leaves
//! lines of JSON what they are. Line breaks and tabs stay, and of the escape sequences those by which
//! [`super::paint`] colours, if it does. Passwords and tokens in addresses are masked: what is printed here
//! goes to the logs of machines that build for others.

use std::io::{self, StderrLock, StdoutLock, Write};

use zwieback_model::masked::masked;
use zwieback_model::shown_name::is_shown;

use super::paint::{SEQUENCES, is_used};

/// A stream whose text cannot do anything but be read.
#[derive(Debug)]
pub struct Shown<W: Write> {
    inner: W,
}

/// Where people read.
pub fn stderr() -> Shown<StderrLock<'static>> {
    let inner = io::stderr().lock();
    Shown { inner }
}

/// Where programs read, or people who asked for something.
pub fn stdout() -> Shown<StdoutLock<'static>> {
    let inner = io::stdout().lock();
    Shown { inner }
}

/// Where bytes go that are a file, and are for no screen.
pub fn bytes() -> StdoutLock<'static> {
    io::stdout().lock()
}

impl<W: Write> Write for Shown<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let text = shown(&text, is_used());
        self.inner.write_all(masked(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn passes(character: char) -> bool {
    matches!(character, '\n' | '\t') || is_shown(character)
}

/// The text as a screen may have it.
fn shown(text: &str, colours: bool) -> String {
    if text.chars().all(passes) {
        return text.to_owned();
    }
    let mut safe = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let ours = SEQUENCES.iter().find(|it| rest.starts_with(**it));
        if let Some(sequence) = ours.filter(|_| colours) {
            safe.push_str(sequence);
            rest = &rest[sequence.len()..];
            continue;
        }
        if passes(character) {
            safe.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        }
        rest = &rest[character.len_utf8()..];
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_forge_a_screen_is_shown() {
        for (text, expected) in [
            ("plain, ä, 🦀\n\tnext", "plain, ä, 🦀\n\tnext"),
            ("\u{1b}[2J\u{1b}]0;x\u{7}", "\\u001b[2J\\u001b]0;x\\u0007"),
            ("a\rb\u{7f}\u{9b}2J", "a\\u000db\\u007f\\u009b2J"),
            ("\u{202e}gpj.exe", "\\u202egpj.exe"),
            ("a\u{e0041}", "a\\udb40\\udc41"),
            ("\u{1b}[31;1merror\u{1b}[0m", "\\u001b[31;1merror\\u001b[0m"),
        ] {
            assert_eq!(shown(text, false), expected);
        }
    }

    #[test]
    fn our_own_colours_pass_where_there_are_any() {
        let ours = "\u{1b}[31;1merror:\u{1b}[0m x";
        assert_eq!(shown(ours, true), ours);
        // Hidden text, and everything that is no colour of ours.
        assert_eq!(shown("\u{1b}[8mx\u{1b}[1A", true), "\\u001b[8mx\\u001b[1A");
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = serde_json::json!({"name": "\u{202e}a\u{1b}\u{85}\u{e0041}"});
        let line = shown(&value.to_string(), false);
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read, value);
        assert!(line.is_ascii());
    }

    #[test]
    fn bytes_that_are_no_text_are_no_sequence_either() {
        let mut out = Shown { inner: Vec::new() };
        out.write_all(b"a\xff\x9b2J").unwrap();
        assert_eq!(out.inner, "a\u{fffd}\u{fffd}2J".as_bytes());
    }

    #[test]
    fn passwords_in_addresses_are_masked() {
        let mut out = Shown { inner: Vec::new() };
        let url = "http://me:pass@mirror.example/f";
        write!(out, "{url} answered {}", 404).unwrap();
        assert_eq!(out.inner, b"http://***@mirror.example/f answered 404");
    }
}
