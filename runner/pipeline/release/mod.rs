//! The commands about releases: each asks the gate, or has it say something.

pub mod session;
pub mod named;
pub mod status;
pub mod trace;
pub mod approve;
pub mod promote;
pub mod rollback;
pub mod revoke;
pub mod break_glass;
pub mod attest;
pub mod submit;
pub mod propose;
pub mod watch;
pub mod explain_decision;
