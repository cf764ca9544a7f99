//! The one failure of every command: of what kind it is, what was refused, and what to do about it.

use std::error::Error;
use std::fmt;
use std::io;

use serde_json::{Value, json};
use zwieback_attest::build::not_repeatable::NotRepeatable;
use zwieback_attest::build::unsigned::NotSignable;
use zwieback_attest::key_id::KeyNameError;
use zwieback_attest::level::BuildLevelError;
use zwieback_attest::reason::Refusal;
use zwieback_attest::root_change::RootChangeError;
use zwieback_host::capture::error::CaptureError;
use zwieback_host::deb::apt_client::AptError;
use zwieback_host::deb::resolve::ResolveError;
use zwieback_host::dirs::NoHome;
use zwieback_host::fetch::error::FetchError;
use zwieback_host::keys::certificate::CertificateFileError;
use zwieback_host::keys::error::UsesError;
use zwieback_host::keys::key_directory::KeyDirectoryError;
use zwieback_host::launch::error::LaunchError;
use zwieback_host::project::ProjectError;
use zwieback_host::run_folder::RunError;
use zwieback_host::store::error::StoreError;
use zwieback_host::toolchain::error::AssembleError;
use zwieback_model::bake::completed::Ending;
use zwieback_model::manifest::ceilings::CeilingError;
use zwieback_model::manifest::diagnostic::Diagnostic;
use zwieback_model::name::NameError;
use zwieback_model::purl::PurlError;
use zwieback_model::rel_path::RelPathError;
use zwieback_model::timestamp::TimestampError;
use zwieback_model::variation::choice::ChoiceError;
use zwieback_sandbox::call::CallError;
use zwieback_sandbox::error::SandboxError;
use zwieback_trust::command::error::CommandError;
use zwieback_trust::deploy::error::TargetError;
use zwieback_trust::log::error::LogError;
use zwieback_trust::reason::Refusal as ReleaseRefusal;

use super::error::PipelineError;
use super::keyring::KeyringError;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub struct Failure {
    /// Of what kind it is.
    pub kind: Kind,
    /// What to do about it.
    pub hint: Option<String>,
    /// What was refused, if that is what it is.
    pub refused: Option<Box<Refused>>,
    error: Box<dyn Error + Send + Sync>,
}

/// Of what kind a failure is: all that a script may want to tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What the user wrote or configured cannot be worked with.
    User,
    /// This machine cannot sandbox, or not as strictly as asked.
    NoSandbox,
    /// A signature, digest or statement did not verify.
    Unverified,
    /// A policy said no.
    Denied,
    /// A step did not succeed.
    StepFailed,
    /// A run was out of time or reached a limit.
    Limit,
    /// Bytes are not what their digest says.
    DigestMismatch,
    /// A secret would have been signed.
    Secret,
    /// Two runs differ.
    NotReproducible,
    /// The user interrupted.
    Interrupted,
}

/// What was refused, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Who refused it.
    pub by: RefusedBy,
    /// The first reason.
    pub first: Why,
    /// The other reasons.
    pub others: Vec<Why>,
}

/// Who refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedBy {
    /// The verification of a signed statement.
    Verification,
    /// The gate, or a reader of the log.
    Gate,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// Its code, for programs.
    pub code: &'static str,
    /// What was seen.
    pub saw: String,
    /// The reason as a sentence.
    pub sentence: String,
}

impl Refused {
    /// The refusal as programs read it.
    pub fn to_value(&self) -> Value {
        let mut verdict = json!({
            "verdict": "refused",
            "reason": self.first.code,
            "message": self.first.sentence,
        });
        let other = |why: &Why| json!({"reason": why.code, "saw": why.saw});
        if !self.others.is_empty() {
            verdict["others"] = self.others.iter().map(other).collect();
        }
        verdict
    }
}

impl Failure {
    /// A failure for which there is no advice.
    pub fn new(error: impl Error + Send + Sync + 'static) -> Self {
        Self {
            kind: Kind::User,
            hint: None,
            refused: None,
            error: error.into(),
        }
    }

