//! What a provenance says of its release: its name and version, its tree, and the builds that it rests on.

use zwieback_attest::build::statement::{MADE, NEEDS, OUTPUTS};
use zwieback_attest::provenance::Provenance;
use zwieback_model::digest::Digest;
use zwieback_model::json::value::Value;

/// The trees that other recipes made and that went into this build, with what they were to it; one
/// without a digest that counts could be any.
pub fn needs(provenance: &Provenance) -> Vec<(Option<Digest>, String)> {
    let inputs = provenance.resolved_dependencies.iter();
    let made = inputs.filter(|input| input.is_called(&[NEEDS, MADE]));
    made.map(|input| (input.digest.get_sha256(), input.label().to_owned()))
        .collect()
}

/// The tree of all outputs of this build.
pub fn outputs(provenance: &Provenance) -> Option<Digest> {
    let mut byproducts = provenance.byproducts.iter();
    byproducts
        .find(|byproduct| byproduct.label() == OUTPUTS)?
        .digest
        .get_sha256()
}

/// The recipe's name and version, where a provenance has a recipe that has them.
pub fn release(provenance: &Provenance) -> Option<(String, String)> {
    let recipe = provenance.external_parameters.get("recipe")?;
    // The recipe's file has its head in a table of its own.
    let head = recipe.get("recipe").unwrap_or(recipe);
    let text = |name| head.get(name).and_then(Value::as_str).map(str::to_owned);
    Some((text("name")?, text("version")?))
}
