//! A policy that its keepers have signed, and that cannot be replaced by an older one.

use zwieback_model::digest::Digest;
use zwieback_model::json::fields::Fields;
use zwieback_model::json::strict;

use super::file::{Policy, PolicyError};
use crate::dsse::Envelope;
use crate::reason::{Reason, Refusal};
use crate::trust_root::Quorum;

/// The payload type of a signed policy.
pub const POLICY_PAYLOAD_TYPE: &str = "application/vnd.zwieback.policy+toml";

/// A policy, and the digest of its text: what a decision names as its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPolicy {
    /// The policy.
    pub policy: Policy,
    /// The SHA-256 of its text.
    pub digest: Digest,
    /// Whether enough of its keepers have signed it.
    pub is_signed: bool,
}

/// The envelope of a policy, which its keepers have yet to sign.
pub fn envelope(text: &str) -> Envelope {
    Envelope::unsigned(POLICY_PAYLOAD_TYPE, text.as_bytes().to_vec())
}

/// Whether a file is an envelope, signed or not: no text of a policy is a JSON object.
pub fn is_envelope(file: &[u8]) -> bool {
    // What begins like one and is broken gets the reader that says where.
    file.trim_ascii_start().starts_with(b"{")
        || strict::parse(file).is_ok_and(|document| document.as_object().is_some())
}

/// A policy that the user trusts for having written it.
pub fn unsigned(text: &str) -> Result<KnownPolicy, PolicyError> {
    Ok(KnownPolicy {
        policy: Policy::parse(text)?,
        digest: Digest::sha256(text.as_bytes()),
        is_signed: false,
    })
}

/// Reads an envelope with a policy that enough keepers have signed and that is not older than one
/// that was used before.
pub fn open(file: &[u8], keepers: &Quorum, newest_known: u64) -> Result<KnownPolicy, Refusal> {
    let envelope = read_envelope(file)?;
    let signers = keepers.signers(&envelope);
    if signers < keepers.threshold {
        let saw = format!("{signers} of {} needed", keepers.threshold);
        return Err(Refusal::new(Reason::PolicySignatures, saw));
    }
    // Only now is its text looked at: a stranger's reaches no parser but that of the envelope.
    let known = KnownPolicy {
        is_signed: true,
        ..policy_in(&envelope)?
    };
    if known.policy.version() < newest_known {
        let saw = format!("version {} after {newest_known}", known.policy.version());
        return Err(Refusal::new(Reason::PolicyRollback, saw));
    }
    Ok(known)
}

/// Reads an envelope with a policy, whoever has signed it: enough to sign it too, not to decide by.
pub fn read(file: &[u8]) -> Result<(Envelope, KnownPolicy), Refusal> {
    let envelope = read_envelope(file)?;
    let known = policy_in(&envelope)?;
    Ok((envelope, known))
}

fn read_envelope(file: &[u8]) -> Result<Envelope, Refusal> {
    let document = strict::parse(file)?;
    let envelope = Envelope::read(&Fields::of(&document, "")?)?;
    if envelope.payload_type == POLICY_PAYLOAD_TYPE {
        return Ok(envelope);
    }
    let saw = format!("{:?}", envelope.payload_type);
    Err(Refusal::new(Reason::PayloadType, saw))
}

fn policy_in(envelope: &Envelope) -> Result<KnownPolicy, Refusal> {
    let malformed = |error: &dyn std::fmt::Display| Refusal::new(Reason::PolicyMalformed, error);
    let text = std::str::from_utf8(&envelope.payload).map_err(|error| malformed(&error))?;
    unsigned(text).map_err(|error| malformed(&error))
}
