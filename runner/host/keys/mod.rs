//! Signing keys: where they lie, and the three ways to have something signed by one.
//!
//! A key is a file that only its owner can read ([`key_directory`]), an object in a token that never
//! gives it away ([`pkcs11`]), or behind a command of the user's choice ([`external`]). All three
//! are a [`signer::Signer`]; none is ever reachable from a step.

pub mod locator;
pub mod signer;
pub mod uses;
pub mod error;

pub mod certificate;
pub mod key_directory;
pub mod passphrase;
pub mod private_key;

pub mod external;

pub mod pkcs11;
pub mod pkcs11_uri;
