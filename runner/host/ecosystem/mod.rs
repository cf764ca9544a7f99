//! Packages of every kind: what a purl comes to, what a lockfile pins, and what a build finds of it.

// Asking.
pub mod client_program;
pub mod offer;
pub mod take;

// One file for each type of purl.
pub mod cargo;
pub mod generic;
pub mod npm;
pub mod pin;
pub mod pypi;
pub mod folder;

// One commit of a repository: where it is, how it comes here, what it becomes.
pub mod git;
mod git_peer;
pub mod git_place;
pub mod git_client;
pub mod git_archive;

// Lockfiles inside sources, and what the ecosystem's own offline mode takes.
pub mod cargo_lock;
pub mod cargo_vendor;
pub mod npm_lock;
pub mod pypi_lock;
pub mod shelf;

pub mod error;
