//! in-toto's test result, as far as a gate looks at it.
//!
//! Its predicate says neither when it was made nor what its maker knew by then, so that an old result could
//! be brought again after a newer one. Ours say both in one member of their own, whose name is a URI as
//! in-toto's parsing rules have it for extensions; other programs ignore it. A result without it, by another
//! program or an earlier version, counts for the least that is safe: a failure counts whenever it was made,
//! and a success while no failure is known.

use serde::{Deserialize, Serialize};
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::statement::Statement;
use zwieback_model::json::fields::{FieldError, FieldProblem, Fields};
use zwieback_model::json::value::Object;
use zwieback_model::timestamp::Timestamp;

use super::heading::{self, Heading, number};

/// The predicate type.
pub const PREDICATE_TYPE: &str = "https://in-toto.io/attestation/test-result/v0.1";
/// Our member of the predicate.
const EXTENSION: &str = "https://zwieback.example/statements/test-result/v1";
const SIZE: &str = "logSize";

/// A test result with what is known of its place among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestReport {
    /// How the tests ended.
    pub result: TestResult,
    /// For which log, and when; `None` where the statement does not say.
    pub heading: Option<Heading>,
    /// How many entries the log had when it was made: it comes after these. It comes after none where
    /// the statement does not say.
    pub size: u64,
}

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

impl TestReport {
    /// A report as other programs make them, which does not say where it belongs.
    pub fn unplaced(result: TestResult) -> Self {
        Self {
            result,
            heading: None,
            size: 0,
        }
    }

    /// When it was made, where it says so.
    pub fn issued(&self) -> Option<Timestamp> {
        self.heading.as_ref().map(|heading| heading.issued)
    }

    /// The statement; `configuration` is what was run, with digests.
    pub fn into_statement(
        self,
        subject: ResourceDescriptor,
        configuration: &ResourceDescriptor,
    ) -> Statement {
        let place = self.heading.as_ref();
        let place = place.map(|heading| heading.with([(SIZE, Some(number(self.size)))]));
        let members = [
            ("result", Some(self.result.as_str().into())),
            ("configuration", Some(vec![configuration.to_value()].into())),
            (EXTENSION, place),
        ];
        let members = members.into_iter();
        let members = members.filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let predicate: Object = members.collect();
        Statement {
            subject: vec![subject],
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: predicate.into(),
        }
    }

    /// Reads the predicate; unknown members are ignored (in-toto's parsing rules).
    pub fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        let result = TestResult::read(fields)?;
        let Some(place) = fields.optional_object(EXTENSION)? else {
            return Ok(Self::unplaced(result));
        };
        Ok(Self {
            result,
            heading: Some(Heading::read(&place, &[SIZE])?),
            size: heading::count(&place, SIZE)?,
        })
    }
}

impl TestResult {
    fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
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
