//! A rollback: the only way by which an older release may replace a newer one.

use serde::{Deserialize, Serialize};
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::statement::Statement;
use zwieback_model::json::fields::{FieldError, FieldProblem, Fields};
use zwieback_model::name::Name;

use super::heading::{self, Heading, number};

/// The predicate type.
pub const PREDICATE_TYPE: &str = "https://zwieback.example/statements/rollback/v1";

/// A return to an earlier generation, whose artifact is the subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollback {
    /// For which log, and when.
    pub heading: Heading,
    /// Where.
    pub environment: Name,
    /// The generation that this makes.
    pub generation: u64,
    /// The earlier one that it is a copy of.
    pub to: u64,
    /// How many entries the log had when it was decided. Rollbacks of earlier versions do not say.
    pub size: Option<u64>,
    /// What brought it about.
    pub trigger: Trigger,
    /// Why, for people.
    pub reason: String,
}

/// What brought a rollback about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Trigger {
    /// Someone asked for it.
    Asked,
    /// What was deployed was revoked.
    Revoked,
    /// What was deployed had been changed.
    Changed,
    /// The health command failed.
    Unhealthy,
}

impl Rollback {
    /// The statement.
    pub fn into_statement(self, subject: ResourceDescriptor) -> Statement {
        self.heading.statement(
            PREDICATE_TYPE,
            subject,
            [
                ("environment", Some(self.environment.as_str().into())),
                ("generation", Some(number(self.generation))),
                ("to", Some(number(self.to))),
                ("size", self.size.map(number)),
                ("trigger", Some(self.trigger.as_str().into())),
                ("reason", Some(self.reason.as_str().into())),
            ],
        )
    }

    /// Reads the predicate.
    pub fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        let known = [
            "environment",
            "generation",
            "to",
            "size",
            "trigger",
            "reason",
        ];
        let rule = FieldProblem::Rule("is nothing that brings a rollback about");
        let trigger = Trigger::named(fields.text("trigger")?);
        let size = fields.value("size");
        let size = size.map(|_| heading::count(fields, "size"));
        Ok(Self {
            heading: Heading::read(fields, &known)?,
            environment: heading::name(fields, "environment")?,
            generation: heading::count(fields, "generation")?,
            to: heading::count(fields, "to")?,
            size: size.transpose()?,
            trigger: trigger.ok_or_else(|| fields.error("trigger", rule))?,
            reason: fields.text("reason")?.to_owned(),
        })
    }
}

impl Trigger {
    /// The word in the statement.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Revoked => "revoked",
            Self::Changed => "changed",
            Self::Unhealthy => "unhealthy",
        }
    }

    fn named(word: &str) -> Option<Self> {
        let all = [Self::Asked, Self::Revoked, Self::Changed, Self::Unhealthy];
        all.into_iter().find(|it| it.as_str() == word)
    }
}
