//! Why something was not believed: codes that stay, sentences for people.

use std::fmt;

use zwieback_model::json::fields::{FieldError, FieldProblem};
use zwieback_model::json::strict::{JsonError, Problem};
use zwieback_model::shown_name;

use super::bundle::BundleError;
use super::public_key::SignatureError;
use super::statement::StatementError;

/// Evidence longer than this is cut: a refusal must fit a screen whatever the input.
const EVIDENCE: usize = 240;

/// A refusal: its reason, and what was seen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Refusal {
    /// The reason, by which programs decide.
    pub reason: Reason,
    /// What was seen, for people; control characters are escaped.
    saw: String,
    /// What was refused besides, where several things were looked at.
    others: Vec<Refusal>,
}

crate::reasons! {
    /// A reason for which something is not believed, in the order in which a verification can meet it.
    pub enum Reason;

    /// the document is larger than any honest one
    JsonTooLarge = "json-too-large",
    /// the document is nested deeper than any honest one
    JsonTooDeep = "json-too-deep",
    /// an object has the same name twice, so two readers could see two documents
    JsonDuplicateName = "json-duplicate-name",
    /// something follows the end of the document
    JsonTrailingData = "json-trailing-data",
    /// the document is not strict JSON
    JsonMalformed = "json-malformed",
    /// a member is missing or has the wrong shape
    FieldMalformed = "field-malformed",
    /// a member is not base64, or not its only spelling
    Base64Malformed = "base64-malformed",
    /// a digest is not written in full and in lower case
    DigestMalformed = "digest-malformed",
    /// the file is no Sigstore bundle of version 0.3
    BundleMediaType = "bundle-media-type",
    /// the bundle holds two things of which only one may be there
    BundleAmbiguous = "bundle-ambiguous",
    /// the bundle holds another kind of signature or key than can be checked here
    BundleUnsupported = "bundle-unsupported",
    /// the bundle has no signature, or more than one
    SignatureCount = "signature-count",
    /// the bundle names two different keys
    HintMismatch = "hint-mismatch",
    /// the signed bytes are no in-toto statement
    PayloadType = "payload-type",
    /// the signature is not in the form of the key's algorithm
    SignatureMalformed = "signature-malformed",
    /// the signature was not made by the trusted key it names, or the signed bytes were changed
    SignatureMismatch = "signature-mismatch",
    /// the signature is by a key that is not trusted
    KeyUnknown = "key-unknown",
    /// the statement is of another type or version
    StatementType = "statement-type",
    /// the statement is about nothing
    SubjectMissing = "subject-missing",
    /// the subjects have no digest that binds: SHA-256 is needed
    SubjectWeakDigest = "subject-weak-digest",
    /// a name could leave its folder or forge what a screen shows
    NameUnsafe = "name-unsafe",
    /// the statement names no artifact with these bytes
    ArtifactUnknown = "artifact-unknown",
    /// the statement names the artifact, with other bytes
    ArtifactChanged = "artifact-changed",
    /// the artifact has the bytes of one subject and the name of another
    ArtifactSwapped = "artifact-swapped",
    /// there is no artifact to verify
    ArtifactMissing = "artifact-missing",
    /// the tree that the statement is about is not at hand, so nothing but listed files can be verified
    TreeMissing = "tree-missing",
    /// the tree that the statement is about cannot be read, or says something else than the statement
    TreeMalformed = "tree-malformed",
    /// the folder lacks what the statement says is in it
    EntryMissing = "entry-missing",
    /// the folder holds what nobody signed
    EntryExtra = "entry-extra",
    /// something in the folder is of another kind than the statement says
    EntryKind = "entry-kind",
    /// an executable bit in the folder is another than the statement says
    ModeChanged = "mode-changed",
    /// a file in the folder would run with rights that no output has
    ModeSpecial = "mode-special",
    /// a link in the folder leads elsewhere than the statement says
    LinkChanged = "link-changed",
    /// the statement is of an older kind, which says nothing of links, empty folders and executable bits
    NotStated = "not-stated",
    /// the folder cannot be read to its end
    FolderUnreadable = "folder-unreadable",
    /// the statement says something else than how the artifact was built
    PredicateType = "predicate-type",
    /// the time stamp cannot be read
    TimestampMalformed = "timestamp-malformed",
    /// the authority refused to stamp the time
    TimestampRefused = "timestamp-refused",
    /// the time stamp is over another signature
    TimestampMismatch = "timestamp-mismatch",
    /// the time stamp uses an algorithm that is not taken here
    TimestampAlgorithm = "timestamp-algorithm",
    /// the time stamp was not signed by its authority, or was changed
    TimestampSignature = "timestamp-signature",
    /// the time stamp is by an authority that is not trusted
    TimestampAuthorityUnknown = "timestamp-authority-unknown",
    /// the authority's certificate is not for stamping time alone
    TimestampPurpose = "timestamp-purpose",
    /// a certificate of the authority was not valid at that time
    TimestampExpired = "timestamp-expired",
    /// the trust root's threshold cannot be reached by different keys, or asks for none
    RootThreshold = "root-threshold",
    /// the trust root is not signed by enough of the keys that may sign it
    RootSignatures = "root-signatures",
    /// the trust root is not newer than the one it is to replace
    RootRollback = "root-rollback",
    /// a trust root between the trusted one and this one is missing
    RootGap = "root-gap",
    /// the trust root is of another line than the one that it is to follow
    RootLine = "root-line",
    /// the trust root has expired
    RootExpired = "root-expired",
    /// the key was revoked, and no trusted time shows that it signed before
    KeyRevoked = "key-revoked",
    /// the key was retired, and no trusted time shows that it signed before
    KeyRetired = "key-retired",
    /// the key was not yet in use
    KeyNotYetValid = "key-not-yet-valid",
    /// the key is not trusted to speak for this builder
    BuilderUntrusted = "builder-untrusted",
    /// the artifact was built in a way whose parameters are not known here
    BuildType = "build-type",
    /// the build had a parameter that is not known here
    ParameterUnknown = "parameter-unknown",
    /// a parameter of the build contradicts another, or is missing
    ParameterMalformed = "parameter-malformed",
    /// a parameter of the build has another value than the policy expects
    ParameterUnexpected = "parameter-unexpected",
    /// an input has no digest that binds
    DependencyWithoutDigest = "dependency-without-digest",
    /// an input brings bytes that its digest does not name, or that it may not bring
    DependencyContent = "dependency-content",
    /// an input is not what the recipe, a toolchain or its own address says of it, or one is missing
    DependencyUnclaimed = "dependency-unclaimed",
    /// the key is not trusted to speak for this verifier
    VerifierUntrusted = "verifier-untrusted",
    /// the summary is about something else
    SummaryResource = "summary-resource",
    /// the summary says that verification failed
    SummaryFailed = "summary-failed",
    /// the summary does not name the level or property that is needed
    SummaryLevel = "summary-level",
    /// the summary rests on another policy
    SummaryPolicy = "summary-policy",
    /// the summary is too old, or its time is unknown or lies ahead
    SummaryTooOld = "summary-too-old",
    /// the summary does not say for how long, where and on whose word it holds
    SummaryIncomplete = "summary-incomplete",
    /// the summary is for another environment
    SummaryEnvironment = "summary-environment",
    /// the summary has expired
    SummaryExpired = "summary-expired",
    /// the policy is not signed by enough of its keepers
    PolicySignatures = "policy-signatures",
    /// the policy cannot be read
    PolicyMalformed = "policy-malformed",
    /// the policy is older than one that was used before
    PolicyRollback = "policy-rollback",
    /// the policy has expired
    PolicyExpired = "policy-expired",
    /// the policy asks for nothing, so that it would be content with anything
    PolicyAsksNothing = "policy-asks-nothing",
    /// the policy does not know the environment
    EnvironmentUnknown = "environment-unknown",
    /// too few independent builders agree on the artifact
    BuildersTooFew = "builders-too-few",
    /// the builder is not trusted to the level that is asked for
    LevelTooLow = "level-too-low",
    /// the build varied less than is asked for
    ProfileTooWeak = "profile-too-weak",
    /// a factor was in another state than is asked for
    FactorState = "factor-state",
    /// a lock of the sandbox held less than is asked for
    LockState = "lock-state",
    /// the build is too old, or its time is unknown or lies ahead
    TooOld = "too-old",
    /// an input comes from a place that is not allowed
    SourceNotAllowed = "source-not-allowed",
    /// an input's address is spelt so that it could be taken for another
    SourceLookAlike = "source-look-alike",
    /// a toolchain is not one of those allowed
    ToolchainNotAllowed = "toolchain-not-allowed",
    /// the recipe allows something to be signed that looks like a secret, and the policy does not name it
    SecretNotAllowed = "secret-not-allowed",
    /// a Rego module of the policy denies it
    RegoDenied = "rego-denied",
    /// a Rego module of the policy came to no answer
    RegoFailed = "rego-failed",
}

