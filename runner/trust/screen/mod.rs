//! What commands give back, as text with meaning: colours are the caller's, and nothing rests on them.

pub mod decision;
pub mod blast;
pub mod log;
pub mod status;

pub mod dot;
pub mod json;
pub mod trace;
