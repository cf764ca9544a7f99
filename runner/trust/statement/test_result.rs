//! in-toto's test result, as far as a gate looks at it.

use serde::{Deserialize, Serialize};
use zwieback_core::attest::resource::ResourceDescriptor;
use zwieback_core::attest::statement::Statement;
use zwieback_core::json::fields::{FieldError, FieldProblem, Fields};
use zwieback_core::json::value::Value;

/// The predicate type.
pub const PREDICATE_TYPE: &str = "https://in-toto.io/attestation/test-result/v0.1";

/// Whether the subject passed its tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TestResult {
    /// All of them.
    Passed,
    /// With warnings.
    Warned,
    /// Not all.
    Failed,
}

impl TestResult {
    /// The statement; `configuration` is what was run, with digests.
    pub fn into_statement(
        self,
        subject: ResourceDescriptor,
        configuration: &ResourceDescriptor,
    ) -> Statement {
        let predicate = Value::object([
            ("result", self.as_str().into()),
            ("configuration", vec![configuration.to_value()].into()),
        ]);
        Statement {
            subject: vec![subject],
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate,
        }
    }

    /// Reads the predicate; unknown members are ignored (in-toto's parsing rules).
    pub fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        let rule = FieldProblem::Rule("is neither PASSED, WARNED nor FAILED");
        let text = fields.text("result")?;
        let all = [Self::Passed, Self::Warned, Self::Failed];
        let found = all.into_iter().find(|it| it.as_str() == text);
        found.ok_or_else(|| fields.error("result", rule))
    }

    /// What it is called on a screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warned => "passed with warnings",
            Self::Failed => "failed",
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "PASSED",
            Self::Warned => "WARNED",
            Self::Failed => "FAILED",
        }
    }
}
