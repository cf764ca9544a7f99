//! Toolchains: packages of any ecosystem unpacked into one read-only tree, without root and without maintainer scripts.

pub mod obtain;
pub mod assemble;
pub mod fix_ups;
pub mod package;
pub mod unpack_deb;
pub mod unpack_part;
pub mod usr_merge;
pub mod locale;
pub mod error;
