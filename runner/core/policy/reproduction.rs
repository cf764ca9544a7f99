//! Whether builders that do not depend on each other agree.

use std::collections::{BTreeMap, BTreeSet};

use crate::attest::digest_set::DigestSet;
use crate::attest::key_id::KeyId;
use crate::attest::trust::Trust;
use crate::attest::verify::Verified;
use crate::json::value::Object;

/// The largest number of builds that are the same build by operators that are all different.
///
/// The artifacts are the same already: each build was verified against them. The same build also
/// had the same parameters and inputs, else two accidents would count as one confirmation. An
/// operator is whom the trust root names; a key that is trusted by itself has none, and counts once.
pub fn independent_builders(builds: &[Verified], trust: &Trust) -> usize {
    let mut groups: BTreeMap<Definition<'_>, Vec<(Option<&str>, KeyId)>> = BTreeMap::new();
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

/// What was built, how it was parametrized and, as a multiset, from what.
type Definition<'a> = (&'a str, Vec<&'a DigestSet>, &'a Object);

fn definition(build: &Verified) -> Definition<'_> {
    let provenance = build.provenance();
    let inputs = provenance.resolved_dependencies.iter();
    let mut inputs: Vec<&DigestSet> = inputs.map(|input| &input.digest).collect();
    inputs.sort_unstable();
    let parameters = &provenance.external_parameters;
    (&provenance.build_type, inputs, parameters)
}
