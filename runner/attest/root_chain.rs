//! How a trust root comes to count: signed by its own quorum, and by that of the root before it.

use std::collections::BTreeSet;

use zwieback_model::digest::Digest;
use zwieback_model::json::fields::Fields;
use zwieback_model::json::strict;

use super::dsse::{Envelope, Signature};
use super::public_key::PublicKey;
use super::reason::{Reason, Refusal};
use super::trust_root::{Quorum, TrustRoot};

/// The payload type of a signed trust root: no signature of a statement is ever one of a root.
pub const ROOT_PAYLOAD_TYPE: &str = "application/vnd.zwieback.trust-root+json";

/// What a member of the quorum has to sign.
pub fn root_pae(root: &TrustRoot) -> Vec<u8> {
    envelope(root).pae()
}

/// The envelope of a root, which its quorum and that of the root before have yet to sign.
pub fn envelope(root: &TrustRoot) -> Envelope {
    Envelope::unsigned(ROOT_PAYLOAD_TYPE, root.to_bytes())
}

/// The file of a root and the signatures of its quorum, and of the quorum before.
pub fn root_file(root: &TrustRoot, signatures: &[(PublicKey, Vec<u8>)]) -> Vec<u8> {
    let mut envelope = envelope(root);
    let signature = |(key, bytes): &(PublicKey, Vec<u8>)| Signature {
        key_id: Some(key.id().to_string()),
        bytes: bytes.clone(),
    };
    envelope.signatures = signatures.iter().map(signature).collect();
    envelope.to_bytes()
}

/// Reads a root that the user trusts for having been handed this very file.
pub fn open(file: &[u8]) -> Result<TrustRoot, Refusal> {
    let (envelope, root) = read(file)?;
    check_quorum(&envelope, &root.quorum)?;
    Ok(root)
}

/// Reads the root that follows a trusted one.
///
/// Both quorums must have signed: the old one gives its trust away, the new one proves that it has
/// its keys. A version may not be left out, so nobody can be talked past a revocation. The line must be
/// that of the old one, by which machines that met neither know older roots for what they are.
pub fn succeed(previous: &TrustRoot, file: &[u8]) -> Result<TrustRoot, Refusal> {
    let (envelope, root) = read(file)?;
    let saw = format!("version {} after {}", root.version, previous.version);
    if root.version <= previous.version {
        return Err(Refusal::new(Reason::RootRollback, saw));
    }
    if root.version != previous.version + 1 {
        return Err(Refusal::new(Reason::RootGap, saw));
    }
    // Earlier versions of this program named no line; where one is named, it stays.
    let is_named = previous.line.is_some() || root.line.is_some();
    if is_named && root.line != Some(previous.line()) {
        let line = root.line.map_or("none".to_owned(), Digest::to_hex);
        let saw = format!("{saw}, line {line} after {}", previous.line());
        return Err(Refusal::new(Reason::RootLine, saw));
    }
    check_quorum(&envelope, &previous.quorum)?;
    check_quorum(&envelope, &root.quorum)?;
    Ok(root)
}

/// Reads a root that is still to be signed: it counts for nothing, however many have signed.
pub fn read(file: &[u8]) -> Result<(Envelope, TrustRoot), Refusal> {
    let document = strict::parse(file)?;
    let fields = Fields::of(&document, "")?;
    let envelope = Envelope::read(&fields)?;
    if envelope.payload_type != ROOT_PAYLOAD_TYPE {
        let saw = format!("{:?}", envelope.payload_type);
        return Err(Refusal::new(Reason::PayloadType, saw));
    }
    let root = TrustRoot::read(&envelope.payload)?;
    Ok((envelope, root))
}

/// Leaves of the signatures of a root that waits for more those that keepers made, one of each: what anybody else
/// put there takes no keeper's room.
pub fn leave_keepers(envelope: &mut Envelope, quorums: &[&Quorum]) {
    let made = quorums
        .iter()
        .flat_map(|quorum| quorum.made(envelope).into_values());
    let made: BTreeSet<usize> = made.collect();
    let mut place = 0..;
    envelope
        .signatures
        .retain(|_| place.next().is_some_and(|place| made.contains(&place)));
}

fn check_quorum(envelope: &Envelope, quorum: &Quorum) -> Result<(), Refusal> {
    let count = quorum.signers(envelope);
    if count < quorum.threshold {
        let saw = format!("{count} of {} needed", quorum.threshold);
        return Err(Refusal::new(Reason::RootSignatures, saw));
    }
    Ok(())
}
