//! The world: store, fetch, toolchain assembly, keys, execution and the clock.

#![forbid(unsafe_code)]

pub mod archive;
pub mod capture;
pub mod fs;
pub mod stage;
pub mod store;
