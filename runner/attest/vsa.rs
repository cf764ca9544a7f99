//! SLSA's verification summary: a verifier's word that artifacts were verified, in one signature.

use std::collections::BTreeSet;

use zwieback_model::json::fields::{FieldError, FieldProblem, Fields, text_of};
use zwieback_model::json::value::Value;
use zwieback_model::timestamp::Timestamp;

use super::grounds::{self, Grounds};
use super::resource::{ResourceDescriptor, present, sorted_list};
use super::statement::Statement;

/// The predicate type.
pub const PREDICATE_TYPE: &str = "https://slsa.dev/verification_summary/v1";
/// The property of artifacts that independent builders agree on; no one else may name it so.
pub const REPRODUCED: &str = "SLSA_BUILD_REPRODUCED";
/// The member that tells that executable bits were not looked at; a member of its own, as SLSA wants
/// extensions to be.
const IGNORED_MODES: &str = "zwieback_ignoredModes";
const SLSA_VERSION: &str = "1.2";

/// What a verifier found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Who verified; a URI.
    pub verifier: String,
    /// When.
    pub time_verified: Option<Timestamp>,
    /// What the artifacts are, for whoever will use them: a purl, an address.
    pub resource: String,
    /// By which policy, with its digest.
    pub policy: ResourceDescriptor,
    /// All attestations it rests on.
    pub inputs: Vec<ResourceDescriptor>,
    /// Whether they passed.
    pub passed: bool,
    /// Levels and properties that were verified.
    pub levels: BTreeSet<String>,
    /// What it rests on; none in the summaries of others, and in those of before.
    pub grounds: Option<Grounds>,
}

/// Says in the statement of a summary that executable bits were not looked at.
#[must_use]
pub fn with_ignored_modes(mut statement: Statement) -> Statement {
    if let Value::Object(members) = &mut statement.predicate {
        members.extend([(IGNORED_MODES.to_owned(), true.into())]);
    }
    statement
}

/// Whether the statement of a summary says that executable bits were not looked at.
pub fn ignored_modes(statement: &Statement) -> bool {
    statement.predicate.get(IGNORED_MODES) == Some(&Value::Bool(true))
}

impl Summary {
    /// The statement that these artifacts were verified so.
    pub fn into_statement(self, subject: Vec<ResourceDescriptor>) -> Statement {
        Statement {
            subject,
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: self.to_value(),
        }
    }

    /// The predicate as JSON.
    pub fn to_value(&self) -> Value {
        let result = if self.passed { "PASSED" } else { "FAILED" };
        let levels: Vec<&str> = self.levels.iter().map(String::as_str).collect();
        present([
            (
                "verifier",
                Some(Value::object([("id", self.verifier.as_str().into())])),
            ),
            (
                "timeVerified",
                self.time_verified.map(|time| time.to_string().into()),
            ),
            ("resourceUri", Some(self.resource.as_str().into())),
            ("policy", Some(self.policy.to_value())),
            ("inputAttestations", Some(sorted_list(&self.inputs))),
            ("verificationResult", Some(result.into())),
            ("verifiedLevels", Some(levels.into())),
            ("slsaVersion", Some(SLSA_VERSION.into())),
            (
                grounds::MEMBER,
                self.grounds.as_ref().map(Grounds::to_value),
            ),
        ])
    }

    /// Reads the predicate of a statement; unknown members are ignored (the specification's rules).
    pub fn read(predicate: &Value) -> Result<Self, FieldError> {
        let fields = Fields::of(predicate, "predicate")?;
        let policy = fields.object("policy")?;
        let levels = fields.list("verifiedLevels")?.into_iter();
        let result = fields.text("verificationResult")?;
        if !["PASSED", "FAILED"].contains(&result) {
            let problem = FieldProblem::Rule("is neither PASSED nor FAILED");
            return Err(fields.error("verificationResult", problem));
        }
        Ok(Self {
            verifier: fields.object("verifier")?.text("id")?.to_owned(),
            time_verified: fields.optional_time("timeVerified")?,
            resource: fields.text("resourceUri")?.to_owned(),
            policy: ResourceDescriptor::read(
                &policy.members().clone().into(),
                &fields.path_of("policy"),
            )?,
            inputs: ResourceDescriptor::read_list(&fields, "inputAttestations")?,
            passed: result == "PASSED",
            levels: levels
                .map(|(path, value)| text_of(value, &path).map(str::to_owned))
                .collect::<Result<_, _>>()?,
            grounds: fields
                .optional_object(grounds::MEMBER)?
                .map(|grounds| Grounds::read(&grounds))
                .transpose()?,
        })
    }
}
