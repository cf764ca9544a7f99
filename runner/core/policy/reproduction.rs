//! Whether builders that do not depend on each other agree.

use std::collections::{BTreeMap, BTreeSet};

use crate::attest::key_id::KeyId;
use crate::attest::trust::Trust;
use crate::attest::verify::Verified;
use crate::json::canonical;
use crate::json::value::Value;

/// The largest number of builds that are the same build by operators that are all different.
///
/// The artifacts are the same already: each build was verified against them. The same build also
/// had the same parameters and inputs, else two accidents would count as one confirmation. An
/// operator is whom the trust root names; a key that is trusted by itself has none, and counts once.
pub fn independent_builders(builds: &[Verified], trust: &Trust) -> usize {
    let mut groups: BTreeMap<Vec<u8>, Vec<(Option<&str>, KeyId)>> = BTreeMap::new();
    for build in builds {
        let operator = trust.operator(build.key(), &build.provenance().builder.id);
        let group = groups.entry(definition(build)).or_default();
        group.push((operator, build.key()));
    }
    groups.values().map(|group| count(group)).max().unwrap_or(0)
}

/// One operator with two keys is one, and so is one key under two operators' names.
fn count(group: &[(Option<&str>, KeyId)]) -> usize {
    let operators: BTreeSet<_> = group.iter().map(|(operator, _)| operator).collect();
    let keys: BTreeSet<_> = group.iter().map(|(_, key)| key).collect();
    operators.len().min(keys.len())
}

fn definition(build: &Verified) -> Vec<u8> {
    let provenance = build.provenance();
    let inputs = provenance.resolved_dependencies.iter();
    let mut inputs: Vec<Value> = inputs.map(|input| input.digest.to_value()).collect();
    inputs.sort();
    canonical::to_bytes(&Value::object([
        ("buildType", provenance.build_type.as_str().into()),
        (
            "externalParameters",
            provenance.external_parameters.clone().into(),
        ),
        ("inputs", Value::Array(inputs)),
    ]))
}
