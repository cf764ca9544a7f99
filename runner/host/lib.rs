//! The world: store, fetch, toolchain assembly, keys, execution and the clock.

pub mod keys;
