//! A promotion: the gate's verification summary, and the generation it makes.

use std::collections::BTreeSet;

use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::statement::Statement;
use zwieback_attest::vsa::{PREDICATE_TYPE as VSA, Summary};
use zwieback_model::digest::Digest;
use zwieback_model::json::fields::{FieldError, Fields, text_of};
use zwieback_model::json::value::Value;
use zwieback_model::name::Name;

use super::heading::{self, number};
use super::rule_name;
use crate::reason::{Reason, Refusal};
use crate::tlog::note_key::NoteName;

/// The predicate type.
pub const PREDICATE_TYPE: &str = VSA;

const LOG: &str = "zwieback_log";
const LOG_ID: &str = "zwieback_logId";
const ENVIRONMENT: &str = "zwieback_environment";
const GENERATION: &str = "zwieback_generation";
const SIZE: &str = "zwieback_logSize";
const VERSION: &str = "zwieback_version";
const WAIVED: &str = "zwieback_waived";

/// A decision that an artifact may be used in an environment, and its place in that one's history.
///
/// Members besides the summary's are extensions, whose names start with ours as SLSA asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// The summary: who verified what by which policy, resting on which attestations.
    pub summary: Summary,
    /// For which log.
    pub log: NoteName,
    /// Which log of that name. Promotions of earlier versions have none.
    pub log_id: Option<Digest>,
    /// Where it is used.
    pub environment: Name,
    /// One more than that of what it replaces.
    pub generation: u64,
    /// How many entries the log had when it was decided: what to fold to decide it again.
    pub size: u64,
    /// The artifact's version, where its provenance has one.
    pub version: Option<String>,
    /// Rules that an exception waived.
    pub waived: BTreeSet<String>,
}

/// What a promotion is for, so that one of another environment or file is none for this.
pub fn resource(environment: &Name, artifact: &str) -> String {
    format!("urn:zwieback:release:{environment}:{artifact}")
}

impl Promotion {
    /// The statement.
    pub fn into_statement(self, subject: ResourceDescriptor) -> Statement {
        let waived: Vec<&str> = self.waived.iter().map(String::as_str).collect();
        let own = [
            (LOG, Some(self.log.as_str().into())),
            (LOG_ID, self.log_id.map(|id| id.to_hex().into())),
            (ENVIRONMENT, Some(self.environment.as_str().into())),
            (GENERATION, Some(number(self.generation))),
            (SIZE, Some(number(self.size))),
            (VERSION, self.version.as_deref().map(Value::from)),
            (WAIVED, (!waived.is_empty()).then(|| waived.into())),
        ];
        let mut statement = self.summary.into_statement(vec![subject]);
        if let Value::Object(members) = &mut statement.predicate {
            let own = own.into_iter();
            members.extend(own.filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
        statement
    }

    /// Reads the predicate; unknown members are ignored (the specification's rules).
    pub fn read(predicate: &Value, fields: &Fields<'_>) -> Result<Self, Refusal> {
        let log = fields.text(LOG)?.parse();
        let waived = fields.list(WAIVED)?.into_iter();
        let text = |(path, value): (String, &Value)| -> Result<String, FieldError> {
            Ok(rule_name::current(text_of(value, &path)?))
        };
        Ok(Self {
            summary: Summary::read(predicate)?,
            log: log.map_err(|_| Refusal::new(Reason::StatementMalformed, LOG))?,
            log_id: heading::log_id(fields, LOG_ID)?,
            environment: heading::name(fields, ENVIRONMENT)?,
            generation: heading::count(fields, GENERATION)?,
            size: heading::count(fields, SIZE)?,
            version: fields.optional_text(VERSION)?.map(str::to_owned),
            waived: waived.map(text).collect::<Result<_, _>>()?,
        })
    }
}
