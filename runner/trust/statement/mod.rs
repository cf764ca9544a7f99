//! What can be said in the log: standard predicates where one exists, ours where none does.
//!
//! | kind | predicate type | who says it |
//! |---|---|---|
//! | provenance, recheck | `https://slsa.dev/provenance/v1` | builders |
//! | test result | `https://in-toto.io/attestation/test-result/v0.1` | a role of the policy |
//! | promotion | `https://slsa.dev/verification_summary/v1` | the gate |
//! | authorship, approval, rollback, revocation, policy change, break-glass, restoration of the log | `https://zwieback.example/statements/…/v1` | people, the gate |
//!
//! Ours all name the log they are for and when they were made: a statement that is copied from
//! another log, or twice into the same, means nothing.

pub mod heading;
pub mod rule_name;
pub mod said;

pub mod approval;
pub mod authorship;
pub mod test_result;

pub mod promotion;
pub mod rollback;

pub mod break_glass;
pub mod policy_change;
pub mod restoration;
pub mod revocation;
