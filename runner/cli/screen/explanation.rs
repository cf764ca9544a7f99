//! Why a build was not reproducible, in at most a screenful.

use std::io::Write;

use zwieback_model::labelled::{Tone, render, wrap};

use super::paint::Paint;
use super::terminal;
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::context::explained::Explained;

/// Prints the error, the summary of its explanation, and what was and was not done.
pub fn print(error: &PipelineError, explained: &Explained, paint: Paint) {
    let mut text = format!("{} {error}\n", paint.text(Tone::Bad, "error:"));
    text.push_str(&summary(explained, paint));
    if let Some((step, path)) = &explained.parted {
        text.push_str(&format!(
            "  the runs first parted in step `{step}`, at {path}\n"
        ));
    }
    let id = &explained.id;
    text.push_str(&format!(
        "Nothing was signed. Both trees are kept: {}\n",
        paint.text(Tone::Hint, format!("zwieback diff {id}"))
    ));
    // Whoever closed stderr does not want to know.
    drop(terminal::stderr().write_all(text.as_bytes()));
}

/// Prints how a rebuild differs from what was signed: A is theirs, B is ours.
pub fn print_rebuilt(
    error: &PipelineError,
    differing: &[String],
    explained: &Explained,
    paint: Paint,
) {
    let mut text = format!("{} {error}\n", paint.text(Tone::Bad, "error:"));
    for line in differing {
        text.push_str(&format!("  {line}\n"));
    }
    text.push_str(&summary(explained, paint));
    let again = format!("zwieback diff {}", explained.id);
    text.push_str(&format!(
        "A is what was signed, B is what came out here. Nothing was signed. Both are kept: {}\n",
        paint.text(Tone::Hint, again)
    ));
    // Whoever closed stderr does not want to know.
    drop(terminal::stderr().write_all(text.as_bytes()));
}

fn summary(explained: &Explained, paint: Paint) -> String {
    let mut lines = explained.summary();
    if let Some(columns) = terminal::columns() {
        lines = wrap(lines, columns);
    }
    render(&lines, |tone, part| paint.text(tone, part))
}
