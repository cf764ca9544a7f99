//! Toolchains: packages unpacked into one read-only tree, without root and without maintainer scripts.

pub mod skeleton;
pub mod usr_merge;
