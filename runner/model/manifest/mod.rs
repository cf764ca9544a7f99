//! The files a user writes, parsed into values: recipes, toolchains, lockfiles.
//!
//! Text goes in, a value or a [`diagnostic::Diagnostic`] comes out. Unknown keys, duplicate
//! keys and wrong types are errors that point at a line and a column.

pub mod allowed_secret;
pub mod ceilings;
pub mod claim;
pub mod diagnostic;
pub mod limit_key;
pub mod lockfile;
pub mod lock_diff;
pub mod parse;
pub mod part;
pub mod project_folder;
pub mod quantity;
pub mod recipe;
pub mod recipe_checks;
#[cfg(test)]
mod schema;
pub mod source;
pub mod toolchain;