impl Reason {
    /// Whether a policy said no to what had been verified, which is another outcome for programs.
    pub fn is_denial(self) -> bool {
        self >= Self::PolicySignatures
    }
}

impl Refusal {
    /// A refusal with what was seen; a text from outside must go through `{:?}` or come as it is.
    pub fn new(reason: Reason, saw: impl fmt::Display) -> Self {
        Self {
            reason,
            saw: evidence(&saw.to_string()),
            others: Vec::new(),
        }
    }

    /// One refusal of many: the first stands for all. None, if there is nothing to refuse.
    pub fn of_many(refusals: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut refusals = refusals.into_iter();
        let mut first = refusals.next()?;
        first.others = refusals.collect();
        Some(first)
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

/// What was seen, short enough and plain enough for any screen.
pub fn evidence(saw: &str) -> String {
    let short: String = saw.chars().take(EVIDENCE).collect();
    shown_name::escaped(&short)
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason.sentence())?;
        if !self.saw.is_empty() {
            write!(f, ": {}", self.saw)?;
        }
        match self.others.len() {
            0 => Ok(()),
            more => write!(f, " (and {more} more)"),
        }
    }
}

impl From<JsonError> for Refusal {
    fn from(error: JsonError) -> Self {
        let reason = match error.problem {
            Problem::TooLarge(_) | Problem::TooMany(_) => Reason::JsonTooLarge,
            Problem::TooDeep(_) => Reason::JsonTooDeep,
            Problem::DuplicateName(_) => Reason::JsonDuplicateName,
            Problem::TrailingData => Reason::JsonTrailingData,
            _ => Reason::JsonMalformed,
        };
        Self::new(reason, error)
    }
}

