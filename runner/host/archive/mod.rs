//! Unpacking archives: each is hostile until its digest is the one of a lock.

pub mod error;
pub mod limits;
pub mod member;
pub mod options;
pub mod tar;
pub mod unpack;
pub mod zip;
