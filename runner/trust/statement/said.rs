//! What an entry of the log says, whatever its kind, once its signature holds.

use zwieback_attest::bundle::Bundle;
use zwieback_attest::dsse::PAYLOAD_TYPE;
use zwieback_attest::key_id::KeyId;
use zwieback_attest::output_tree::outputs;
use zwieback_attest::provenance::{self, Provenance};
use zwieback_attest::reason::{self as attest, Refusal as AttestRefusal};
use zwieback_attest::statement::Statement;
use zwieback_model::digest::Digest;
use zwieback_model::json::fields::Fields;
use zwieback_model::timestamp::Timestamp;

use super::approval::{self, Approval};
use super::authorship::{self, Authorship};
use super::break_glass::{self, BreakGlass};
use super::heading::Heading;
use super::policy_change::{self, PolicyChange};
use super::promotion::{self, Promotion};
use super::restoration::{self, Restoration};
use super::revocation::{self, Revocation};
use super::rollback::{self, Rollback};
use super::test_result::{self, TestReport};
use crate::reason::{Reason, Refusal};
use crate::tlog::entry::Entry;
use crate::tlog::note_key::NoteName;

/// One statement of the log, by the key that signed it.
#[derive(Clone, Debug)]
pub struct Signed {
    /// What is said.
    pub said: Said,
    /// The SHA-256 of the subject.
    pub subject: Digest,
    /// What the subject is called.
    pub name: String,
    /// The SHA-256 of the statement: saying the same twice is saying it once.
    pub digest: Digest,
    /// Whose signature it is.
    pub key: KeyId,
    /// The bundle it came in.
    pub bundle: Bundle,
}

/// What is said.
#[derive(Clone, Debug)]
pub enum Said {
    /// How the subject was built, by its first builder or by one that rechecked it.
    Built(Box<Provenance>),
    /// Whether the subject passed its tests.
    Tested(TestReport),
    /// Who changed the subject.
    Authored(Authorship),
    /// Someone approves the subject.
    Approved(Approval),
    /// The gate promotes the subject.
    Promoted(Box<Promotion>),
    /// The gate returns to the subject.
    RolledBack(Rollback),
    /// The subject is not to be used any more.
    Revoked(Revocation),
    /// A keeper says that the log was put back.
    Restored(Restoration),
    /// Rules do not hold for the subject.
    BrokeGlass(BreakGlass),
    /// A keeper wants the subject to be the policy.
    ChangedPolicy(PolicyChange),
}

/// Whether signatures still have to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Everything.
    Signature,
    /// None: the same reader has checked the entry's signature before, and the log's root shows that it
    /// is the same entry.
    Digest,
}

/// What reading an entry came to.
#[derive(Clone, Debug)]
pub enum Reading {
    /// No signature holds, or it is another statement's.
    Forged(Refusal),
    /// It is signed, and is no statement that is known here.
    Unreadable(Refusal),
    /// A statement.
    Said(Box<Signed>),
}

impl Reading {
    /// Reads a bundle that is the one of that entry.
    pub fn of(entry: &Entry, bundle: Bundle, check: Check) -> Self {
        let confirmed = match check {
            Check::Signature => entry.confirm(&bundle),
            Check::Digest => Ok(()),
        };
        match confirmed.map(|()| Signed::read(entry, bundle)) {
            Err(refusal) => Self::Forged(refusal),
            Ok(Err(refusal)) => Self::Unreadable(refusal),
            Ok(Ok(signed)) => Self::Said(Box::new(signed)),
        }
    }
}

impl Signed {
    /// Reads what a checked bundle says.
    pub fn read(entry: &Entry, bundle: Bundle) -> Result<Self, Refusal> {
        let envelope = bundle.envelope();
        if envelope.payload_type != PAYLOAD_TYPE {
            let saw = format!("{:?}", envelope.payload_type);
            return Err(Refusal::new(attest::Reason::PayloadType, saw));
        }
        let statement = Statement::parse(&envelope.payload).map_err(AttestRefusal::from)?;
        let subject = statement.subject.first();
        let digest = subject.and_then(|subject| subject.digest.get_sha256());
        let weak = || Refusal::new(attest::Reason::SubjectWeakDigest, "");
        Ok(Self {
            said: Said::of(&statement)?,
            subject: digest.ok_or_else(weak)?,
            name: subject.map_or("", |it| it.label()).to_owned(),
            digest: Digest::sha256(&envelope.payload),
            key: entry.key.id(),
            bundle,
        })
    }