    /// What was asked for makes no sense here.
    pub fn asked(what: impl Into<String>) -> Self {
        Self::new(Asked(what.into()))
    }

    /// The same with advice.
    #[must_use]
    pub fn with_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }

    /// The same of another kind.
    #[must_use]
    pub fn with_kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// The same with what the gate refused, if it did.
    #[must_use]
    pub fn with_refusal(self, refusal: Option<&ReleaseRefusal>) -> Self {
        let Some(refusal) = refusal else {
            return self;
        };
        let why = |refusal: &ReleaseRefusal| Why {
            code: refusal.reason.code(),
            saw: refusal.saw().to_owned(),
            sentence: refusal.to_string(),
        };
        let refused = Refused {
            by: RefusedBy::Gate,
            first: why(refusal),
            others: refusal.others().iter().map(why).collect(),
        };
        Self {
            refused: Some(Box::new(refused)),
            kind: Kind::of_release_refusal(refusal),
            ..self
        }
    }

    /// The error of a build, if it is one.
    pub fn build(&self) -> Option<&PipelineError> {
        self.error.downcast_ref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(formatter)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

impl Kind {
    /// The kind of a refusal by the gate or the log.
    pub fn of_release_refusal(refusal: &ReleaseRefusal) -> Self {
        if refusal.reason.is_denial() {
            Self::Denied
        } else {
            Self::Unverified
        }
    }

    fn of_refusal(refusal: &Refusal) -> Self {
        if refusal.reason.is_denial() {
            Self::Denied
        } else {
            Self::Unverified
        }
    }

    /// The kind of failure of a program of somebody else's that gave no answer.
    fn of_program(error: &LaunchError) -> Self {
        match error {
            error if error.is_limit() => Self::Limit,
            LaunchError::Interrupted => Self::Interrupted,
            _ => Self::User,
        }
    }

    fn of_store(error: &StoreError) -> Self {
        match error {
            StoreError::Tampered { .. } | StoreError::Mismatch { .. } => Self::DigestMismatch,
            _ => Self::User,
        }
    }

    fn of_build(error: &PipelineError) -> Self {
        match error {
            // The first in an order that builds: the same on every machine, however the work was shared out.
            PipelineError::Several { failures, .. } => failures
                .first()
                .map_or(Self::User, |(_, failure)| Self::of_build(failure)),
            PipelineError::StepFailed {
                ending: Ending::Limited(_),
                ..
            }
            | PipelineError::SourcesTooLarge
            | PipelineError::Unsearched { .. }
            | PipelineError::ShellLimited { .. } => Self::Limit,
            PipelineError::Outputs { source, .. } if source.limit().is_some() => Self::Limit,
            PipelineError::Source { source, .. } | PipelineError::Repository { source, .. }
                if source.is_limit() =>
            {
                Self::Limit
            }
            PipelineError::Resolve(ResolveError::Apt(AptError::Launch(error))) => {
                Self::of_program(error)
            }
            PipelineError::Fetch(FetchError::DigestMismatch(_)) => Self::DigestMismatch,
            PipelineError::Store(error)
            | PipelineError::Fetch(FetchError::Store(error))
            | PipelineError::Toolchain(AssembleError::Store(error)) => Self::of_store(error),
            PipelineError::Secrets { .. } => Self::Secret,
            PipelineError::Interrupted
            | PipelineError::Fetch(FetchError::Cancelled)
            | PipelineError::Toolchain(AssembleError::Cancelled) => Self::Interrupted,
            PipelineError::StepFailed { .. }
            | PipelineError::Incomplete { .. }
            | PipelineError::Outputs { .. }
            | PipelineError::Patch { .. } => Self::StepFailed,
            PipelineError::Refused(refusal) => Self::of_refusal(refusal),
            PipelineError::NotSignable(NotSignable::NotWaiting(_)) => Self::User,
            PipelineError::NotReproducible { .. }
            | PipelineError::NotSignable(NotSignable::TwoTrees(_))
            | PipelineError::RebuiltDiffers { .. }
            | PipelineError::OtherRoot { .. } => Self::NotReproducible,
            PipelineError::NotSignable(_) => Self::Unverified,
            PipelineError::Sandbox(_) | PipelineError::LockAbsent { .. } => Self::NoSandbox,
            _ => Self::User,
        }
    }
}

/// What was asked for makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Asked(String);

/// Something failed, and what it is about.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
struct Named {
    what: String,
    source: Box<dyn Error + Send + Sync>,
}

impl From<PipelineError> for Failure {
    fn from(error: PipelineError) -> Self {
        let (kind, hint) = (Kind::of_build(&error), error.hint());
        Self::new(error).with_kind(kind).with_hint(hint)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let (kind, hint) = (Kind::of_store(&error), error.hint());
        Self::new(error).with_kind(kind).with_hint(hint)
    }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        let kind = match &error {
            CommandError::Target(TargetError::Launch(error)) => Kind::of_program(error),
            CommandError::Long { .. } => Kind::Limit,
            _ => Kind::User,
        };
        let (hint, refusal) = (error.hint(), error.refusal().cloned());
        let failure = Self::new(error).with_kind(kind).with_hint(hint);
        failure.with_refusal(refusal.as_ref())
    }
}

