//! C2SP's tlog-proof: one small file that proves, offline, that an entry is in a witnessed log.

use zwieback_model::base64;
use zwieback_model::digest::Digest;

use super::checkpoint::Checkpoint;
use super::note::Note;
use super::proof::InclusionProof;
use super::view::Expectation;
use crate::reason::{Reason, Refusal};

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// A path longer than this belongs to no tree whose size fits 64 bits.
const LONGEST: usize = 64;

/// An entry's place in a log, and the log's word for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogProof {
    /// The entry's place, and the way from it to the root.
    pub inclusion: InclusionProof,
    /// The checkpoint.
    pub checkpoint: Note,
}

impl LogProof {
    /// The text of the file.
    pub fn to_text(&self) -> String {
        let path = self.inclusion.path.iter();
        let path: String = path
            .map(|path| base64::encode(path.as_bytes()) + "\n")
            .collect();
        let (index, checkpoint) = (self.inclusion.index, self.checkpoint.to_text());
        format!("{HEADER}\nindex {index}\n{path}\n{checkpoint}")
    }

    /// Reads the file; what stands under `extra` proves nothing and is not kept.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let refuse = |what: &str| Refusal::new(Reason::ProofMalformed, what);
        let text = std::str::from_utf8(bytes).map_err(|_| refuse("not UTF-8"))?;
        let (head, checkpoint) = text
            .split_once("\n\n")
            .ok_or_else(|| refuse("no checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(refuse("another kind of file"));
        }
        lines.next_if(|line| line.starts_with("extra "));
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(|text| {
            let index: u64 = text.parse().ok()?;
            (index.to_string() == text).then_some(index)
        });
        let path: Option<Vec<Digest>> = lines.map(read_digest).take(LONGEST + 1).collect();
        let path = path.filter(|path| path.len() <= LONGEST);
        Ok(Self {
            inclusion: InclusionProof {
                index: index.ok_or_else(|| refuse("no index"))?,
                path: path.ok_or_else(|| refuse("a line that is no digest"))?,
            },
            checkpoint: Note::parse(checkpoint.as_bytes())?,
        })
    }

    /// Makes sure that the log has that entry.
    pub fn verify(&self, leaf: Digest, expected: &Expectation<'_>) -> Result<Checkpoint, Refusal> {
        // An old proof stays good, so what was seen since does not matter here.
        let expected = Expectation {
            seen: None,
            ..*expected
        };
        let checkpoint = expected.open(&self.checkpoint)?;
        checkpoint.head.includes(leaf, &self.inclusion)?;
        Ok(checkpoint)
    }
}

fn read_digest(line: &str) -> Option<Digest> {
    let bytes: [u8; 32] = base64::decode(line).ok()?.try_into().ok()?;
    Some(Digest::from_bytes(bytes))
}
