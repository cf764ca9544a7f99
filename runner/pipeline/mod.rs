//! The stories. Each file is one; each chapter is one call. Read `build` first.

// The stories.
pub mod lock;

// The chapters.
pub mod read;
pub mod inputs;
pub mod keyring;

// What all of them are told and tell.
pub mod context;
pub mod error;
pub mod observe;
