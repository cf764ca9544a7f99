//! The way out to a screen: everything that people read passes here, and nothing of a stranger goes
//! through as it is.
//!
//! Names, messages and logs of strangers stand in what is printed. A control character in them could
//! move the cursor, forge a line or rename a window, and a directional one (Unicode's UAX #9) could turn
//! around what a line seems to say. So each is shown as the escape that JSON has for it, which leaves
//! lines of JSON what they are. Line breaks and tabs stay, and of the escape sequences those by which
//! [`super::paint`] colours, if it does. Passwords and tokens in addresses are masked: what is printed here
//! goes to the logs of machines that build for others.

use std::io::{self, LineWriter, StderrLock, StdoutLock, Write};

use zwieback_model::masked::masked;
use zwieback_model::shown_name::is_shown;

use super::paint::{SEQUENCES, is_used};

/// The longest line that is written at once. Also what a pipe takes whole is a few kilobytes (pipe(7)).
const LINE: usize = 4096;

/// A stream whose text cannot do anything but be read. A line is written at once: programs that share a
/// terminal or a log do not tear each other's lines, and an address is masked as a whole.
#[derive(Debug)]
pub struct Shown<W: Write> {
    lines: LineWriter<Escaping<W>>,
}

/// What a stream is written through.
#[derive(Debug)]
struct Escaping<W: Write> {
    inner: W,
}

/// Where people read.
pub fn stderr() -> Shown<StderrLock<'static>> {
    Shown::new(io::stderr().lock())
}

/// Where programs read, or people who asked for something.
pub fn stdout() -> Shown<StdoutLock<'static>> {
    Shown::new(io::stdout().lock())
}

/// Where bytes go that are a file, and are for no screen.
pub fn bytes() -> StdoutLock<'static> {
    io::stdout().lock()
}

impl<W: Write> Shown<W> {
    fn new(inner: W) -> Self {
        let lines = LineWriter::with_capacity(LINE, Escaping { inner });
        Self { lines }
    }
}

impl<W: Write> Write for Shown<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lines.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lines.flush()
    }
}

impl<W: Write> Write for Escaping<W> {
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

/// No screen is taken to be narrower.
const NARROWEST: usize = 60;

/// How many columns stderr has, if it is a terminal.
pub fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stderr()).ok()?;
    let columns = usize::from(size.ws_col);
    (columns > 0).then(|| columns.max(NARROWEST))
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

    /// What each write carried.
    #[derive(Debug, Default)]
    struct Writes(Vec<String>);

    impl Write for &mut Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(String::from_utf8(bytes.to_vec()).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_no_sequence_either() {
        let mut writes = Writes::default();
        drop(Shown::new(&mut writes).write_all(b"a\xff\x9b2J"));
        assert_eq!(writes.0, ["a\u{fffd}\u{fffd}2J"]);
    }

    #[test]
    fn a_line_is_written_at_once() {
        let mut writes = Writes::default();
        let mut out = Shown::new(&mut writes);
        for number in [1, 2] {
            writeln!(out, "{number:>3} of {}", number + 1).unwrap();
        }
        write!(out, "{}?", String::from("sure")).unwrap();
        drop(out);
        assert_eq!(writes.0, ["  1 of 2\n", "  2 of 3\n", "sure?"]);
    }

    #[test]
    fn passwords_in_addresses_are_masked() {
        let mut writes = Writes::default();
        let address = "mirror.example/f";
        for password in ["pass", "other"] {
            writeln!(Shown::new(&mut writes), "http://me:{password}@{address}").unwrap();
        }
        assert_eq!(writes.0, ["http://***@mirror.example/f\n"; 2]);
    }
}
