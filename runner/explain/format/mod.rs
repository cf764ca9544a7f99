//! Formats the explanation can look into, one file each; all of them take hostile bytes.

pub mod binary;
pub mod bytecode;
pub mod compressed;
pub mod debug;
pub mod elf;
pub mod enter;
pub mod inflate;
pub mod machine;
pub mod members;
pub mod pdf;
pub mod png;
pub mod sections;
pub mod text;
