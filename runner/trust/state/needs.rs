//! Which builds a build rests on: trees that other recipes made, by their digests.

use zwieback_attest::build::statement::{MADE, NEEDS, OUTPUTS};
use zwieback_attest::provenance::Provenance;
use zwieback_model::digest::Digest;

/// The trees that other recipes made and that went into this build, with what they were to it; one
/// without a digest that counts could be any.
pub fn needs(provenance: &Provenance) -> Vec<(Option<Digest>, String)> {
    let inputs = provenance.resolved_dependencies.iter();
    let made = inputs.filter(|input| input.is_called(&[NEEDS, MADE]));
    made.map(|it| (it.digest.get_sha256(), it.label().to_owned()))
        .collect()
}

/// The tree of all outputs of this build.
pub fn outputs(provenance: &Provenance) -> Option<Digest> {
    let mut byproducts = provenance.byproducts.iter();
    byproducts
        .find(|it| it.label() == OUTPUTS)?
        .digest
        .get_sha256()
}
