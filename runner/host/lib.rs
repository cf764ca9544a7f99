//! The world: store, fetch, toolchain assembly, keys, execution and the clock.

#![forbid(unsafe_code)]

pub mod archive;
pub mod fs;
pub mod store;
