//! Formats the explanation can look into, one file each; all of them take hostile bytes.

pub mod ar;
pub mod archive;
pub mod binary;
pub mod enter;
pub mod kind;
pub mod member;
pub mod text;
pub mod unpack;
