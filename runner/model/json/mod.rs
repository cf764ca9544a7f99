//! JSON that has one reading and one writing: everything that is signed passes through here.
//!
//! General JSON libraries disagree about duplicate keys, lone surrogates and big numbers, and a
//! signature over bytes that two readers understand differently proves nothing. The reader refuses
//! all of it; the writer knows one spelling per value.

pub mod value;

pub mod canonical;
mod members;
pub mod strict;

pub mod fields;
pub mod from_serde;
