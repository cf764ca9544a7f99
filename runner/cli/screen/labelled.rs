//! Text whose parts have a meaning, in the colours of this command line.

use zwieback_trust::screen::text::{Label, Text};

use super::paint::{Meaning, Paint};

/// The text as it is printed.
pub fn labelled(text: &Text, paint: Paint) -> String {
    text.render(|label, part| {
        let meaning = match label {
            Label::Plain => return part.to_owned(),
            Label::Strong => Meaning::Strong,
            Label::Faint => Meaning::Faint,
            Label::Good => Meaning::Good,
            Label::Warning => Meaning::Warning,
            Label::Bad => Meaning::Bad,
        };
        paint.text(meaning, part)
    })
}
