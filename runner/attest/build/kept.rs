//! What a store has of an action: an entry, a tree and a bundle, which are believed together or not at all.
//!
//! An entry is a file that anybody who can write to the store can write. What it says counts if the key
//! that was asked for has signed it: that this action came to this tree, twice.

use zwieback_model::bake::action::ActionResult;
use zwieback_model::digest::Digest;
use zwieback_model::tree::Tree;

use super::statement::OUTPUTS;
use crate::bundle::Bundle;
use crate::provenance::{PREDICATE_TYPE, Provenance};
use crate::public_key::PublicKey;
use crate::reason::{Reason, Refusal};
use crate::verified::{VerifiedEnvelope, VerifiedStatement};

/// What a result must be to answer for a build.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The action.
    pub action: Digest,
    /// Whose signature is wanted.
    pub key: &'a PublicKey,
    /// The builders that this user's configuration can be: another mode has another name.
    pub builders: &'a [&'a str],
}

/// Why what is kept is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotUsable {
    /// Its entry does not read.
    #[error("its record cannot be read")]
    Unreadable,
    /// Record, outputs and bundle are not of one build.
    #[error("its {0} is another build's")]
    Mixed(&'static str),
    /// The bundle is not signed by the key that was asked for.
    #[error("its bundle is not signed by the key {asked}")]
    OtherKey {
        /// The short name of that key.
        asked: String,
    },
    /// It was built in another mode, or under another name.
    #[error("it was built by {0:?}")]
    OtherBuilder(String),
    /// The bundle is no bundle of ours.
    #[error("its bundle: {0}")]
    Bundle(#[from] Refusal),
}

/// Reads an entry.
pub fn read(entry: &[u8]) -> Result<ActionResult, NotUsable> {
    serde_json::from_slice(entry).map_err(|_| NotUsable::Unreadable)
}

/// Makes sure that entry, outputs and bundle are of the build that was asked for.
pub fn check(
    result: &ActionResult,
    outputs: &Tree,
    bundle: &[u8],
    asked: &Asked<'_>,
) -> Result<(), NotUsable> {
    must(result.action == asked.action, "record")?;
    must(result.outputs == outputs.digest(), "outputs")?;
    must(result.files == outputs.files().count(), "record")?;
    must(result.bundle.sha256 == Digest::sha256(bundle), "bundle")?;
    let statement = signed(bundle, asked.key)?;
    let statement = statement.statement();
    must(statement.predicate_type == PREDICATE_TYPE, "bundle")?;
    let provenance = Provenance::read(&statement.predicate).map_err(Refusal::from)?;
    let action = provenance.internal_parameters.get("action");
    let action = action.and_then(|value| value.as_str());
    must(action == Some(&asked.action.to_hex()), "bundle")?;
    // The digest of the whole tree: links and executable bits stand in no subject.
    let mut whole = provenance.byproducts.iter();
    let whole = whole.find(|byproduct| byproduct.label() == OUTPUTS);
    let whole = whole.and_then(|byproduct| byproduct.digest.get_sha256());
    must(whole == Some(result.outputs), "bundle")?;
    let run = format!("urn:zwieback:run:{}", result.run);
    must(provenance.metadata.invocation_id == Some(run), "run")?;
    if asked.builders.contains(&provenance.builder.id.as_str()) {
        Ok(())
    } else {
        Err(NotUsable::OtherBuilder(provenance.builder.id))
    }
}

fn signed(bundle: &[u8], key: &PublicKey) -> Result<VerifiedStatement, NotUsable> {
    let bundle = Bundle::parse(bundle).map_err(Refusal::from)?;
    let envelope =
        VerifiedEnvelope::of(&bundle, &[key]).map_err(|refusal| match refusal.reason {
            Reason::KeyUnknown => NotUsable::OtherKey {
                asked: key.id().short(),
            },
            _ => refusal.into(),
        })?;
    Ok(VerifiedStatement::of(&envelope)?)
}

fn must(holds: bool, what: &'static str) -> Result<(), NotUsable> {
    if holds {
        Ok(())
    } else {
        Err(NotUsable::Mixed(what))
    }
}

#[cfg(test)]
#[path = "kept_tests.rs"]
mod tests;
