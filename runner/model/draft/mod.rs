//! The first draft of a recipe: how a source is built, as far as its files tell.

pub mod system;
pub mod recipe;
