//! The stories, each a function that reads like its list of steps.
//!
//! A story takes a [`desk::Desk`], which holds the ledger, keys and clock, and plain arguments; it
//! gives back a plain value, which [`crate::screen`] can show.

pub mod desk;
pub mod error;

pub mod say;

pub mod promote;
pub mod rollback;
pub mod standing;
pub mod watch;

pub mod restore;
pub mod revoke;

pub mod explain;
pub mod status;
pub mod trace;
