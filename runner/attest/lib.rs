//! What is signed, how it is written, and what it takes to believe it.
//!
//! A [`statement::Statement`] says something about artifacts; [`provenance::Provenance`] is the
//! predicate that says how they were built. A [`dsse::Draft`] holds its bytes until a key has signed
//! them; a [`bundle::Bundle`] carries them with the signature, one file beside the artifacts.
//! Reading goes the other way and every step can refuse, with a [`reason::Reason`]. Like the model, this
//! touches no disk, network, clock, environment or randomness.

#![forbid(unsafe_code)]

pub mod key_id;
pub mod purpose;
pub mod public_key;
pub mod known_keys;
pub mod identity;

pub mod resource;
pub mod stated_input;
pub mod statement;
pub mod output_tree;
pub mod folder;

pub mod build_type;
pub mod provenance;
pub mod build;
pub mod grounds;
pub mod vsa;

pub mod bundle;
pub mod dsse;
pub mod import;
pub mod json_lines;

pub mod reason;
pub mod reasons;
pub mod verify;

pub mod claimed;
pub mod verified;

pub mod level;
pub mod root_chain;
pub mod root_change;
pub mod root_lines;
pub mod signing_time;
pub mod trust;
pub mod trust_root;

pub mod policy;
pub mod trusted_time;

#[cfg(test)]
mod fixture;
