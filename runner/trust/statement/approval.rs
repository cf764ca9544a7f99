//! A person's approval of one artifact for one environment, until it expires.

use serde::{Deserialize, Serialize};
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::statement::Statement;
use zwieback_model::json::fields::{FieldError, Fields};
use zwieback_model::json::value::Value;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;

use super::heading::{self, Heading};

/// The predicate type.
pub const PREDICATE_TYPE: &str = "https://zwieback.example/statements/approval/v1";

/// What a person approves; which artifact stands in the subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// For which log, and when.
    pub heading: Heading,
    /// For which environment.
    pub environment: Name,
    /// From when on it counts no more.
    pub expires: Timestamp,
    /// What the person has to say.
    pub comment: Option<String>,
}

impl Approval {
    /// The statement.
    pub fn into_statement(self, subject: ResourceDescriptor) -> Statement {
        self.heading.statement(
            PREDICATE_TYPE,
            subject,
            [
                ("environment", Some(self.environment.as_str().into())),
                ("expires", Some(self.expires.to_string().into())),
                ("comment", self.comment.map(Value::from)),
            ],
        )
    }

    /// Reads the predicate.
    pub fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            heading: Heading::read(fields, &["environment", "expires", "comment"])?,
            environment: heading::name(fields, "environment")?,
            expires: heading::time(fields, "expires")?,
            comment: fields.optional_text("comment")?.map(str::to_owned),
        })
    }
}
