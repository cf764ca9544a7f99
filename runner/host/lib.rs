//! The world: store, fetch, toolchain assembly, keys, execution and the clock.

#![forbid(unsafe_code)]

// What the user has.

// Where bytes are kept.

// Where bytes come from.

pub mod clock;
pub mod deb;
pub mod toolchain;
pub mod dirs;
pub mod endpoints;
pub mod fetch;
pub mod fs;
pub mod project;
pub mod store;
pub mod toolchain;
pub mod keys;
