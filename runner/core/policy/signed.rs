//! A policy that its keepers have signed, and that cannot be replaced by an older one.

use super::file::{Policy, PolicyError};
use crate::attest::dsse::{Envelope, pae};
use crate::attest::reason::{Reason, Refusal};
use crate::attest::trust_root::Quorum;
use crate::digest::Digest;
use crate::json::fields::Fields;
use crate::json::strict;

/// The payload type of a signed policy.
pub const POLICY_PAYLOAD_TYPE: &str = "application/vnd.zwieback.policy+toml";

/// A policy, and the digest of its text: what a decision names as its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPolicy {
    /// The policy.
    pub policy: Policy,
    /// The SHA-256 of its text.
    pub digest: Digest,
}

/// What a keeper of the policy has to sign.
pub fn policy_pae(text: &str) -> Vec<u8> {
    pae(POLICY_PAYLOAD_TYPE, text.as_bytes())
}

/// A policy that the user trusts for having written it.
pub fn unsigned(text: &str) -> Result<KnownPolicy, PolicyError> {
    Ok(KnownPolicy {
        policy: Policy::parse(text)?,
        digest: Digest::sha256(text.as_bytes()),
    })
}

/// Reads an envelope with a policy that enough keepers have signed and that is not older than one
/// that was used before.
pub fn open(file: &[u8], keepers: &Quorum, newest_known: u64) -> Result<KnownPolicy, Refusal> {
    let document = strict::parse(file)?;
    let envelope = Envelope::read(&Fields::of(&document, "")?)?;
    if envelope.payload_type != POLICY_PAYLOAD_TYPE {
        let saw = format!("{:?}", envelope.payload_type);
        return Err(Refusal::new(Reason::PayloadType, saw));
    }
    let signers = keepers.signers(&envelope);
    if signers < keepers.threshold {
        let saw = format!("{signers} of {} needed", keepers.threshold);
        return Err(Refusal::new(Reason::PolicySignatures, saw));
    }
    let malformed = |error: &dyn std::fmt::Display| Refusal::new(Reason::PolicyMalformed, error);
    let text = std::str::from_utf8(&envelope.payload).map_err(|error| malformed(&error))?;
    let known = unsigned(text).map_err(|error| malformed(&error))?;
    if known.policy.version() < newest_known {
        let saw = format!("version {} after {newest_known}", known.policy.version());
        return Err(Refusal::new(Reason::PolicyRollback, saw));
    }
    Ok(known)
}
