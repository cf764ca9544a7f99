//! A policy change: one keeper's word that these documents are to be the policy.

use serde::{Deserialize, Serialize};
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::statement::Statement;
use zwieback_model::digest::Digest;
use zwieback_model::digest_set::DigestSet;
use zwieback_model::json::canonical;
use zwieback_model::json::fields::{FieldError, Fields};
use zwieback_model::json::value::Value;

use super::heading::Heading;

/// The predicate type.
pub const PREDICATE_TYPE: &str = "https://zwieback.example/statements/policy/v1";

/// The three documents of a policy, as they were written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyDocuments {
    /// Who may do what to releases: `release.toml`.
    pub release: String,
    /// What is asked of builds: `policy.toml`.
    pub builds: String,
    /// Whom to believe about builds: a signed trust root.
    pub root: String,
}

/// One keeper's word for a policy; enough of them put it in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyChange {
    /// For which log, and when.
    pub heading: Heading,
    /// The policy.
    pub documents: PolicyDocuments,
}

impl PolicyDocuments {
    /// What stands for all three: a decision names it.
    pub fn digest(&self) -> Digest {
        Digest::sha256(&canonical::to_bytes(&self.to_value()))
    }

    fn to_value(&self) -> Value {
        Value::object([
            ("release", self.release.as_str().into()),
            ("builds", self.builds.as_str().into()),
            ("trustRoot", self.root.as_str().into()),
        ])
    }
}

impl PolicyChange {
    /// The statement.
    pub fn into_statement(self) -> Statement {
        let digest = DigestSet::sha256(self.documents.digest());
        let subject = ResourceDescriptor::named("policy", digest);
        let documents = self.documents.to_value();
        self.heading
            .statement(PREDICATE_TYPE, subject, [("policy", Some(documents))])
    }

    /// Reads the predicate.
    pub fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        let heading = Heading::read(fields, &["policy"])?;
        let policy = fields.object("policy")?;
        policy.only(&["release", "builds", "trustRoot"])?;
        Ok(Self {
            heading,
            documents: PolicyDocuments {
                release: policy.text("release")?.to_owned(),
                builds: policy.text("builds")?.to_owned(),
                root: policy.text("trustRoot")?.to_owned(),
            },
        })
    }
}
