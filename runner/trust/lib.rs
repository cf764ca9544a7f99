//! The release gate: one append-only log of signed statements, and what follows from it.
//!
//! Every fact is a statement in the log. [`state`] is a fold over its entries, and a decision of
//! [`gate`] is a function of (artifact, state, policy, now): whoever has the log can repeat it. These
//! and [`tlog`] never touch the world; [`log`] keeps the files and [`deploy`] is where releases go.
//! The functions in [`command`] put them together.

pub mod reason;

pub mod tlog;

pub mod log;

pub mod statement;
pub mod policy;

pub mod gate;
pub mod state;

pub mod ledger;
pub mod snapshot;
pub mod deploy;

pub mod command;

pub mod screen;
