//! Whoever wants to know what happens.

use zwieback_model::event::Event;
use zwieback_model::name::Name;

/// Takes events as they happen, possibly from several threads.
pub trait Observe: Sync {
    /// Something happened, to a recipe or to all of them.
    fn event(&self, recipe: Option<&Name>, event: &Event);
}

/// Who does not want to know.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl Observe for Nobody {
    fn event(&self, _recipe: Option<&Name>, _event: &Event) {}
}
