//! Where two contents part: bytes, lines and strings.

pub mod align;
pub mod bytes;
pub mod lines;
pub mod strings;
