//! Whoever wants to know what happens.

use zwieback_core::event::Event;

/// Takes events as they happen, possibly from several threads.
pub trait Observe: Sync {
    /// Something happened.
    fn event(&self, event: &Event);
}

/// Who does not want to know.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl Observe for Nobody {
    fn event(&self, _event: &Event) {}
}
