//! What is said when something fails, and which code says it to a script.

use std::error::Error;
use std::io::Write;

use zwieback_model::event::Event;
use zwieback_model::labelled::Tone;
use zwieback_model::name::Name;

use super::args::global::{Cli, Format};
use super::exit;
use super::screen::explanation;
use super::screen::json::Json;
use super::screen::paint::Paint;
use super::screen::terminal;
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::context::failure::{Failure, Kind, Refused, RefusedBy};
use crate::pipeline::context::observe::Observe as _;

/// Further refusals of a verification that a screen names; all are in JSON.
const MOST_NAMED: usize = 20;

/// The exit code of a failure.
fn code(failure: &Failure) -> u8 {
    code_of(failure.kind)
}

/// The exit code of a kind of failure.
pub fn code_of(kind: Kind) -> u8 {
    match kind {
        Kind::User => exit::USER,
        Kind::NoSandbox => exit::NO_SANDBOX,
        Kind::Unverified => exit::UNVERIFIED,
        Kind::Denied => exit::DENIED,
        Kind::StepFailed => exit::STEP_FAILED,
        Kind::Limit => exit::LIMIT,
        Kind::DigestMismatch => exit::DIGEST_MISMATCH,
        Kind::Secret => exit::SECRET,
        Kind::NotReproducible => exit::NOT_REPRODUCIBLE,
        Kind::Interrupted => exit::INTERRUPTED,
    }
}

/// Tells why a command failed, and answers with the code for it.
pub fn tell(failure: &Failure, cli: &Cli) -> u8 {
    let paint = Paint::for_stderr(cli.global.color);
    let refused = failure.refused.as_deref();
    // What a verification refuses is told as its verdict where one was asked for.
    let refused =
        refused.filter(|refused| refused.by == RefusedBy::Gate || cli.command.asks_for_verdict());
    match (refused, cli.global.format) {
        // Whoever closed the streams does not want to know.
        (Some(refused), Format::Json) => {
            drop(writeln!(terminal::stdout(), "{}", refused.to_value()));
        }
        (Some(refused), Format::Human) => print_refusal(failure, refused, paint),
        (None, format) => {
            print(failure, paint);
            if format == Format::Json {
                Json.event(None, &event(failure));
            }
        }
    }
    code(failure)
}

/// The error as the last event of the machine interface.
fn event(failure: &Failure) -> Event {
    Event::Failed {
        code: code(failure),
        message: sentences(failure).join(": "),
        hint: failure.hint.clone(),
    }
}

/// Prints an error: what, why, and what to do.
pub fn print(failure: &Failure, paint: Paint) {
    match failure.build() {
        Some(story) => print_story(story, paint),
        None => Plain::of(failure, failure.hint.clone()).print(paint),
    }
}

/// Prints what was refused, with its codes: in full by the gate, in short by a verification, which may
/// refuse thousands of files.
fn print_refusal(failure: &Failure, refused: &Refused, paint: Paint) {
    let mut told = Plain::of(failure, failure.hint.clone());
    told.first.push_str(&format!(" [{}]", refused.first.code));
    let most = match refused.by {
        RefusedBy::Gate => usize::MAX,
        RefusedBy::Verification => MOST_NAMED,
    };
    for other in refused.others.iter().take(most) {
        let (code, saw, sentence) = (other.code, &other.saw, &other.sentence);
        told.first.push_str(&match refused.by {
            RefusedBy::Gate => format!("\n  also: {sentence} [{code}]"),
            RefusedBy::Verification => format!("\n  {code} {saw}"),
        });
    }
    told.print(paint);
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
        _ => {
            let told = Plain::of(error, error.hint());
            let whose = recipe.map(|recipe| format!("{recipe}: "));
            Plain {
                first: whose.unwrap_or_default() + &told.first,
                details: details(error),
                ..told
            }
            .print(paint);
        }
    }
}

/// What is said of an error that has no screen of its own.
struct Plain<'a> {
    first: String,
    causes: Vec<String>,
    details: &'a [String],
    hint: Option<String>,
}

impl Plain<'_> {
    fn of(error: &(dyn Error + 'static), hint: Option<String>) -> Self {
        let mut sentences = sentences(error).into_iter();
        Self {
            first: sentences.next().unwrap_or_default(),
            causes: sentences.collect(),
            details: &[],
            hint,
        }
    }

    fn print(self, paint: Paint) {
        let mut text = format!("{} {}", paint.text(Tone::Bad, "error:"), self.first);
        for cause in self.causes {
            text.push_str(&format!("\n  caused by: {cause}"));
        }
        for line in self.details {
            text.push_str(&format!("\n  {line}"));
        }
        if let Some(hint) = self.hint {
            text.push_str(&format!("\n\n{} {hint}", paint.text(Tone::Hint, "hint:")));
        }
        // Whoever closed stderr does not want to know.
        drop(writeln!(terminal::stderr(), "{text}"));
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
