//! Why a log, a statement or a release was refused: codes that stay, sentences for people.

use std::fmt;

use zwieback_attest::reason::{self as attest, evidence};
use zwieback_model::json::fields::FieldError;

/// A refusal: its reason, and what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason, by which programs decide.
    pub reason: Why,
    saw: String,
    /// What was refused besides, for reasons of its own.
    others: Vec<Refusal>,
}

/// A reason of this crate, or one of verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Verification of a bundle, or the policy about builds, said no.
    Attest(attest::Reason),
    /// The log, or the policy about releases, said no.
    Release(Reason),
}

zwieback_attest::reasons! {
    /// A reason for which a log, a statement or a release is refused: those of the log first, then of
    /// statements, then of releases.
    pub enum Reason;

    /// a key of a log or a witness cannot be read
    NoteKeyMalformed = "note-key-malformed",
    /// a signed note cannot be read
    NoteMalformed = "note-malformed",
    /// the checkpoint cannot be read
    CheckpointMalformed = "checkpoint-malformed",
    /// the checkpoint is of another log
    LogOrigin = "log-origin",
    /// the checkpoint is signed by no log that is trusted
    LogKeyUnknown = "log-key-unknown",
    /// the checkpoint was not signed by the log it names, or was changed
    LogSignature = "log-signature",
    /// the policy about logs and witnesses cannot be read
    WitnessPolicyMalformed = "witness-policy-malformed",
    /// too few different witnesses vouch for the checkpoint
    WitnessQuorum = "witness-quorum",
    /// no witness has vouched for the log lately, so it could be held back
    LogStale = "log-stale",
    /// the log has fewer entries than it had before
    LogRolledBack = "log-rolled-back",
    /// the log has other entries than it had before
    LogForked = "log-forked",
    /// the log has everything that is remembered of it
    NothingToRestore = "nothing-to-restore",
    /// there is no log
    LogMissing = "log-missing",
    /// the log's files are not what its checkpoint stands for
    LogEdited = "log-edited",
    /// the proof cannot be read
    ProofMalformed = "proof-malformed",
    /// the proof does not lead from the entry to the log's root
    ProofInclusion = "proof-inclusion",
    /// the bundle carries no proof that it is in the log
    ProofMissing = "proof-missing",
    /// the entry of the log is about something else
    EntryMismatch = "entry-mismatch",
    /// the entry of the log is of a kind that is not read here
    EntryMalformed = "entry-malformed",
    /// the entry is larger than a log takes
    EntryTooLarge = "entry-too-large",
    /// the same statement is in the log already
    StatementReplayed = "statement-replayed",
    /// something else was said since, or at the same time, that this does not take back
    StatementSuperseded = "statement-superseded",
    /// the statement was made for another log
    StatementElsewhere = "statement-elsewhere",
    /// the statement says that it was made at a time that has not come yet
    StatementEarly = "statement-early",
    /// the statement lacks something that its kind must have
    StatementMalformed = "statement-malformed",
    /// the statement is of a kind that means nothing here
    StatementUnknown = "statement-unknown",
    /// the statement's key belongs to no one whom the policy knows
    SignerUnknown = "signer-unknown",
    /// the signer has no role that may say this
    SignerRole = "signer-role",
    /// the signer's key was revoked, and no trusted time shows that it signed before
    SignerRevoked = "signer-revoked",
    /// the signer claims to be someone else
    SignerName = "signer-name",
    /// the policy about releases cannot be read
    ReleasePolicyMalformed = "release-policy-malformed",
    /// no policy is in force
    PolicyMissing = "policy-missing",
    /// the first policy is not the one that was agreed on
    PolicyAnchor = "policy-anchor",
    /// the policy is not the next version of the one in force
    PolicyVersion = "policy-version",
    /// the policy about releases has expired
    ReleasePolicyExpired = "release-policy-expired",
    /// the policy does not know the environment
    EnvironmentMissing = "environment-missing",
    /// the promotion is for something else than it stands for
    PromotionMismatch = "promotion-mismatch",
    /// the promotion says that the release failed
    PromotionFailed = "promotion-failed",
    /// the promotion was decided by another policy than the one in force
    PromotionPolicy = "promotion-policy",
    /// the promotion was decided before other entries of the log
    PromotionStale = "promotion-stale",
    /// the generation is not the next one
    GenerationOrder = "generation-order",
    /// the rollback leads to what was taken out, or does not stand behind what is deployed
    RollbackForward = "rollback-forward",
    /// the statement was not made after the very entry before it
    StatementStale = "statement-stale",
    /// nothing in the log says how the artifact was built
    ProvenanceMissing = "provenance-missing",
    /// nothing in the log that is believed says how something it was built from was built
    NeedsMissing = "needs-missing",
    /// the artifact was revoked
    ArtifactRevoked = "artifact-revoked",
    /// the artifact's builder was revoked
    BuilderRevoked = "builder-revoked",
    /// a source of the artifact was revoked
    SourceRevoked = "source-revoked",
    /// too few of those whose approval is needed have approved
    ApprovalsTooFew = "approvals-too-few",
    /// the approval is for another artifact
    ApprovalArtifact = "approval-artifact",
    /// the approval is for another environment
    ApprovalEnvironment = "approval-environment",
    /// the approval has expired
    ApprovalExpired = "approval-expired",
    /// the approval lasts longer than the policy lets any last
    ApprovalTooLong = "approval-too-long",
    /// the approval was used up before the artifact was taken out
    ApprovalUsed = "approval-used",
    /// whoever changed the source cannot approve the release
    SelfApproval = "self-approval",
    /// whoever built the artifact cannot approve the release
    BuilderApproves = "builder-approves",
    /// the same person has approved already, with this or another key
    PersonCounted = "person-counted",
    /// nobody has said who changed a source
    AuthorsUnknown = "authors-unknown",
    /// the tests have not passed, or no one who may say so has said it
    TestsMissing = "tests-missing",
    /// the artifact is not in the environment that comes before
    NotPromotedBefore = "not-promoted-before",
    /// an older release would replace a newer one; that takes a rollback
    Downgrade = "downgrade",
    /// the artifact is deployed there already
    AlreadyDeployed = "already-deployed",
    /// the exception has no reason, no scope or no end
    ExceptionIncomplete = "exception-incomplete",
    /// the exception lasts longer than the policy lets any last
    ExceptionTooLong = "exception-too-long",
    /// the exception has expired
    ExceptionExpired = "exception-expired",
    /// the exception was made before the artifact was taken out
    ExceptionUsed = "exception-used",
    /// the exception covers something else
    ExceptionScope = "exception-scope",
    /// too few keepers make the same exception
    ExceptionQuorum = "exception-quorum",
    /// the release did not work when it was last looked at
    LeftUnhealthy = "left-unhealthy",
    /// no earlier generation verifies now
    NothingToRollBackTo = "nothing-to-roll-back-to",
    /// what is deployed is not what was promoted
    DeployedChanged = "deployed-changed",
    /// the file changed between the decision and its deployment
    FileSwapped = "file-swapped",
    /// the decision comes out otherwise when it is repeated
    DecisionDiffers = "decision-differs",
}

