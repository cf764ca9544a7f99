//! Whether builders that do not depend on each other agree.

use std::collections::{BTreeMap, BTreeSet};

use zwieback_model::digest_set::DigestSet;
use zwieback_model::json::value::Object;

use crate::identity::{Identities, Identity, Known};
use crate::key_id::KeyId;
use crate::verify::Verified;

/// Who stands behind a build.
#[derive(Clone, Copy, Debug)]
pub struct Maker<'a> {
    /// Whom the trust root names as the one who runs the builder.
    pub operator: Option<&'a str>,
    /// The key that signed.
    pub key: KeyId,
}

/// The largest number of builds that are the same build by makers who are independent.
///
/// The artifacts are the same already: each build was verified against them. The same build also
/// had the same parameters and inputs, else two accidents would count as one confirmation.
pub fn independent_builders(builds: &[Verified], known: Option<&Identities>) -> usize {
    let mut groups: BTreeMap<Definition<'_>, Vec<Maker<'_>>> = BTreeMap::new();
    for build in builds {
        let group = groups.entry(definition(build)).or_default();
        group.push(Maker {
            operator: build.operator(),
            key: build.key(),
        });
    }
    let counts = groups.values().map(|group| independent(group, known));
    counts.max().unwrap_or(0)
}

/// How many of them are independent of all others: no two share an operator or a key, neither directly
/// nor by way of a third, nor by what is known of them besides. Of whom nobody says who it is, nobody knows
/// that it is somebody else; so is a key that is trusted by itself.
pub fn independent(makers: &[Maker<'_>], known: Option<&Identities>) -> usize {
    let nobody = Identities::default();
    let known = known.unwrap_or(&nobody);
    let mut circles: Vec<BTreeSet<Identity>> = Vec::new();
    for maker in makers {
        let Some(operator) = maker.operator else {
            continue;
        };
        let both = [Known::Name(operator), Known::Key(maker.key)];
        let mut circle = BTreeSet::from(both.map(|it| known.who(it)));
        let shares = |other: &BTreeSet<Identity>| !other.is_disjoint(&circle);
        let (same, other): (Vec<_>, Vec<_>) = circles.into_iter().partition(shares);
        circle.extend(same.into_iter().flatten());
        circles = other;
        circles.push(circle);
    }
    circles.len().max(makers.len().min(1))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{provenance, public};
    use crate::policy::fixture::{build_in, trust};
    use crate::trust::Trust;

    #[test]
    fn who_shares_anything_is_not_independent() {
        let maker = |(operator, key)| Maker {
            operator,
            key: public(key).id(),
        };
        let (acme, other, third) = (Some("acme"), Some("other"), Some("third"));
        for (makers, expected) in [
            (vec![], 0),
            (vec![(acme, 1), (other, 2)], 2),
            (vec![(acme, 1), (acme, 2)], 1),
            (vec![(acme, 1), (other, 1)], 1),
            // One key of three operators, and two more keys of one of them.
            (
                vec![(acme, 1), (other, 1), (third, 1), (acme, 2), (acme, 3)],
                1,
            ),
            (vec![(acme, 1), (other, 2), (acme, 2), (third, 3)], 2),
            // Whoever is not named could be any of them.
            (vec![(None, 1), (None, 2)], 1),
            (vec![(None, 1), (acme, 2)], 1),
            (vec![(None, 1), (acme, 2), (other, 3)], 2),
        ] {
            let found: Vec<_> = makers.iter().copied().map(maker).collect();
            assert_eq!(independent(&found, None), expected, "{makers:?}");
        }
    }

    /// A builder that was handed on, or whose operator got another name, is no second one.
    #[test]
    fn who_was_one_operator_before_is_not_independent() {
        let maker = |operator, key| Maker {
            operator: Some(operator),
            key: public(key).id(),
        };
        let makers = [maker("acme", 1), maker("other", 2)];
        for (pairs, expected) in [
            (&[("acme", 1), ("other", 2)][..], 2),
            (&[("acme", 2)], 1),
            // Both are what a third one is called now, or was.
            (&[("acme", 3), ("third", 3), ("third", 2)], 1),
        ] {
            let mut known = Identities::default();
            known.extend(pairs.iter().map(|(name, key)| (*name, public(*key).id())));
            assert_eq!(independent(&makers, Some(&known)), expected, "{pairs:?}");
        }
        assert_eq!(independent(&[maker("Acme", 1), maker("acme", 2)], None), 1);
    }

    #[test]
    fn the_operator_is_the_one_at_the_time_of_signing() {
        let Trust::Root(mut root) = trust() else {
            panic!("the fixture has a root");
        };
        // Key 3 was of another operator's until it was handed over to acme, who has key 1.
        let mut handed_over = root.builders[2].clone();
        handed_over.operator = "acme".into();
        handed_over.from = "2026-01-01T00:00:00Z".parse().ok();
        root.builders[2].until = handed_over.from;
        root.builders.push(handed_over);
        let trust = Trust::Root(root);
        let builds = [1, 3].map(|key| build_in(&trust, &provenance(), key));
        assert_eq!(builds[1].operator(), Some("acme"));
        assert_eq!(independent_builders(&builds, None), 1);
    }
}
