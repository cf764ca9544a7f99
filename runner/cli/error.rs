//! What is said when something fails, and which code says it to a script.

use std::error::Error;
use std::io::Write;

use zwieback_attest::build::not_repeatable::NotRepeatable;
use zwieback_attest::build::unsigned::NotSignable;
use zwieback_attest::reason::Refusal;
use zwieback_host::deb::apt_client::AptError;
use zwieback_host::deb::resolve::ResolveError;
use zwieback_host::dirs::NoHome;
use zwieback_host::fetch::error::FetchError;
use zwieback_host::launch::error::LaunchError;
use zwieback_host::project::ProjectError;
use zwieback_host::run_folder::RunError;
use zwieback_host::store::error::StoreError;
use zwieback_host::toolchain::error::AssembleError;
use zwieback_model::bake::completed::Ending;
use zwieback_model::event::Event;
use zwieback_model::manifest::diagnostic::Diagnostic;
use zwieback_model::name::Name;
use zwieback_trust::command::error::CommandError;
use zwieback_trust::deploy::error::TargetError;
use zwieback_trust::log::error::LogError;
use zwieback_trust::reason::Refusal as ReleaseRefusal;

use super::exit;
use super::screen::explanation;
use super::screen::paint::{Meaning, Paint};
use super::screen::terminal;
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::context::keyring::KeyringError;
use crate::pipeline::gate::session::GateError;
use crate::pipeline::trust::policy_file::PolicyFileError;
use crate::pipeline::trust::root_file::RootFileError;

/// The exit code of an error.
pub fn code(error: &anyhow::Error) -> u8 {
    if let Some(error) = error.downcast_ref::<StoreError>() {
        return code_of_store(error);
    }
    if let Some(error) = error.downcast_ref::<PipelineError>() {
        return code_of_story(error);
    }
    if let Some(RootFileError::Refused(refusal)) = error.downcast_ref() {
        return refused(refusal);
    }
    if let Some(CommandError::Target(TargetError::Launch(error))) = error.downcast_ref() {
        return code_of_program(error);
    }
    if let Some(refusal) = release_refusal(error.as_ref()) {
        return refused_release(refusal);
    }
    error.downcast_ref().map_or(exit::USER, refused)
}

/// What the gate or the log refused, if that is what the error is.
pub fn release_refusal<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e ReleaseRefusal> {
    if let Some(story) = error.downcast_ref::<CommandError>() {
        return story.refusal();
    }
    match (error.downcast_ref(), error.downcast_ref()) {
        (Some(LogError::Refused(refusal)), _)
        | (_, Some(GateError::Log(LogError::Refused(refusal)))) => Some(refusal),
        _ => error.downcast_ref(),
    }
}

/// The exit code of a program of somebody else's that gave no answer.
fn code_of_program(error: &LaunchError) -> u8 {
    match error {
        error if error.is_limit() => exit::LIMIT,
        LaunchError::Interrupted => exit::INTERRUPTED,
        _ => exit::USER,
    }
}

/// The exit code of a refusal by the gate or the log.
pub fn refused_release(refusal: &ReleaseRefusal) -> u8 {
    if refusal.reason.is_denial() {
        exit::DENIED
    } else {
        exit::UNVERIFIED
    }
}

/// The exit code of a refusal.
pub fn refused(refusal: &Refusal) -> u8 {
    if refusal.reason.is_denial() {
        exit::DENIED
    } else {
        exit::UNVERIFIED
    }
}

/// The error as the last event of the machine interface.
pub fn event(error: &anyhow::Error) -> Event {
    Event::Failed {
        code: code(error),
        message: sentences(error.as_ref()).join(": "),
        hint: hint(error),
    }
}

/// Prints an error: what, why, and what to do.
pub fn print(error: &anyhow::Error, paint: Paint) {
    match error.downcast_ref::<PipelineError>() {
        Some(story) => print_story(story, paint),
        None => print_plain(None, error.as_ref(), &[], hint(error), paint),
    }
}

/// Prints how a story ended early; of several recipes, each failure whole, and at the end what became of all.
fn print_story(error: &PipelineError, paint: Paint) {
    if let PipelineError::Several { failures, .. } = error {
        for (recipe, failure) in failures {
            print_one(Some(recipe), failure, paint);
        }
    }
    print_one(None, error, paint);
}

fn print_one(recipe: Option<&Name>, error: &PipelineError, paint: Paint) {
    match error {
        PipelineError::NotReproducible { explained, .. } => {
            explanation::print(error, explained, paint);
        }
        PipelineError::RebuiltDiffers {
            lines,
            explained: Some(explained),
            ..
        } => explanation::print_rebuilt(error, lines, explained, paint),
        _ => print_plain(recipe, error, details(error), error.hint(), paint),
    }
}