impl Why {
    /// The code: kebab-case, and never changed once released.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Attest(reason) => reason.code(),
            Self::Release(reason) => reason.code(),
        }
    }

    /// The sentence, without what was seen.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Attest(reason) => reason.sentence(),
            Self::Release(reason) => reason.sentence(),
        }
    }

    /// Whether a policy said no to what had been verified, which is another outcome for programs.
    pub fn is_denial(self) -> bool {
        match self {
            Self::Attest(reason) => reason.is_denial(),
            Self::Release(reason) => reason >= Reason::ReleasePolicyExpired,
        }
    }
}

impl Refusal {
    /// A refusal with what was seen; a text from outside must go through `{:?}` or come as it is.
    pub fn new(reason: impl Into<Why>, saw: impl fmt::Display) -> Self {
        Self {
            reason: reason.into(),
            saw: evidence(&saw.to_string()),
            others: Vec::new(),
        }
    }

    /// All refusals as one: the first stands for all, the others are carried along. None, if there is
    /// nothing to refuse.
    pub fn of_many(refusals: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut all = refusals.into_iter().flat_map(Self::each);
        let mut first = all.next()?;
        for other in all {
            let again = (other.reason, &other.saw) == (first.reason, &first.saw);
            if !again && !first.others.contains(&other) {
                first.others.push(other);
            }
        }
        Some(first)
    }

    /// The first refusal and all others, each by itself.
    pub fn each(self) -> Vec<Self> {
        let Self {
            reason,
            saw,
            others,
        } = self;
        let first = Self {
            reason,
            saw,
            others: Vec::new(),
        };
        std::iter::once(first).chain(others).collect()
    }

    /// What was refused besides.
    pub fn others(&self) -> &[Self] {
        &self.others
    }

    /// What was seen.
    pub fn saw(&self) -> &str {
        &self.saw
    }
}

impl From<Reason> for Why {
    fn from(reason: Reason) -> Self {
        Self::Release(reason)
    }
}

impl From<attest::Reason> for Why {
    fn from(reason: attest::Reason) -> Self {
        Self::Attest(reason)
    }
}

impl From<attest::Refusal> for Refusal {
    fn from(refusal: attest::Refusal) -> Self {
        Self {
            reason: refusal.reason.into(),
            saw: refusal.saw().to_owned(),
            others: refusal.others().iter().cloned().map(Self::from).collect(),
        }
    }
}

impl From<FieldError> for Refusal {
    fn from(error: FieldError) -> Self {
        attest::Refusal::from(error).into()
    }
}

impl std::error::Error for Refusal {}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason.sentence())?;
        if self.saw.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.saw)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn one_refusal_of_many_carries_each_once() {
        let new = |reason: Reason| Refusal::new(reason, "it");
        assert_eq!(Refusal::of_many([]), None);
        let (a, b) = (
            new(Reason::ArtifactRevoked),
            new(Reason::ReleasePolicyExpired),
        );
        let both = Refusal::of_many([a.clone(), b.clone(), a.clone()]).unwrap();
        assert_eq!((both.reason, both.others()), (a.reason, &[b.clone()][..]));
        let nested = Refusal::of_many([both, new(Reason::Downgrade), b.clone()]).unwrap();
        assert_eq!(nested.each(), [a, b, new(Reason::Downgrade)]);
    }

    #[test]
    fn codes_are_unique_and_plain() {
        let theirs = attest::Reason::ALL.iter().map(|reason| reason.code());
        let ours = Reason::ALL.iter().map(|reason| reason.code());
        let codes: BTreeSet<_> = theirs.chain(ours).collect();
        assert_eq!(codes.len(), attest::Reason::ALL.len() + Reason::ALL.len());
        for reason in Reason::ALL {
            let plain = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(reason.code().chars().all(plain), "{reason:?}");
            assert!(!reason.sentence().ends_with('.'), "{reason:?}");
        }
    }
}
