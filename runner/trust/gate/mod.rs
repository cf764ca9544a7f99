//! The gate: what is asked of a release, and the decision whether it is there.
//!
//! A decision is a function of the artifact, the state of the log, the policy in force and the time.
//! It applies every rule, says what each asked for and saw, and can be repeated by anyone. Whether something
//! must not stay where it is, is a question of its own ([`stay`]), and asked first.

pub mod question;

mod case;
pub mod decide;
pub mod decision;
pub mod stay;

pub mod approvals;
pub mod tested;
pub mod builds;
pub mod inputs;
pub mod needs;
pub mod exceptions;
pub mod history;
