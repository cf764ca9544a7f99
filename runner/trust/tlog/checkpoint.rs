//! C2SP's checkpoint: what a log says about itself, in three signed lines.

use zwieback_model::base64;
use zwieback_model::digest::Digest;

use super::note::Note;
use super::note_key::{NoteKey, NoteName};
use super::proof::TreeHead;
use crate::reason::{Reason, Refusal};

/// What a log claims to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name, which no other has.
    pub origin: NoteName,
    /// Its tree.
    pub head: TreeHead,
}

impl Checkpoint {
    /// The text that the log and its witnesses sign.
    pub fn to_text(&self) -> String {
        let root = base64::encode(self.head.root.as_bytes());
        format!("{}\n{}\n{root}\n", self.origin, self.head.size)
    }

    /// The note with the log's signature over [`Self::to_text`].
    pub fn signed(&self, key: &NoteKey, signature: Vec<u8>) -> Note {
        let mut note = Note::new(self.to_text());
        note.add(key, signature);
        note
    }

    /// Reads the text of a note; lines after the third are extensions, which say nothing here.
    pub fn of(note: &Note) -> Result<Self, Refusal> {
        let refuse = |what: &str| Refusal::new(Reason::CheckpointMalformed, what);
        let mut lines = note.text().lines();
        let mut line = |what| lines.next().ok_or_else(|| refuse(what));
        let origin = line("no origin")?.parse();
        let (size, root) = (line("no size")?, line("no root")?);
        // `+1` and `01` are other spellings of what would then be signed twice.
        let plain = size.bytes().all(|byte| byte.is_ascii_digit());
        let plain = plain && (size == "0" || !size.starts_with('0'));
        let size = size.parse().ok().filter(|_| plain);
        let root = base64::decode(root).ok();
        let root: Option<[u8; 32]> = root.and_then(|root| root.try_into().ok());
        Ok(Self {
            origin: origin.map_err(|_| refuse("the origin is no name"))?,
            head: TreeHead {
                size: size.ok_or_else(|| refuse("the size is no number"))?,
                root: Digest::from_bytes(root.ok_or_else(|| refuse("the root is no digest"))?),
            },
        })
    }

    /// Reads a note that this log has signed.
    pub fn open(note: &Note, key: &NoteKey) -> Result<Self, Refusal> {
        let checkpoint = Self::of(note)?;
        if checkpoint.origin != *key.name() {
            let saw = format!("{:?}", checkpoint.origin.as_str());
            return Err(Refusal::new(Reason::LogOrigin, saw));
        }
        let mut lines = note.lines_of(key).peekable();
        if lines.peek().is_none() {
            return Err(Refusal::new(Reason::LogKeyUnknown, &checkpoint.origin));
        }
        if lines.any(|signature| key.confirms(note.text().as_bytes(), signature)) {
            Ok(checkpoint)
        } else {
            Err(Refusal::new(Reason::LogSignature, &checkpoint.origin))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Checkpoint, Refusal> {
        Checkpoint::of(&Note::new(text.to_owned()))
    }

    #[test]
    fn a_size_has_one_spelling() {
        let root = base64::encode(&[7; 32]);
        let sized = |size: &str| read(&format!("log.example\n{size}\n{root}\n"));
        for size in ["0", "1", "10", "18446744073709551615"] {
            assert_eq!(sized(size).unwrap().head.size.to_string(), size);
        }
        for size in [
            "",
            "00",
            "01",
            "+1",
            "-1",
            " 1",
            "1 ",
            "1.0",
            "1e3",
            "0x1",
            "\u{663}",
            "18446744073709551616",
        ] {
            let refused = sized(size).unwrap_err();
            assert_eq!(refused.reason.code(), "checkpoint-malformed", "{size:?}");
        }
    }

    #[test]
    fn every_line_must_be_there() {
        let root = base64::encode(&[7; 32]);
        let short = base64::encode(&[7; 31]);
        for text in [
            "log.example\n".to_owned(),
            "log.example\n1\n".to_owned(),
            format!("log.example\n1\n{short}\n"),
            format!("log.example\n1\n{root}A\n"),
            format!("two words\n1\n{root}\n"),
            format!("\n1\n{root}\n"),
        ] {
            let refused = read(&text).unwrap_err();
            assert_eq!(refused.reason.code(), "checkpoint-malformed", "{text:?}");
        }
        // Lines behind the third are extensions.
        assert!(read(&format!("log.example\n1\n{root}\nmore\n")).is_ok());
    }
}
