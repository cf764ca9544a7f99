//! Readers of archive formats, for those who explain and for those who unpack; all of them take hostile bytes.

pub mod ar;
pub mod budget;
pub mod compression;
pub mod cpio;
pub mod list;
pub mod member;
pub mod tar;
pub mod zip;
