//! The world: store, fetch, toolchain assembly, keys, execution and the clock.

#![forbid(unsafe_code)]

// What the user has.
pub mod dirs;
pub mod project;
pub mod clock;

// Where bytes are kept.
pub mod archive;
pub mod fs;
pub mod store;

// Where bytes come from.
pub mod endpoints;
pub mod fetch;
pub mod deb;
pub mod toolchain;
pub mod keys;
