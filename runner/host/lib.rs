//! The world: store, fetch, toolchain assembly, keys, execution and the clock.

#![forbid(unsafe_code)]

pub mod deb;
pub mod endpoints;
pub mod fetch;
pub mod fs;
pub mod store;
pub mod toolchain;