fn print_plain(
    recipe: Option<&Name>,
    error: &(dyn Error + 'static),
    details: &[String],
    hint: Option<String>,
    paint: Paint,
) {
    let whose = recipe.map(|it| format!("{it}: ")).unwrap_or_default();
    let mut sentences = sentences(error).into_iter();
    let first = sentences.next().unwrap_or_default();
    let mut text = format!("{} {whose}{first}", paint.text(Meaning::Bad, "error:"));
    if let Some(refusal) = release_refusal(error) {
        text.push_str(&format!(" [{}]", refusal.reason));
        for other in refusal.others() {
            text.push_str(&format!("\n  also: {other} [{}]", other.reason));
        }
    }
    for cause in sentences {
        text.push_str(&format!("\n  caused by: {cause}"));
    }
    for line in details {
        text.push_str(&format!("\n  {line}"));
    }
    if let Some(hint) = hint {
        text.push_str(&format!(
            "\n\n{} {hint}",
            paint.text(Meaning::Hint, "hint:")
        ));
    }
    // Whoever closed stderr does not want to know.
    drop(writeln!(terminal::stderr(), "{text}"));
}

fn code_of_story(error: &PipelineError) -> u8 {
    match error {
        // The first in an order that builds: the same on every machine, however the work was shared out.
        PipelineError::Several { failures, .. } => failures
            .first()
            .map_or(exit::USER, |(_, failure)| code_of_story(failure)),
        PipelineError::StepFailed {
            ending: Ending::Limited(_),
            ..
        }
        | PipelineError::SourcesTooLarge
        | PipelineError::ShellLimited { .. } => exit::LIMIT,
        PipelineError::Outputs { source, .. } if source.limit().is_some() => exit::LIMIT,
        PipelineError::Source { source, .. } | PipelineError::Repository { source, .. }
            if source.is_limit() =>
        {
            exit::LIMIT
        }
        PipelineError::Resolve(ResolveError::Apt(AptError::Launch(error))) => {
            code_of_program(error)
        }
        PipelineError::Fetch(FetchError::DigestMismatch(_)) => exit::DIGEST_MISMATCH,
        PipelineError::Store(error)
        | PipelineError::Fetch(FetchError::Store(error))
        | PipelineError::Toolchain(AssembleError::Store(error)) => code_of_store(error),
        PipelineError::Secrets { .. } => exit::SECRET,
        PipelineError::Interrupted | PipelineError::Fetch(FetchError::Cancelled) => {
            exit::INTERRUPTED
        }
        PipelineError::StepFailed { .. }
        | PipelineError::Incomplete { .. }
        | PipelineError::Outputs { .. }
        | PipelineError::Patch { .. } => exit::STEP_FAILED,
        PipelineError::Refused(refusal) => refused(refusal),
        PipelineError::NotSignable(NotSignable::NotWaiting(_)) => exit::USER,
        PipelineError::NotReproducible { .. }
        | PipelineError::NotSignable(NotSignable::TwoTrees(_))
        | PipelineError::RebuiltDiffers { .. }
        | PipelineError::OtherRoot { .. } => exit::NOT_REPRODUCIBLE,
        PipelineError::NotSignable(_) => exit::UNVERIFIED,
        PipelineError::Sandbox(_) | PipelineError::LockAbsent { .. } => exit::NO_SANDBOX,
        PipelineError::Toolchain(AssembleError::Cancelled) => exit::INTERRUPTED,
        _ => exit::USER,
    }
}

fn code_of_store(error: &StoreError) -> u8 {
    match error {
        StoreError::Tampered { .. } | StoreError::Mismatch { .. } => exit::DIGEST_MISMATCH,
        _ => exit::USER,
    }
}

/// What an error says, and each of its causes that no sentence before holds already.
fn sentences(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut said = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        let sentence = cause.to_string();
        if !said.iter().any(|it| it.contains(&sentence)) {
            said.push(sentence);
        }
        source = cause.source();
    }
    said
}

fn details(error: &PipelineError) -> &[String] {
    match error {
        PipelineError::StepFailed { tail, .. } => tail,
        PipelineError::RebuiltDiffers { lines, .. } | PipelineError::Secrets { lines, .. } => lines,
        _ => &[],
    }
}

fn hint(error: &anyhow::Error) -> Option<String> {
    macro_rules! ask {
        ($($kind:ty),+) => {$(
            if let Some(error) = error.downcast_ref::<$kind>() {
                return error.hint();
            }
        )+};
    }
    ask!(
        PipelineError,
        ProjectError,
        StoreError,
        RunError,
        KeyringError,
        CommandError,
        GateError,
        LogError,
        Diagnostic,
        NotRepeatable,
        RootFileError,
        PolicyFileError,
        NoHome
    );
    None
}