    /// The subjects besides the first, which only provenance has.
    pub fn subjects(&self) -> Vec<(Digest, String)> {
        let statement = Statement::parse(&self.bundle.envelope().payload);
        let subjects = statement
            .map(|statement| statement.subject)
            .unwrap_or_default();
        let subjects = subjects.into_iter().filter_map(|subject| {
            let digest = subject.digest.get_sha256()?;
            Some((digest, subject.label().to_owned()))
        });
        subjects.collect()
    }

    /// How many files it is about; their tree is none.
    pub fn files(&self) -> usize {
        let statement = Statement::parse(&self.bundle.envelope().payload);
        statement.map_or(0, |statement| outputs(&statement).count())
    }
}

impl Said {
    fn of(statement: &Statement) -> Result<Self, Refusal> {
        let fields = Fields::of(&statement.predicate, "predicate")?;
        let one = |said| match statement.subject.len() {
            1 => Ok(said),
            count => Err(Refusal::new(
                Reason::StatementMalformed,
                format!("{count} subjects, it is about one"),
            )),
        };
        match statement.predicate_type.as_str() {
            provenance::PREDICATE_TYPE => {
                let provenance = Provenance::read(&statement.predicate)?;
                Ok(Self::Built(Box::new(provenance)))
            }
            test_result::PREDICATE_TYPE => one(Self::Tested(TestReport::read(&fields)?)),
            authorship::PREDICATE_TYPE => one(Self::Authored(Authorship::read(&fields)?)),
            approval::PREDICATE_TYPE => one(Self::Approved(Approval::read(&fields)?)),
            promotion::PREDICATE_TYPE => {
                let promotion = Promotion::read(&statement.predicate, &fields)?;
                one(Self::Promoted(Box::new(promotion)))
            }
            rollback::PREDICATE_TYPE => one(Self::RolledBack(Rollback::read(&fields)?)),
            revocation::PREDICATE_TYPE => one(Self::Revoked(Revocation::read(&fields)?)),
            restoration::PREDICATE_TYPE => one(Self::Restored(Restoration::read(&fields)?)),
            break_glass::PREDICATE_TYPE => one(Self::BrokeGlass(BreakGlass::read(&fields)?)),
            policy_change::PREDICATE_TYPE => one(Self::ChangedPolicy(PolicyChange::read(&fields)?)),
            other => Err(Refusal::new(Reason::StatementUnknown, format!("{other:?}"))),
        }
    }

    /// The log it is for, by its name and its id, where its kind names one.
    pub fn log(&self) -> Option<(&NoteName, Option<Digest>)> {
        let heading: &Heading = match self {
            Self::Built(_) => return None,
            Self::Tested(it) => it.heading.as_ref()?,
            Self::Promoted(it) => return Some((&it.log, it.log_id)),
            Self::Authored(it) => &it.heading,
            Self::Approved(it) => &it.heading,
            Self::RolledBack(it) => &it.heading,
            Self::Revoked(it) => &it.heading,
            Self::Restored(it) => &it.heading,
            Self::BrokeGlass(it) => &it.heading,
            Self::ChangedPolicy(it) => &it.heading,
        };
        Some((&heading.log, heading.log_id))
    }

    /// When it was said, by the signer's own word, where its kind has a time.
    pub fn issued(&self) -> Option<Timestamp> {
        let heading = match self {
            Self::Tested(it) => return it.issued(),
            Self::Built(it) => return it.metadata.finished_on,
            Self::Promoted(it) => return it.summary.time_verified,
            Self::Authored(it) => &it.heading,
            Self::Approved(it) => &it.heading,
            Self::RolledBack(it) => &it.heading,
            Self::Revoked(it) => &it.heading,
            Self::Restored(it) => &it.heading,
            Self::BrokeGlass(it) => &it.heading,
            Self::ChangedPolicy(it) => &it.heading,
        };
        Some(heading.issued)
    }

    /// What it does, as a verb.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Built(_) => "built",
            Self::Tested(_) => "tested",
            Self::Authored(_) => "authored",
            Self::Approved(_) => "approved",
            Self::Promoted(_) => "promoted",
            Self::RolledBack(_) => "rolled back",
            Self::Revoked(_) => "revoked",
            Self::Restored(_) => "restored",
            Self::BrokeGlass(_) => "broke glass",
            Self::ChangedPolicy(_) => "policy",
        }
    }
}
