//! What keys were used for: a line of JSON for each signature, in a file of the user's own.
//!
//! The line is written before the key is asked. A key that signs leaves a trace, also if this process
//! is killed; a trace says that a signature was asked for, not that there is one.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use zwieback_attest::public_key::PublicKey;
use zwieback_attest::purpose::Purpose;
use zwieback_model::timestamp::Timestamp;

use super::error::{SignError, UsesError};
use super::signer::Signer;
use crate::clock;
use crate::dirs::Dirs;
use crate::fs::private;

/// One use of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// When.
    pub time: Timestamp,
    /// The key's fingerprint.
    pub key: String,
    /// What kind of message it was.
    pub kind: String,
    /// What a statement said about its subjects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
    /// Name and version of the recipe that was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<(String, String)>,
    /// The builder it spoke for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builder: Option<String>,
    /// The first subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// How many subjects there were.
    pub subjects: usize,
    /// The SHA-256 of the message.
    pub sha256: String,
}

/// A key whose uses are recorded.
pub struct Recorded {
    signer: Box<dyn Signer>,
    file: PathBuf,
}

impl Recorded {
    /// Records each use of that key in that file.
    pub fn new(signer: Box<dyn Signer>, file: PathBuf) -> Self {
        Self { signer, file }
    }
}

impl Signer for Recorded {
    fn public_key(&self) -> &PublicKey {
        self.signer.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        append(&self.file, &Use::of(message, self.public_key()))?;
        self.signer.sign(message)
    }
}

/// Where the uses of this user's keys are recorded.
pub fn file(dirs: &Dirs) -> PathBuf {
    dirs.state.join("key-uses.jsonl")
}

/// All that is recorded, in order; without a file nothing is.
pub fn read(file: &Path) -> Result<Vec<Use>, UsesError> {
    let failed = |source| failed("read", file, source);
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(file);
    let opened = match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened.map_err(failed)?,
    };
    check(&opened, file)?;
    let mut uses = Vec::new();
    for (index, line) in BufReader::new(opened).lines().enumerate() {
        let read = serde_json::from_str(&line.map_err(failed)?);
        uses.push(read.map_err(|_| UsesError::Line {
            path: file.to_owned(),
            line: index + 1,
        })?);
    }
    Ok(uses)
}

fn append(file: &Path, one: &Use) -> Result<(), UsesError> {
    let failed = |source| failed("write", file, source);
    if let Some(folder) = file.parent() {
        private::make_folder(folder).map_err(failed)?;
    }
    let mut opened = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        // A FIFO would keep the signature waiting, a link would lead elsewhere.
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
        .open(file)
        .map_err(failed)?;
    check(&opened, file)?;
    let mut line = serde_json::to_string(one).expect("a use of a key holds texts and numbers");
    line.push('\n');
    // In one piece: several processes may sign at the same time.
    opened.write_all(line.as_bytes()).map_err(failed)
}

fn check(opened: &File, file: &Path) -> Result<(), UsesError> {
    let metadata = opened.metadata();
    let metadata = metadata.map_err(|source| failed("look at", file, source))?;
    let is_own = metadata.is_file() && metadata.mode() & 0o022 == 0;
    is_own
        .then_some(())
        .ok_or_else(|| UsesError::NotOwn(file.to_owned()))
}

fn failed(what: &'static str, file: &Path, source: io::Error) -> UsesError {
    UsesError::Io {
        what,
        path: file.to_owned(),
        source,
    }
}

impl Use {
    fn of(message: &[u8], key: &PublicKey) -> Self {
        let purpose = Purpose::of(message);
        Self {
            time: clock::now(),
            key: key.id().to_string(),
            kind: purpose.kind,
            predicate: purpose.predicate,
            recipe: purpose.recipe,
            builder: purpose.builder,
            subject: purpose.subjects.first().map(|(name, _)| name.clone()),
            subjects: purpose.subjects.len(),
            sha256: purpose.digest.to_hex(),
        }
    }

    /// What it was, in a few words, with nothing in them that a terminal would obey.
    pub fn describe(&self) -> String {
        let kind = self.predicate.as_ref().unwrap_or(&self.kind);
        let what = match (&self.recipe, &self.subject) {
            (Some((name, version)), _) => format!("{kind} {name} {version}"),
            (None, Some(subject)) => format!("{kind} {subject}"),
            (None, None) => kind.clone(),
        };
        what.escape_debug().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use zwieback_attest::public_key::Algorithm;

    use super::*;
    use crate::keys::private_key::PrivateKey;

    #[test]
    fn each_use_is_a_line_and_without_a_record_nothing_is_signed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state/key-uses.jsonl");
        let key = PrivateKey::generate(Algorithm::Ed25519).unwrap();
        let public = key.public_key().clone();
        let signer = Recorded::new(Box::new(key), file.clone());
        assert_eq!(read(&file).unwrap(), []);
        for message in [&b"log.example\n1\n"[..], b"\xff\x1b"] {
            let signature = signer.sign(message).unwrap();
            assert_eq!(public.confirm(message, &signature), Ok(()));
        }
        let uses = read(&file).unwrap();
        let said: Vec<String> = uses.iter().map(Use::describe).collect();
        assert_eq!(said, ["text log.example", "bytes"]);
        assert!(uses.iter().all(|one| one.key == public.id().to_string()));
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
        let refused = signer.sign(b"m").unwrap_err();
        assert!(refused.hint().unwrap().contains("chmod 600"), "{refused}");
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &file).unwrap();
        assert!(signer.sign(b"m").is_err());
        fs::remove_file(&file).unwrap();
        let (fifo, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR);
        rustix::fs::mknodat(rustix::fs::CWD, &file, fifo, mode, 0).unwrap();
        assert!(signer.sign(b"m").is_err());
        fs::remove_file(&file).unwrap();
        fs::write(&file, "hello\n").unwrap();
        assert!(matches!(read(&file), Err(UsesError::Line { line: 1, .. })));
    }
}
