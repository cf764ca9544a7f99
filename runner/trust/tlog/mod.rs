//! The transparency log as values: digests, proofs, tiles, notes and who must have witnessed them.
//!
//! Nothing here reads a file. Formats are those of C2SP, so that other implementations read our logs:
//! tlog-tiles, tlog-checkpoint, signed-note, tlog-cosignature, tlog-proof and tlog-policy.

pub mod node;
pub mod proof;

pub mod frontier;
pub mod range;
pub mod tile;

pub mod checkpoint;
pub mod cosignature;
pub mod note;
pub mod note_key;

pub mod log_id;

pub mod entry;
pub mod logged;
pub mod proof_file;
pub mod trusted_root;

pub mod view;
pub mod witness_policy;
