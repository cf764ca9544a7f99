//! Trusted time: what RFC 3161 time stamps in a bundle prove, without asking anyone.
//!
//! A time stamp authority signs the digest of a signature together with the time. Who trusts the
//! authority knows that the signature existed then, whatever becomes of its key later.

pub mod request;
pub mod token;

pub mod stamp;
pub mod asn1;
pub mod path;
pub mod certificate;
pub mod refused;
