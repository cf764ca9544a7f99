//! Toolchains: packages unpacked into one read-only tree, without root and without maintainer scripts.

pub mod obtain;
pub mod assemble;
pub mod fix_ups;
pub mod unpack_deb;
pub mod usr_merge;
pub mod error;
