//! Chapter: bundles from files, strict ones and the lines of envelopes that other tools write.

use zwieback_attest::bundle::Bundle;
use zwieback_attest::import::{Imported, import};
use zwieback_attest::provenance::PREDICATE_TYPE;
use zwieback_attest::public_key::PublicKey;
use zwieback_attest::reason::{Reason, Refusal};
use zwieback_attest::statement::Statement;

/// How the name of a file of lines ends (in-toto's bundle, a JSON Lines file).
pub const LINES: &str = ".jsonl";

/// The bundles of a file of lines: those with provenance that a trusted key has signed.
///
/// Other lines are passed over, as the format demands; a file of which none is left is refused.
pub fn of_lines(bytes: &[u8], keys: &[PublicKey]) -> Result<Vec<Vec<u8>>, Refusal> {
    let Imported {
        bundles,
        passed_over,
    } = import(bytes, keys);
    let about_builds: Vec<Vec<u8>> = bundles
        .iter()
        .filter(|bundle| is_provenance(bundle))
        .map(Bundle::to_bytes)
        .collect();
    if !about_builds.is_empty() {
        return Ok(about_builds);
    }
    // Lines of another kind are no one's fault; an envelope by a stranger is what the user must know.
    let stranger = |it: &Refusal| it.reason == Reason::KeyUnknown;
    let other = || Refusal::new(Reason::PredicateType, "no line is provenance");
    Err(passed_over.into_iter().find(stranger).unwrap_or_else(other))
}

/// A statement that cannot be read stays: verification says what is wrong with it.
fn is_provenance(bundle: &Bundle) -> bool {
    let statement = Statement::parse(&bundle.envelope().payload);
    statement.map_or(true, |it| it.predicate_type == PREDICATE_TYPE)
}
