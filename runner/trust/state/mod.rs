//! State: what follows from the log, entry by entry.
//!
//! Folding is total: a statement that may not be made changes nothing and is kept as refused, so that
//! everyone who folds the same entries has the same state.

pub mod record;

pub mod behind;
pub mod environment;
pub mod folded;
pub mod key;
pub mod part;

pub mod entitled;
pub mod revoked;

pub mod needs;

pub mod fold;

pub mod authors;
pub mod keepers;
pub mod promoted;
pub mod tested;

pub mod blast;
