//! A revocation: from a time on, a key, an artifact, a builder or a source is not to be used.

use serde::{Deserialize, Serialize};
use zwieback_attest::key_id::{KeyId, KeyName};
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::statement::Statement;
use zwieback_model::digest::Digest;
use zwieback_model::digest_set::DigestSet;
use zwieback_model::json::fields::{FieldError, FieldProblem, Fields};
use zwieback_model::json::value::Value;
use zwieback_model::timestamp::Timestamp;

use super::heading::Heading;

/// The predicate type.
pub const PREDICATE_TYPE: &str = "https://zwieback.example/statements/revocation/v1";

/// What is not to be used any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// For which log, and when.
    pub heading: Heading,
    /// What.
    pub revoked: Revoked,
    /// What a key signed before, by trusted time, still counts; without a time nothing does.
    pub from: Option<Timestamp>,
    /// Why.
    pub reason: String,
}

/// What can be revoked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Revoked {
    /// A key of a person, a builder or the gate.
    Key(KeyName),
    /// An artifact, by its SHA-256.
    Artifact(Digest),
    /// A builder, by its id.
    Builder(String),
    /// A source or any other input of builds, by its SHA-256.
    Source(Digest),
}

impl Revocation {
    /// The statement; its subject is what is revoked, or stands for its name.
    pub fn into_statement(self) -> Statement {
        let (kind, id) = (self.revoked.kind(), self.revoked.id());
        let digest = match &self.revoked {
            Revoked::Artifact(digest) | Revoked::Source(digest) => *digest,
            Revoked::Key(_) | Revoked::Builder(_) => Digest::sha256(id.as_bytes()),
        };
        let subject = ResourceDescriptor::named(id.as_str(), DigestSet::sha256(digest));
        self.heading.statement(
            PREDICATE_TYPE,
            subject,
            [
                ("kind", Some(kind.into())),
                ("id", Some(id.as_str().into())),
                ("from", self.from.map(|from| Value::from(from.to_string()))),
                ("reason", Some(self.reason.as_str().into())),
            ],
        )
    }

    /// Reads the predicate.
    pub fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        let rule = FieldProblem::Rule("is no name of what is revoked");
        let revoked = Revoked::parse(fields.text("kind")?, fields.text("id")?);
        Ok(Self {
            heading: Heading::read(fields, &["kind", "id", "from", "reason"])?,
            revoked: revoked.ok_or_else(|| fields.error("id", rule))?,
            from: fields.optional_time("from")?,
            reason: fields.text("reason")?.to_owned(),
        })
    }
}

impl Revoked {
    /// What is named by a kind and an id, as the command line and the statement write them.
    pub fn parse(kind: &str, id: &str) -> Option<Self> {
        match kind {
            "key" => id.parse().ok().map(Self::Key),
            "artifact" => id.parse().ok().map(Self::Artifact),
            "builder" => Some(Self::Builder(id.to_owned())),
            "source" => id.parse().ok().map(Self::Source),
            _ => None,
        }
    }

    /// Whether it is that key, by whichever of its names.
    pub fn is_key(&self, key: KeyId) -> bool {
        matches!(self, Self::Key(name) if name.names(key))
    }

    /// What it is called on a screen.
    pub fn label(&self) -> String {
        match self {
            Self::Key(key) => format!("key {}", key.short()),
            Self::Artifact(digest) => format!("artifact {}", digest.short()),
            Self::Source(digest) => format!("source {}", digest.short()),
            Self::Builder(id) => format!("builder {id}"),
        }
    }

    /// The kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Key(_) => "key",
            Self::Artifact(_) => "artifact",
            Self::Builder(_) => "builder",
            Self::Source(_) => "source",
        }
    }

    /// Which one.
    pub fn id(&self) -> String {
        match self {
            Self::Key(key) => key.to_string(),
            Self::Artifact(digest) | Self::Source(digest) => digest.to_hex(),
            Self::Builder(id) => id.clone(),
        }
    }
}
