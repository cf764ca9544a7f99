//! C2SP's signed note: a text, a blank line, and a line for each signature.

use zwieback_model::base64;

use super::note_key::{NoteKey, NoteName};
use crate::reason::{Reason, Refusal};

/// A note larger than this is none of ours: a checkpoint has three lines and some signatures.
const LARGEST: usize = 64 << 10;
const DASH: &str = "\u{2014} ";

/// A text with signatures, none of them checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// One line of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// Whose it claims to be.
    pub name: NoteName,
    /// Which key of theirs.
    pub id: [u8; 4],
    /// The rest: what that is depends on the kind of key.
    pub bytes: Vec<u8>,
}

impl Note {
    /// A note without signatures; its text must end in a line feed.
    pub(super) fn new(text: String) -> Self {
        debug_assert!(text.ends_with('\n'));
        Self {
            text,
            signatures: Vec::new(),
        }
    }

    /// The text, which is what is signed, with its last line feed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The lines below the text.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a line; one that is there already is not added again.
    pub fn add(&mut self, key: &NoteKey, bytes: Vec<u8>) {
        let line = NoteSignature {
            name: key.name().clone(),
            id: key.id(),
            bytes,
        };
        if !self.signatures.contains(&line) {
            self.signatures.push(line);
        }
    }

    /// The lines that claim to be of that key.
    pub(super) fn lines_of<'a>(&'a self, key: &'a NoteKey) -> impl Iterator<Item = &'a [u8]> {
        let mut of = self.signatures.iter();
        std::iter::from_fn(move || {
            of.find(|it| it.id == key.id() && it.name == *key.name())
                .map(|it| it.bytes.as_slice())
        })
    }

    /// Adds this note's lines of that key to another.
    pub fn copy_lines(&self, key: &NoteKey, to: &mut Self) {
        for line in self.lines_of(key) {
            to.add(key, line.to_vec());
        }
    }

    /// The note as a file has it.
    pub fn to_text(&self) -> String {
        let lines = self.signatures.iter().map(|line| {
            let bytes = [&line.id[..], &line.bytes].concat();
            format!("{DASH}{} {}\n", line.name, base64::encode(&bytes))
        });
        format!("{}\n{}", self.text, lines.collect::<String>())
    }

    /// Reads a note.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let refuse = |what: &str| Refusal::new(Reason::NoteMalformed, what);
        if bytes.len() > LARGEST {
            return Err(refuse("too large"));
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| refuse("not UTF-8"))?;
        if whole.chars().any(|c| c.is_control() && c != '\n') {
            return Err(refuse("a control character"));
        }
        // The last blank line counts, so that a text may have blank lines of its own.
        let cut = whole.rfind("\n\n").ok_or_else(|| refuse("no blank line"))?;
        let (text, lines) = (&whole[..=cut], &whole[cut + 2..]);
        let lines = lines.strip_suffix('\n');
        let lines = lines.ok_or_else(|| refuse("no signature, or half a line"))?;
        let signatures = lines.split('\n').map(NoteSignature::parse);
        Ok(Self {
            text: text.to_owned(),
            signatures: signatures.collect::<Result<_, _>>()?,
        })
    }
}

impl NoteSignature {
    fn parse(line: &str) -> Result<Self, Refusal> {
        let refuse = || Refusal::new(Reason::NoteMalformed, format!("the line {line:?}"));
        let (name, bytes) = line
            .strip_prefix(DASH)
            .and_then(|rest| rest.split_once(' '))
            .ok_or_else(refuse)?;
        let bytes = base64::decode(bytes).map_err(|_| refuse())?;
        let (id, bytes) = bytes.split_first_chunk::<4>().ok_or_else(refuse)?;
        Ok(Self {
            name: name.parse().map_err(|_| refuse())?,
            id: *id,
            bytes: bytes.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_note_reads_and_writes() {
        let text = "a\n\nb\n\n\u{2014} x AAAAAQID\n\u{2014} y AAAAAg==\n";
        let note = Note::parse(text.as_bytes()).unwrap();
        assert_eq!(note.text(), "a\n\nb\n");
        assert_eq!(note.signatures()[0].bytes, [2, 3]);
        assert_eq!(note.to_text(), text);
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "a\n",
            "a\n\n",
            "a\n\n\u{2014} x AAAAAQID",
            "a\n\n- x AAAAAQID\n",
            "a\n\n\u{2014} x AAA\n",
            "a\n\n\u{2014} x+y AAAAAQID\n",
            "a\r\n\n\u{2014} x AAAAAQID\n",
        ] {
            let refusal = Note::parse(text.as_bytes()).unwrap_err();
            assert_eq!(refusal.reason, Reason::NoteMalformed.into(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(text in "(\u{2014} |[a-z]|\n|[A-Z=+ ]){0,40}") {
            if let Ok(note) = Note::parse(text.as_bytes()) {
                prop_assert_eq!(note.to_text(), text);
            }
        }
    }
}
