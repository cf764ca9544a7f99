//! Unpacking archives, every one of them written by an enemy until its digest says otherwise.

pub mod ar;
pub mod error;
pub mod format;
pub mod limits;
pub mod member;
pub mod options;
pub mod tar;
pub mod unpack;
pub mod zip;
