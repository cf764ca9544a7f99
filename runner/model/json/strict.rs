//! The reader: one reading per text, a position per refusal, bounds on everything.

use std::fmt;

use super::members::Members;
use super::value::{Decimal, Value};

/// How much a text may ask of its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text.
    pub size: usize,
    /// Arrays and objects within each other.
    pub depth: usize,
    /// Values of any kind: two bytes of text can become 32 bytes of memory.
    pub values: usize,
}

/// Where in a text something stands; lines and columns count from 1, columns in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Bytes before it.
    pub offset: usize,
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// Why a text was refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at {position}")]
pub struct JsonError {
    /// What is wrong.
    pub problem: Problem,
    /// Where it is.
    pub position: Position,
}

/// What can be wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// More bytes than allowed.
    #[error("more than {0} bytes")]
    TooLarge(usize),
    /// Arrays and objects nested further than allowed.
    #[error("nested deeper than {0} levels")]
    TooDeep(usize),
    /// More values than allowed.
    #[error("more than {0} values")]
    TooMany(usize),
    /// A byte order mark, which RFC 8259 section 8.1 forbids to send.
    #[error("a byte order mark")]
    ByteOrderMark,
    /// Bytes that are not UTF-8.
    #[error("bytes that are not UTF-8")]
    NotUtf8,
    /// A name that an object has already.
    #[error("the name {0:?} for the second time")]
    DuplicateName(String),
    /// Something after the value.
    #[error("more text after the end of the value")]
    TrailingData,
    /// Half of a UTF-16 pair, which stands for no character.
    #[error("half of a surrogate pair")]
    LoneSurrogate,
    /// A control character that is not escaped.
    #[error("a control character inside a string")]
    Control,
    /// A `\` before something that needs none.
    #[error("an unknown escape")]
    Escape,
    /// A number JSON has no form for: `NaN`, `Infinity`, `01`, `+1`, `.5`, `1.`.
    #[error("something that is no JSON number")]
    Number,
    /// The text ends inside a value.
    #[error("the end of the text")]
    Truncated,
    /// Another character than the grammar has there.
    #[error("an unexpected character, {0} is expected")]
    Unexpected(&'static str),
}

impl Limits {
    /// Enough for every statement and bundle; a 100 MB text is refused unread.
    pub const DEFAULT: Self = Self {
        size: 16 << 20,
        depth: 64,
        values: 1 << 20,
    };
}

/// Reads one value that takes up the whole text, within [`Limits::DEFAULT`].
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    parse_within(bytes, Limits::DEFAULT)
}

/// Reads one value that takes up the whole text.
pub fn parse_within(bytes: &[u8], limits: Limits) -> Result<Value, JsonError> {
    let text = check_bytes(bytes, limits).map_err(|(problem, offset)| JsonError {
        problem,
        position: Position::of(bytes, offset),
    })?;
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
        values: 0,
        limits,
    };
    reader.document().map_err(|problem| JsonError {
        problem,
        position: Position::of(bytes, reader.at),
    })
}

impl Position {
    fn of(bytes: &[u8], offset: usize) -> Self {
        let before = bytes.get(..offset).unwrap_or(bytes);
        let line_start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        Self {
            offset,
            line: before.split(|byte| *byte == b'\n').count(),
            column: 1 + before.len() - line_start,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} column {}", self.line, self.column)
    }
}

