//! Values that exist only because a check succeeded.

use zwieback_model::digest::{Digest, Fingerprint};
use zwieback_model::shown_name;
use zwieback_model::tree::Tree;

use super::bundle::Bundle;
use super::dsse::PAYLOAD_TYPE;
use super::key_id::{KeyId, KeyName};
use super::output_tree;
use super::public_key::{PublicKey, SignatureError};
use super::reason::{Reason, Refusal};
use super::resource::ResourceDescriptor;
use super::statement::Statement;

/// The payload of an envelope that a trusted key has signed: exactly the bytes that were checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedEnvelope<'b> {
    payload: &'b [u8],
    key: KeyId,
}

/// A statement that a trusted key has signed, which says nothing yet about any file at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedStatement {
    statement: Statement,
    key: KeyId,
}

/// A file at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// The path it was named by.
    pub name: String,
    /// Its SHA-256, taken from the very bytes that will be used.
    pub sha256: Digest,
    /// Its BLAKE3, where it is known: SHA-256 alone is as good, and hashing once is faster.
    pub blake3: Option<Digest>,
}

/// How many keys a bundle is held against whose hint names none that has signed it.
const UNNAMED: usize = 64;

impl Artifact {
    /// A file whose digests are both known.
    pub fn new(name: impl Into<String>, print: &Fingerprint) -> Self {
        Self {
            name: name.into(),
            sha256: print.sha256,
            blake3: Some(print.blake3),
        }
    }

    /// What it is called without the folders it lies in.
    pub fn plain_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }
}

impl<'b> VerifiedEnvelope<'b> {
    /// Checks a bundle's signature against keys that are trusted.
    ///
    /// The hint decides which refusal it is, never whether there is one: it is not signed
    /// (DSSE: "MUST NOT be used for security decisions").
    pub fn of(bundle: &'b Bundle, keys: &[&PublicKey]) -> Result<Self, Refusal> {
        let envelope = bundle.envelope();
        let pae = envelope.pae();
        let confirmed = |key: &&PublicKey| key.confirm(&pae, bundle.signature());
        let hint: Option<KeyName> = bundle.hint().parse().ok();
        let is_named = |key: &&&PublicKey| hint.is_some_and(|hint| hint.names(key.id()));
        // Each time the whole payload is hashed, so that such trials have an end.
        let tried = keys
            .iter()
            .filter(is_named)
            .chain(keys.iter().take(UNNAMED));
        let key = match tried.into_iter().find(|key| confirmed(key).is_ok()) {
            Some(key) => key.id(),
            None => return Err(refusal_of(bundle, keys, confirmed)),
        };
        // Decided by its exact type: a `+json` of another kind could be signed for another purpose.
        if envelope.payload_type != PAYLOAD_TYPE {
            let saw = format!("{:?}", envelope.payload_type);
            return Err(Refusal::new(Reason::PayloadType, saw));
        }
        Ok(Self {
            payload: &envelope.payload,
            key,
        })
    }

    /// The key that signed.
    pub fn key(&self) -> KeyId {
        self.key
    }
}

impl VerifiedStatement {
    /// Reads the statement of a verified envelope.
    pub fn of(envelope: &VerifiedEnvelope<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            statement: read_statement(envelope.payload)?,
            key: envelope.key,
        })
    }

    /// The statement.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The key that signed it.
    pub fn key(&self) -> KeyId {
        self.key
    }

    /// The same with every file of its tree among the subjects, where they were too many to be listed.
    pub(super) fn with_files(self, tree: &Tree) -> Self {
        Self {
            statement: output_tree::with_files(self.statement, tree),
            ..self
        }
    }

    /// Makes sure that the statement is about that file; the name of its subject is returned.
    pub fn match_artifact(&self, artifact: &Artifact) -> Result<&str, Refusal> {
        match_artifact(&self.statement, artifact)
    }
}

/// Finds the subject that a file is; its name is returned.
///
/// in-toto matches by digest alone. A name is looked at only to tell the refusals apart, and to
/// catch a file that was put in the place of another one.
pub fn match_artifact<'s>(
    statement: &'s Statement,
    artifact: &Artifact,
) -> Result<&'s str, Refusal> {
    let subjects = &statement.subject;
    if subjects
        .iter()
        .all(|subject| subject.digest.get_sha256().is_none())
    {
        return Err(Refusal::new(Reason::SubjectWeakDigest, ""));
    }
    let file = file_name(&artifact.name);
    let (same_name, others): (Vec<_>, Vec<_>) = subjects
        .iter()
        .partition(|subject| file_name(subject.label()) == file);
    let matching =
        |subject: &&&ResourceDescriptor| subject.digest.matches(artifact.sha256, artifact.blake3);
    if let Some(subject) = same_name.iter().find(matching) {
        return Ok(subject.label());
    }
    let elsewhere = others.iter().find(matching);
    let saw = format!("{:?}, sha256 {}", artifact.name, artifact.sha256);
    match (elsewhere, same_name.is_empty()) {
        (Some(subject), true) => Ok(subject.label()),
        (Some(subject), false) => Err(Refusal::new(
            Reason::ArtifactSwapped,
            format!("{:?} has the bytes of {:?}", artifact.name, subject.label()),
        )),
        (None, false) => Err(Refusal::new(Reason::ArtifactChanged, saw)),
        (None, true) => Err(Refusal::new(Reason::ArtifactUnknown, saw)),
    }
}

/// Reads the bytes of a statement whose names are fit for a screen and for a folder.
pub(super) fn read_statement(payload: &[u8]) -> Result<Statement, Refusal> {
    let statement = Statement::parse(payload)?;
    check_names(&statement)?;
    Ok(statement)
}

/// Makes sure that the names of what a statement is about are fit for a screen and for a folder.
pub fn check_names(statement: &Statement) -> Result<(), Refusal> {
    let names = statement.subject.iter().filter_map(|it| it.name.as_deref());
    for name in names {
        check_name(name)?;
    }
    Ok(())
}

fn refusal_of(
    bundle: &Bundle,
    keys: &[&PublicKey],
    confirmed: impl Fn(&&PublicKey) -> Result<(), SignatureError>,
) -> Refusal {
    let hint: Option<KeyName> = bundle.hint().parse().ok();
    let named = keys
        .iter()
        .find(|key| hint.is_some_and(|hint| hint.names(key.id())));
    let named = named.or(match (keys, bundle.hint()) {
        ([only], "") => Some(only),
        _ => None,
    });
    match named.map(confirmed) {
        Some(Err(error)) => error.into(),
        _ => Refusal::new(Reason::KeyUnknown, format!("{:?}", bundle.hint())),
    }
}

/// Makes sure that the names of what a statement is about are fit for a screen, where they are no files'.
pub fn check_shown_names(statement: &Statement) -> Result<(), Refusal> {
    let mut names = statement.subject.iter().filter_map(|it| it.name.as_deref());
    names.try_for_each(|name| shown_name::check_shown(name).map_err(|_| unsafe_name(name)))
}

fn check_name(name: &str) -> Result<(), Refusal> {
    shown_name::check(name).map_err(|_| unsafe_name(name))
}

fn unsafe_name(name: &str) -> Refusal {
    Refusal::new(Reason::NameUnsafe, format!("{name:?}"))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
