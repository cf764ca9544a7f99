//! Our build type: which parameters a build by zwieback has, and the rules they keep.

use std::collections::{BTreeMap, BTreeSet};

use zwieback_model::digest::Digest;
use zwieback_model::json::canonical;
use zwieback_model::json::value::{Object, Value};

use super::provenance::Provenance;
use super::reason::{Reason, Refusal};
use super::resource::ResourceDescriptor;

/// The URI of the build type; its page documents every parameter.
pub const BUILD_TYPE: &str = "https://zwieback.example/build-types/recipe/v1";

const RECIPE: &str = "recipe";
const RECIPE_DIGEST: &str = "recipeDigest";
/// The manifests of the toolchains by name: with the locked packages, all that their tree is made from.
const TOOLCHAINS: &str = "toolchains";

/// Before the path of a patch, in the name of the input that it is.
pub const PATCH: &str = "patch ";
/// Before the name of a source that is a folder of the builder's project.
pub const FOLDER: &str = "folder ";
/// Before the name of such a source and the path of one of its files, with a `/` between.
pub const FILE: &str = "file ";
/// What lies at its builder's and nowhere else: no other input may bring its own bytes.
const CARRIED: [&str; 3] = [PATCH, FOLDER, FILE];

/// Build types of other builders that are taken, and what is expected of each.
pub type ForeignBuildTypes = BTreeMap<String, ExpectedParameters>;

/// The external parameters that a foreign build has. Any other is refused: nobody here knows what it does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpectedParameters {
    /// Those that must be there, with their values.
    pub exactly: Object,
    /// Those that may be there, with whatever value.
    pub any: BTreeSet<String>,
}

/// The external parameters of a build: the whole recipe, its digest, and the toolchains' manifests.
pub fn external_parameters(recipe: Value, toolchains: Object) -> Object {
    let digest = recipe_digest(&recipe).to_hex();
    [
        (RECIPE.to_owned(), recipe),
        (RECIPE_DIGEST.to_owned(), digest.into()),
        (TOOLCHAINS.to_owned(), toolchains.into()),
    ]
    .into()
}

/// The recipe that a provenance of our build type was made from.
pub fn recipe(provenance: &Provenance) -> Option<&Value> {
    provenance.external_parameters.get(RECIPE)
}

/// The manifest of one of the toolchains it was built with.
pub fn toolchain<'p>(provenance: &'p Provenance, name: &str) -> Option<&'p Value> {
    provenance.external_parameters.get(TOOLCHAINS)?.get(name)
}

/// The manifests of all toolchains it was built with.
pub fn toolchains(provenance: &Provenance) -> impl Iterator<Item = (&str, &Value)> {
    let all = provenance.external_parameters.get(TOOLCHAINS);
    let all = all.and_then(Value::as_object).into_iter();
    all.flat_map(Object::iter)
        .map(|(name, value)| (name.as_str(), value))
}

/// Refuses another build type, a parameter that is not known, or one that breaks a rule.
///
/// External parameters are whatever a user chose: one that is ignored could be the one that turned
/// the build into another.
pub fn check(provenance: &Provenance, foreign: &ForeignBuildTypes) -> Result<(), Refusal> {
    if provenance.build_type == BUILD_TYPE {
        check_own(provenance)
    } else if let Some(known) = foreign.get(&provenance.build_type) {
        known.check(&provenance.external_parameters)
    } else {
        let saw = format!("{:?}", provenance.build_type);
        Err(Refusal::new(Reason::BuildType, saw))
    }
}

impl ExpectedParameters {
    fn check(&self, parameters: &Object) -> Result<(), Refusal> {
        check_names(parameters, |name| {
            self.exactly.get(name).is_some() || self.any.contains(name)
        })?;
        let differs = |(name, value): &(&String, &Value)| parameters.get(name) != Some(*value);
        match self.exactly.iter().find(differs) {
            Some((name, _)) => {
                let saw = match parameters.get(name) {
                    Some(value) => format!("{name:?} is {}", canonical::to_string(value)),
                    None => format!("{name:?} is missing"),
                };
                Err(Refusal::new(Reason::ParameterUnexpected, saw))
            }
            None => Ok(()),
        }
    }
}

fn check_own(provenance: &Provenance) -> Result<(), Refusal> {
    let parameters = &provenance.external_parameters;
    check_names(parameters, |name| {
        [RECIPE, RECIPE_DIGEST, TOOLCHAINS].contains(&name)
    })?;
    let malformed = |saw| Refusal::new(Reason::ParameterMalformed, saw);
    let recipe = parameters.get(RECIPE).filter(|it| it.as_object().is_some());
    let recipe = recipe.ok_or_else(|| malformed("`recipe` is no object"))?;
    if parameters
        .get(TOOLCHAINS)
        .is_some_and(|it| it.as_object().is_none())
    {
        return Err(malformed("`toolchains` is no object"));
    }
    let digest = parameters.get(RECIPE_DIGEST).and_then(Value::as_str);
    if digest.and_then(|digest| digest.parse().ok()) != Some(recipe_digest(recipe)) {
        return Err(malformed("`recipeDigest` is not that of `recipe`"));
    }
    let inputs = &provenance.resolved_dependencies;
    let refused = |reason, input: &ResourceDescriptor| {
        Err(Refusal::new(reason, format!("{:?}", input.label())))
    };
    if let Some(input) = inputs.iter().find(|input| !input.digest.is_strong()) {
        return refused(Reason::DependencyWithoutDigest, input);
    }
    match inputs.iter().find(|input| !brings_its_own(input)) {
        Some(input) => refused(Reason::DependencyContent, input),
        None => Ok(()),
    }
}

/// Whether an input has no content, or may have one and has the one that its digest names.
fn brings_its_own(input: &ResourceDescriptor) -> bool {
    let Some(content) = &input.content else {
        return true;
    };
    let name = input.name.as_deref().unwrap_or_default();
    input.uri.is_none()
        && CARRIED.iter().any(|kind| name.starts_with(kind))
        && input.digest.get_sha256() == Some(Digest::sha256(content))
}

fn check_names(parameters: &Object, known: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    let unknown = parameters.keys().find(|name| !known(name));
    unknown.map_or(Ok(()), |name| {
        Err(Refusal::new(Reason::ParameterUnknown, format!("{name:?}")))
    })
}

fn recipe_digest(recipe: &Value) -> Digest {
    Digest::sha256(&canonical::to_bytes(recipe))
}
