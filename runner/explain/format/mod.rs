//! Formats the explanation can look into, one file each; all of them take hostile bytes.

pub mod ar;
pub mod archive;
pub mod binary;
pub mod bytecode;
pub mod compressed;
pub mod cpio;
pub mod debug;
pub mod elf;
pub mod enter;
pub mod inflate;
pub mod kind;
pub mod machine;
pub mod member;
pub mod pdf;
pub mod png;
pub mod sections;
pub mod tar;
pub mod text;
pub mod unpack;
pub mod zip;
