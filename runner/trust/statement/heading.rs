//! What every statement of ours has: the log it is for, and when it was made.

use serde::{Deserialize, Serialize};
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::statement::Statement;
use zwieback_model::digest::Digest;
use zwieback_model::json::fields::{FieldError, FieldProblem, Fields};
use zwieback_model::json::value::{Object, Value};
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;

use crate::tlog::note_key::NoteName;

const LOG: &str = "log";
const LOG_ID: &str = "logId";
const ISSUED: &str = "issued";

/// The log a statement is for, and when it was made, by its maker's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// The log's name: a statement for one log is none for another.
    pub log: NoteName,
    /// Which log of that name ([`crate::tlog::log_id`]). Statements of earlier versions have none.
    pub log_id: Option<Digest>,
    /// When it was made. It tells two statements apart and proves nothing.
    pub issued: Timestamp,
}

/// Why a statement does not hold at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutOfSpan {
    /// It has ended.
    Over,
    /// It lasts for so many seconds, which is longer than it may.
    TooLong(i64),
}

impl Heading {
    /// Whether a statement that ends then holds now, and lasts no longer than it may. Its beginning is
    /// no time ahead: such a statement was not counted in the first place.
    pub fn check_span(
        &self,
        expires: Timestamp,
        longest: i64,
        now: Timestamp,
    ) -> Result<(), OutOfSpan> {
        let lasts = expires.seconds_since(self.issued);
        if now >= expires {
            Err(OutOfSpan::Over)
        } else if lasts > longest {
            Err(OutOfSpan::TooLong(lasts))
        } else {
            Ok(())
        }
    }

    /// A statement of ours with this heading; members without a value are left out.
    pub fn statement<const N: usize>(
        &self,
        predicate_type: &str,
        subject: ResourceDescriptor,
        members: [(&str, Option<Value>); N],
    ) -> Statement {
        Statement {
            subject: vec![subject],
            predicate_type: predicate_type.to_owned(),
            predicate: self.with(members),
        }
    }

    /// An object with this heading and these members; those without a value are left out.
    pub fn with<const N: usize>(&self, members: [(&str, Option<Value>); N]) -> Value {
        let heading = [
            (LOG, Some(self.log.as_str().into())),
            (LOG_ID, self.log_id.map(|id| id.to_hex().into())),
            (ISSUED, Some(self.issued.to_string().into())),
        ];
        let members = heading.into_iter().chain(members);
        let members = members.filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let members: Object = members.collect();
        members.into()
    }

    /// Reads the heading, and refuses members that the kind of statement does not have: one that is
    /// ignored could be the one that was meant to limit the others.
    pub fn read(fields: &Fields<'_>, known: &[&str]) -> Result<Self, FieldError> {
        let all: Vec<&str> = known.iter().copied().chain([LOG, LOG_ID, ISSUED]).collect();
        fields.only(&all)?;
        let rule = |name, rule| fields.error(name, FieldProblem::Rule(rule));
        let log = fields.text(LOG)?.parse();
        Ok(Self {
            log: log.map_err(|_| rule(LOG, "is no name of a log"))?,
            log_id: log_id(fields, LOG_ID)?,
            issued: time(fields, ISSUED)?,
        })
    }
}

/// The id of a log, where there is one.
pub fn log_id(fields: &Fields<'_>, name: &str) -> Result<Option<Digest>, FieldError> {
    let rule = FieldProblem::Rule("is no id of a log");
    let id = fields.optional_text(name)?.map(str::parse).transpose();
    id.map_err(|_| fields.error(name, rule))
}

/// A moment that must be there.
pub fn time(fields: &Fields<'_>, name: &str) -> Result<Timestamp, FieldError> {
    let missing = || fields.error(name, FieldProblem::Missing);
    fields.optional_time(name)?.ok_or_else(missing)
}

/// A name that must be there.
pub fn name(fields: &Fields<'_>, member: &str) -> Result<Name, FieldError> {
    let rule = FieldProblem::Rule("is no name");
    let text = fields.text(member)?;
    text.parse().map_err(|_| fields.error(member, rule))
}

/// A count that must be there.
pub fn count(fields: &Fields<'_>, name: &str) -> Result<u64, FieldError> {
    let rule = FieldProblem::Rule("is negative");
    u64::try_from(fields.integer(name)?).map_err(|_| fields.error(name, rule))
}

/// A count as JSON; no log grows beyond what that can hold.
pub fn number(count: u64) -> Value {
    i64::try_from(count).unwrap_or(i64::MAX).into()
}
