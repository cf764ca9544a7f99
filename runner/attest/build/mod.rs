//! The statement about a build, and the build that a statement asks for.

pub mod carried;
pub mod signed_texts;
pub mod statement;

pub mod kept;
pub mod not_repeatable;
pub mod recheck;

pub mod unsigned;