impl From<ReleaseRefusal> for Failure {
    fn from(refusal: ReleaseRefusal) -> Self {
        Self::new(refusal.clone()).with_refusal(Some(&refusal))
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        let refusal = match &error {
            LogError::Refused(refusal) => Some(refusal.clone()),
            _ => None,
        };
        let hint = error.hint();
        let failure = Self::new(error).with_hint(hint);
        failure.with_refusal(refusal.as_ref())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let why = |refusal: &Refusal| Why {
            code: refusal.reason.code(),
            saw: refusal.saw().to_owned(),
            sentence: refusal.to_string(),
        };
        let refused = Refused {
            by: RefusedBy::Verification,
            first: why(&refusal),
            others: refusal.others().iter().map(why).collect(),
        };
        Self {
            kind: Kind::of_refusal(&refusal),
            refused: Some(Box::new(refused)),
            ..Self::new(refusal)
        }
    }
}

/// Errors that bring advice, and such that bring none.
macro_rules! plain {
    (advised: $($advised:ty),+; others: $($other:ty),+ $(,)?) => {
        $(impl From<$advised> for Failure {
            fn from(error: $advised) -> Self {
                let hint = error.hint();
                Self::new(error).with_hint(hint)
            }
        })+
        $(impl From<$other> for Failure {
            fn from(error: $other) -> Self {
                Self::new(error)
            }
        })+
    };
}

plain! {
    advised: ProjectError, RunError, KeyringError, NotRepeatable, Diagnostic, NoHome;
    others: BuildLevelError, CaptureError, CeilingError, CertificateFileError, ChoiceError, CallError, io::Error,
    KeyDirectoryError, KeyNameError, NameError, PurlError, RelPathError, RootChangeError, SandboxError,
    serde_json::Error, TimestampError, UsesError,
}

/// Says what a failure is about.
pub trait About<T> {
    /// Names what it is about.
    fn context(self, what: impl Into<String>) -> Result<T, Failure>;

    /// The same, where the name takes work.
    fn with_context<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T, Failure>;
}

impl<T, E: Error + Send + Sync + 'static> About<T> for Result<T, E> {
    fn context(self, what: impl Into<String>) -> Result<T, Failure> {
        self.with_context(|| what)
    }

    fn with_context<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T, Failure> {
        self.map_err(|error| {
            Failure::new(Named {
                what: what().into(),
                source: error.into(),
            })
        })
    }
}

impl<T> About<T> for Option<T> {
    fn context(self, what: impl Into<String>) -> Result<T, Failure> {
        self.with_context(|| what)
    }

    fn with_context<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T, Failure> {
        self.ok_or_else(|| Failure::asked(what()))
    }
}
