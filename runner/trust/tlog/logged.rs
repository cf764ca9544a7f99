//! Whether a bundle proves, by itself and offline, that it is in a log.

use zwieback_attest::bundle::Bundle;
use zwieback_attest::known_keys::KnownKeys;

use super::entry::{self, Entry};
use super::node;
use super::view::Expectation;
use crate::reason::{Reason, Refusal};

/// The place of a bundle in the log that is expected, if one of its proofs shows it.
///
/// The entry must be of this very bundle: one of another artifact, in a log that is trusted, proves
/// nothing here (CVE-2022-36056, CVE-2026-22703).
pub fn verify(bundle: &Bundle, expected: &Expectation<'_>) -> Result<u64, Refusal> {
    let mut refusal = Refusal::new(Reason::ProofMissing, "");
    for value in bundle.log_entries() {
        match verify_one(bundle, value, expected) {
            Ok(index) => return Ok(index),
            Err(why) => refusal = why,
        }
    }
    Err(refusal)
}

fn verify_one(
    bundle: &Bundle,
    value: &zwieback_model::json::value::Value,
    expected: &Expectation<'_>,
) -> Result<u64, Refusal> {
    let (body, proof) = entry::of_bundle_entry(value)?;
    Entry::parse(&body, &mut KnownKeys::default())?.matches(bundle)?;
    proof.verify(node::leaf(&body), expected)?;
    Ok(proof.inclusion.index)
}