fn check_bytes(bytes: &[u8], limits: Limits) -> Result<&str, (Problem, usize)> {
    if bytes.len() > limits.size {
        return Err((Problem::TooLarge(limits.size), 0));
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err((Problem::ByteOrderMark, 0));
    }
    std::str::from_utf8(bytes).map_err(|error| (Problem::NotUtf8, error.valid_up_to()))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    values: usize,
    limits: Limits,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<Value, Problem> {
        self.skip_blanks();
        let value = self.value()?;
        self.skip_blanks();
        if self.peek().is_some() {
            return Err(Problem::TrailingData);
        }
        Ok(value)
    }

    fn value(&mut self) -> Result<Value, Problem> {
        self.values += 1;
        if self.values > self.limits.values {
            return Err(Problem::TooMany(self.limits.values));
        }
        match self.peek().ok_or(Problem::Truncated)? {
            b'{' => self.nested(Self::object),
            b'[' => self.nested(Self::array),
            b'"' => self.string().map(Value::String),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Null),
            b'N' | b'I' | b'+' | b'.' => Err(Problem::Number),
            _ => Err(Problem::Unexpected("a value")),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, Problem>) -> Result<Value, Problem> {
        self.depth += 1;
        if self.depth > self.limits.depth {
            return Err(Problem::TooDeep(self.limits.depth));
        }
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Result<Value, Problem> {
        let mut members = Members::default();
        self.list(b'}', "`,` or `}`", |reader| {
            let start = reader.at;
            let name = reader.string()?;
            if members.has(&name) {
                reader.at = start;
                return Err(Problem::DuplicateName(name));
            }
            reader.skip_blanks();
            reader.expect(b':', "`:`")?;
            reader.skip_blanks();
            let value = reader.value()?;
            members.add(name, value);
            Ok(())
        })?;
        Ok(Value::Object(members.finish()))
    }

    fn array(&mut self) -> Result<Value, Problem> {
        let mut elements = Vec::new();
        self.list(b']', "`,` or `]`", |reader| {
            elements.push(reader.value()?);
            Ok(())
        })?;
        Ok(Value::Array(elements))
    }

    fn list(
        &mut self,
        close: u8,
        expected: &'static str,
        mut item: impl FnMut(&mut Self) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        self.skip_blanks();
        if self.take_if(close) {
            return Ok(());
        }
        loop {
            item(self)?;
            self.skip_blanks();
            if self.take_if(close) {
                return Ok(());
            }
            self.expect(b',', expected)?;
            self.skip_blanks();
        }
    }

    fn string(&mut self) -> Result<String, Problem> {
        self.expect(b'"', "`\"`")?;
        let mut text = String::new();
        loop {
            let start = self.at;
            self.at += plain_length(&self.text.as_bytes()[start..]);
            // Quotes and escapes are ASCII, so both ends are boundaries of characters.
            text.push_str(&self.text[start..self.at]);
            match self.peek().ok_or(Problem::Truncated)? {
                b'"' => break,
                b'\\' => text.push(self.escape()?),
                _ => return Err(Problem::Control),
            }
        }
        self.at += 1;
        Ok(text)
    }

    fn escape(&mut self) -> Result<char, Problem> {
        let letter = *self
            .text
            .as_bytes()
            .get(self.at + 1)
            .ok_or(Problem::Truncated)?;
        let plain = match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err(Problem::Escape),
        };
        self.at += 2;
        Ok(plain)
    }

    fn unicode_escape(&mut self) -> Result<char, Problem> {
        let high = self.code_unit(self.at)?;
        let (code, length) = if (0xd800..0xdc00).contains(&high) {
            match self.code_unit(self.at + 6) {
                Ok(low) if (0xdc00..0xe000).contains(&low) => {
                    (0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00), 12)
                }
                _ => return Err(Problem::LoneSurrogate),
            }
        } else {
            (high, 6)
        };
        // What is left over is U+DC00 to U+DFFF: a second half without a first one.
        let character = char::from_u32(code).ok_or(Problem::LoneSurrogate)?;
        self.at += length;
        Ok(character)
    }

    fn code_unit(&self, at: usize) -> Result<u32, Problem> {
        let escape = self
            .text
            .as_bytes()
            .get(at..at + 6)
            .ok_or(Problem::Escape)?;
        let digits = escape.strip_prefix(b"\\u").ok_or(Problem::Escape)?;
        digits.iter().try_fold(0, |code, digit| {
            let nibble = char::from(*digit).to_digit(16).ok_or(Problem::Escape)?;
            Ok(code << 4 | nibble)
        })
    }

    fn number(&mut self) -> Result<Value, Problem> {
        let start = self.at;
        self.take_if(b'-');
        let whole = self.digits()?;
        if whole > 1 && self.text.as_bytes()[self.at - whole] == b'0' {
            self.at = start;
            return Err(Problem::Number);
        }
        if self.take_if(b'.') {
            self.digits()?;
        }
        if self.take_if(b'e') || self.take_if(b'E') {
            let _sign = self.take_if(b'+') || self.take_if(b'-');
            self.digits()?;
        }
        let written = &self.text[start..self.at];
        // `-0` has another spelling as a number than as it was written: it stays as written.
        Ok(match written.parse() {
            Ok(number) if written != "-0" => Value::Integer(number),
            _ => Value::Decimal(Decimal::as_written(written)),
        })
    }

    fn digits(&mut self) -> Result<usize, Problem> {
        let start = self.at;
        self.skip_while(|byte| byte.is_ascii_digit());
        match self.at - start {
            0 => Err(Problem::Number),
            count => Ok(count),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Problem> {
        if !self.text[self.at..].starts_with(word) {
            return Err(Problem::Unexpected("a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), Problem> {
        match self.peek() {
            None => Err(Problem::Truncated),
            Some(found) if found != byte => Err(Problem::Unexpected(expected)),
            Some(_) => {
                self.at += 1;
                Ok(())
            }
        }
    }

    fn take_if(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn skip_blanks(&mut self) {
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    fn skip_while(&mut self, keep: impl Fn(u8) -> bool) {
        let rest = &self.text.as_bytes()[self.at..];
        let length = rest.iter().position(|byte| !keep(*byte));
        self.at += length.unwrap_or(rest.len());
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// How far a string goes on before its end, an escape or a control character. Looked at in pieces, which
/// compilers turn into vector instructions: most of a bundle is one string.
fn plain_length(bytes: &[u8]) -> usize {
    // `||` would be a jump a byte.
    let is_other =
        |byte: u8| u8::from(byte == b'"') | u8::from(byte == b'\\') | u8::from(byte < 0x20);
    let (pieces, _) = bytes.as_chunks::<32>();
    let has_other = |piece: &[u8; 32]| piece.iter().fold(0, |any, byte| any | is_other(*byte)) != 0;
    let plain = pieces.iter().position(has_other).unwrap_or(pieces.len());
    let whole = 32 * plain;
    let rest = bytes[whole..].iter().position(|byte| is_other(*byte) != 0);
    rest.map_or(bytes.len(), |rest| whole + rest)
}

#[cfg(test)]
#[path = "strict_tests.rs"]
mod tests;