impl From<FieldError> for Refusal {
    fn from(error: FieldError) -> Self {
        let reason = match error.problem {
            FieldProblem::Base64(_) => Reason::Base64Malformed,
            FieldProblem::Digest => Reason::DigestMalformed,
            _ => Reason::FieldMalformed,
        };
        Self::new(reason, error)
    }
}

impl From<BundleError> for Refusal {
    fn from(error: BundleError) -> Self {
        let reason = match error {
            BundleError::Json(error) => return error.into(),
            BundleError::Field(error) => return error.into(),
            BundleError::MediaType(_) => Reason::BundleMediaType,
            BundleError::Ambiguous(..) => Reason::BundleAmbiguous,
            BundleError::Instead { .. } => Reason::BundleUnsupported,
            BundleError::SignatureCount(_) => Reason::SignatureCount,
            BundleError::HintMismatch { .. } => Reason::HintMismatch,
        };
        Self::new(reason, error)
    }
}

impl From<StatementError> for Refusal {
    fn from(error: StatementError) -> Self {
        let reason = match error {
            StatementError::Json(error) => return error.into(),
            StatementError::Field(error) => return error.into(),
            StatementError::Type(_) => Reason::StatementType,
            StatementError::NoSubject => Reason::SubjectMissing,
        };
        Self::new(reason, error)
    }
}

impl From<SignatureError> for Refusal {
    fn from(error: SignatureError) -> Self {
        let reason = match error {
            SignatureError::Malformed(_) => Reason::SignatureMalformed,
            SignatureError::Mismatch => Reason::SignatureMismatch,
        };
        Self::new(reason, error)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_plain() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(reason.code().chars().all(plain), "{reason}");
            let sentence = reason.sentence();
            assert!(
                !sentence.is_empty() && !sentence.ends_with('.'),
                "{sentence}"
            );
        }
    }

    #[test]
    fn evidence_cannot_forge_the_screen() {
        let refusal = Refusal::new(Reason::NameUnsafe, "\u{1b}[2J\u{202e}gpj.exe");
        assert_eq!(refusal.saw(), "\\u{1b}[2J\\u{202e}gpj.exe");
        let long = Refusal::new(Reason::NameUnsafe, "x".repeat(10_000));
        assert_eq!(long.saw().len(), EVIDENCE);
    }
}
