//! Whether this machine can sandbox, and what to do if it cannot: `zwieback doctor`.

pub mod diagnosis;
pub mod facts;
pub mod remedy;
