//! Events as JSON Lines on stdout: the machine interface.

use std::io::Write;

use zwieback_core::event::Event;

use crate::pipeline::observe::Observe;

/// Writes one JSON object a line.
#[derive(Debug, Default)]
pub struct Json;

impl Observe for Json {
    fn event(&self, event: &Event) {
        let line = serde_json::to_string(event).expect("events hold only text and numbers");
        let mut out = std::io::stdout().lock();
        // A reader that went away (`| head`) is no reason to stop a build.
        drop(writeln!(out, "{line}"));
    }
}
