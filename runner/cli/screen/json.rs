//! Events as JSON Lines on stdout: the machine interface.

use std::io::Write;

use zwieback_model::event::Event;
use zwieback_model::name::Name;

use super::terminal;
use crate::pipeline::context::observe::Observe;

/// Writes one JSON object a line.
#[derive(Debug, Default)]
pub struct Json;

impl Observe for Json {
    fn event(&self, recipe: Option<&Name>, event: &Event) {
        let mut line = serde_json::to_value(event).expect("events hold only text and numbers");
        if let (Some(recipe), Some(members)) = (recipe, line.as_object_mut()) {
            // Several recipes are built at the same time: each event says which it is about.
            let name = recipe.as_str().into();
            members.entry("recipe").or_insert(name);
        }
        let mut out = terminal::stdout();
        // A reader that went away (`| head`) is no reason to stop a build.
        drop(writeln!(out, "{line}"));
    }
}
