//! Values and total functions: no disk, network, clock, environment or randomness.

#![forbid(unsafe_code)]

// What things are called.
mod text;
pub mod digest;
pub mod digest_set;
pub mod enforcement;
pub mod supervision;
pub mod name;
pub mod rel_path;
pub mod shown_name;
pub mod masked;
pub mod amount;
pub mod labelled;
pub mod address;
pub mod purl;
pub mod glob;
pub mod budget;
pub mod civil;
pub mod timestamp;

// What a user writes, and what it is pinned to.
pub mod locked_input;
pub mod package_file;
pub mod manifest;
pub mod draft;

// What is built, twice, and what comes of it.
pub mod sandbox_spec;
pub mod tree;
pub mod tree_names;
pub mod canonical_tree;
pub mod variation;
pub mod bake;
pub mod event;

// What must not be signed.
pub mod secrets;

// What is signed.
pub mod base64;
pub mod json;
