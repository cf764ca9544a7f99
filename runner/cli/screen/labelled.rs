//! Text whose parts have a meaning, in the colours of this command line.

use super::paint::{Meaning, Paint};
use crate::pipeline::context::labelled::{Line, Tone};

/// The lines as they are printed; blanks at their ends go.
pub fn labelled(lines: &[Line], paint: Paint) -> String {
    let part = |(tone, part): &(Tone, String)| match Meaning::of(*tone) {
        None => part.clone(),
        Some(meaning) => paint.text(meaning, part),
    };
    let line = |parts: &Line| {
        let painted: String = parts.iter().map(part).collect();
        painted.trim_end().to_owned() + "\n"
    };
    lines.iter().map(line).collect()
}
