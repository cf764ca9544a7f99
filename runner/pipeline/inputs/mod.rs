//! What a build is made of: packages, sources and toolchains, fetched by digest and laid out as trees.

pub mod endpoints;
pub mod checkouts;
pub mod obtain;
pub mod vendored;
pub mod sources;
pub mod toolchain;
pub mod toolchain_cache;
pub mod fetch;
