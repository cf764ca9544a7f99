//! The commands, each a function that reads like its list of steps.
//!
//! A command takes a [`session::Session`], which holds the ledger, keys and clock, and plain arguments; it
//! gives back a plain value, which others show.

pub mod session;
pub mod error;

pub mod statements;
pub mod submit;

pub mod promote;
pub mod rollback;
pub mod standing;
pub mod watch;

pub mod restore;
pub mod revoke;

pub mod explain_decision;
pub mod status;
pub mod trace;
