//! Keys of logs and witnesses, as C2SP's signed-note writes them: `name+id+key`.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zwieback_attest::public_key::{Algorithm, PublicKey};
use zwieback_model::base64;

use crate::reason::{Reason, Refusal};

/// The DER before the 32 bytes of an Ed25519 key in a `SubjectPublicKeyInfo` (RFC 8410).
const SPKI_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// What a key signs; the number is part of its name, so one never passes for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum NoteKind {
    /// A log: Ed25519 over the note.
    Log = 0x01,
    /// A witness: Ed25519 over the time and the note.
    Witness = 0x04,
}

/// The name of a log or a witness: what its lines in a note start with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct NoteName(String);

/// The public key of a log or a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteKey {
    kind: NoteKind,
    name: NoteName,
    key: VerifyingKey,
}

impl NoteKey {
    /// The key under which that one signs notes; only Ed25519 keys do.
    pub fn new(kind: NoteKind, name: NoteName, key: &PublicKey) -> Result<Self, Refusal> {
        let refuse = || Refusal::new(Reason::NoteKeyMalformed, key.algorithm());
        let bytes = match key.algorithm() {
            Algorithm::Ed25519 => key.as_der().strip_prefix(&SPKI_PREFIX),
            Algorithm::EcdsaP256 => None,
        };
        Self::of(kind, name, bytes.ok_or_else(refuse)?)
    }

    /// What it signs.
    pub fn kind(&self) -> NoteKind {
        self.kind
    }

    /// Whose it is.
    pub fn name(&self) -> &NoteName {
        &self.name
    }

    /// The 32 bytes: two keys are the same if these are, whatever they are called.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// The `SubjectPublicKeyInfo`.
    pub fn to_der(&self) -> Vec<u8> {
        [&SPKI_PREFIX[..], self.as_bytes()].concat()
    }

    /// The first bytes of [`Self::log_id`]: which key a line claims to be signed by.
    pub fn id(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.log_id();
        [a, b, c, d]
    }

    /// SHA-256 over name, kind and key: what Sigstore calls the log's id.
    pub fn log_id(&self) -> [u8; 32] {
        let digest = Sha256::new()
            .chain_update(self.name.as_str())
            .chain_update([b'\n', self.kind as u8])
            .chain_update(self.as_bytes());
        digest.finalize().into()
    }

    /// Whether this key made that signature over these bytes.
    pub(super) fn confirms(&self, message: &[u8], signature: &[u8]) -> bool {
        let signature = ed25519_dalek::Signature::from_slice(signature);
        signature.is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }

    fn of(kind: NoteKind, name: NoteName, bytes: &[u8]) -> Result<Self, Refusal> {
        let key: Option<&[u8; 32]> = bytes.try_into().ok();
        let key = key.and_then(|bytes| VerifyingKey::from_bytes(bytes).ok());
        match key.filter(|key| !key.is_weak()) {
            Some(key) => Ok(Self { kind, name, key }),
            None => Err(Refusal::new(Reason::NoteKeyMalformed, name)),
        }
    }
}

impl NoteName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for NoteName {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for NoteName {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
        if text.is_empty() || text.len() > 255 || !text.chars().all(plain) {
            return Err(Refusal::new(Reason::NoteKeyMalformed, format!("{text:?}")));
        }
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for NoteKey {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let refuse = || Refusal::new(Reason::NoteKeyMalformed, format!("{text:?}"));
        let (name, rest) = text.split_once('+').ok_or_else(refuse)?;
        // Base64 has a `+` of its own, so only the first two separate.
        let (id, key) = rest.split_once('+').ok_or_else(refuse)?;
        let bytes = base64::decode(key).map_err(|_| refuse())?;
        let (kind, bytes) = match bytes.split_first() {
            Some((0x01, bytes)) => (NoteKind::Log, bytes),
            Some((0x04, bytes)) => (NoteKind::Witness, bytes),
            _ => return Err(refuse()),
        };
        let key = Self::of(kind, name.parse()?, bytes)?;
        if hex(key.id()) == id {
            Ok(key)
        } else {
            Err(refuse())
        }
    }
}

impl fmt::Display for NoteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind as u8], &self.as_bytes()[..]].concat();
        write!(
            f,
            "{}+{}+{}",
            self.name,
            hex(self.id()),
            base64::encode(&key)
        )
    }
}

fn hex(id: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_public_log_reads_and_writes() {
        // The example of the signed-note specification's reference implementation.
        let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let key: NoteKey = text.parse().unwrap();
        assert_eq!(key.to_string(), text);
        assert_eq!(key.kind(), NoteKind::Log);
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "PeterNeumann",
            "PeterNeumann+c74f20a3",
            "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+ARpc",
        ] {
            assert!(text.parse::<NoteKey>().is_err(), "{text}");
        }
    }
}
