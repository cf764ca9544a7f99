//! Break-glass: for a reason, some rules do not hold for one artifact in one environment, for a while.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::statement::Statement;
use zwieback_model::json::fields::{Fields, text_of};
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;

use super::heading::{self, Heading};
use super::rule_name::{self, is_rule_name};
use crate::reason::{Reason, Refusal};

/// The predicate type.
pub const PREDICATE_TYPE: &str = "https://zwieback.example/statements/break-glass/v1";

/// An exception; which artifact it is for stands in the subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlass {
    /// For which log, and when.
    pub heading: Heading,
    /// Where.
    pub environment: Name,
    /// The rules that do not hold, each by its whole name as a decision shows it.
    pub scope: BTreeSet<String>,
    /// Why; there is no exception without a reason.
    pub reason: String,
    /// From when on they hold again.
    pub expires: Timestamp,
}

impl BreakGlass {
    /// The statement.
    pub fn into_statement(self, subject: ResourceDescriptor) -> Statement {
        let scope: Vec<&str> = self.scope.iter().map(String::as_str).collect();
        self.heading.statement(
            PREDICATE_TYPE,
            subject,
            [
                ("environment", Some(self.environment.as_str().into())),
                ("scope", Some(scope.into())),
                ("reason", Some(self.reason.as_str().into())),
                ("expires", Some(self.expires.to_string().into())),
            ],
        )
    }

    /// Reads the predicate; one without reason, scope or end is none.
    pub fn read(fields: &Fields<'_>) -> Result<Self, Refusal> {
        let lacks = |what: &str| Refusal::new(Reason::ExceptionIncomplete, what);
        let heading = Heading::read(fields, &["environment", "scope", "reason", "expires"])?;
        let mut scope = BTreeSet::new();
        for (path, value) in fields.list("scope")? {
            let word = text_of(value, &path)?;
            if !is_rule_name(word) {
                return Err(lacks("a scope that is no name of a rule"));
            }
            scope.insert(rule_name::current(word));
        }
        let reason = fields.optional_text("reason")?.map(str::trim);
        let reason = reason.filter(|reason| !reason.is_empty());
        let reason = reason.ok_or_else(|| lacks("no reason"))?;
        let expires = fields.optional_time("expires")?;
        if scope.is_empty() {
            Err(lacks("no scope"))
        } else {
            Ok(Self {
                heading,
                environment: heading::name(fields, "environment")?,
                scope,
                reason: reason.to_owned(),
                expires: expires.ok_or_else(|| lacks("no end"))?,
            })
        }
    }
}
