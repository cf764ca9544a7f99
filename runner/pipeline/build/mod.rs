//! `build` and what belongs to it, from the look into the store to the export. Read `build` first.

pub mod one;
pub mod record;
pub mod several;
pub mod cache_lookup;
pub mod embedded;
pub mod attest;
pub mod secret_search;
pub mod secrets;
pub mod keep;
pub mod gc_roots;
pub mod earlier_export;
pub mod export;
pub mod deliver;
pub mod sign;
pub mod recheck;
