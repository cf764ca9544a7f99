//! Everybody whom the policies of a log have ever named, and who of them is one person.
//!
//! A policy may give a person another key or another name: whoever changed, built or approved something
//! before is still who they were. So every question whether two are different people comes here, and is asked
//! of all policies that were ever in force. Two entries that share a name or a key are one person, also by way
//! of others; a name or a key that somebody left behind and that somebody else has by now makes one person of
//! both. In doubt somebody is the same: only a new name and a new key at once are somebody new.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use zwieback_attest::identity::{Identities, Identity, Known};
use zwieback_attest::key_id::KeyId;
use zwieback_attest::trust_root::BuilderKey;
use zwieback_model::name::Name;

use super::in_force::PolicyInForce;
use super::people::People;
use crate::reason::{Reason, Refusal};

/// Everybody whom the policies of a log have ever named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Pairs", into = "Pairs")]
pub struct KnownPeople {
    pairs: Pairs,
    people: Identities,
    operators: Identities,
}

/// All that it is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Pairs {
    people: BTreeSet<(Name, KeyId)>,
    /// The keys of builders, and who ran each, where a trust root has said so.
    builders: BTreeSet<(KeyId, Option<String>)>,
}

impl KnownPeople {
    /// Takes up everybody in a policy that has come into force, and the builders of its trust root.
    pub fn learn(&mut self, policy: &PolicyInForce) {
        let mut pairs = std::mem::take(&mut self.pairs);
        let people = policy.release.people.pairs();
        pairs
            .people
            .extend(people.map(|(name, key)| (name.clone(), key)));
        pairs
            .builders
            .extend(policy.root.builders.iter().map(builder));
        *self = pairs.into();
    }

    /// The same with everybody in that policy too.
    #[must_use]
    pub fn with(&self, policy: &PolicyInForce) -> Self {
        let mut all = self.clone();
        all.learn(policy);
        all
    }

    /// Who has that key.
    pub fn key(&self, key: KeyId) -> Identity {
        self.people.who(Known::Key(key))
    }

    /// Who is called so, as a person or as who runs a builder.
    pub fn name(&self, name: &str) -> Identity {
        self.people.who(Known::Name(name))
    }

    /// Whether anybody was ever called so.
    pub fn knows(&self, name: &Name) -> bool {
        self.people.knows(Known::Name(name.as_str()))
    }

    /// How many people those are.
    pub fn count<'a>(&self, names: impl IntoIterator<Item = &'a Name>) -> usize {
        let people = names.into_iter().map(|name| self.name(name.as_str()));
        people.collect::<BTreeSet<_>>().len()
    }

    /// Whether that key was ever a builder's.
    pub fn is_builder(&self, key: KeyId) -> bool {
        self.operators_of(key).next().is_some()
    }

    /// Everybody who ever ran a builder with that key.
    pub fn operators(&self, key: KeyId) -> impl Iterator<Item = &str> {
        self.operators_of(key).filter_map(Option::as_deref)
    }

    /// Who of those who run builders is one and the same: here also a company is somebody, whose people
    /// are none the less several.
    pub fn of_builders(&self) -> &Identities {
        &self.operators
    }

    /// Makes sure that a role has so many people, whatever they are called: nobody could ever meet the rule.
    pub fn check(&self, people: &People, role: &Name, asked: usize) -> Result<(), Refusal> {
        let members = people.members(role);
        let there = self.count(members.clone());
        if there >= asked {
            return Ok(());
        }
        let names: Vec<&str> = members.map(Name::as_str).collect();
        let saw = format!(
            "{asked} of the role `{role}` are asked for; by names and keys of all policies so far, {} are {there}",
            names.join(", ")
        );
        Err(Refusal::new(Reason::ReleasePolicyMalformed, saw))
    }

    /// A person by the name of today, and why it is one whom somebody would not know by it.
    pub fn describe(&self, name: &Name, now: &People) -> String {
        let who = self.name(name.as_str());
        let own = self.pairs.people.iter();
        let own = own.filter(|(name, _)| self.name(name.as_str()) == who);
        let others: BTreeSet<&str> = own
            .clone()
            .filter(|(other, _)| other != name)
            .map(|(other, _)| other.as_str())
            .collect();
        if !others.is_empty() {
            let others: Vec<&str> = others.into_iter().collect();
            return format!(
                "{name}, by names and keys of all policies so far the same person as {}",
                others.join(", ")
            );
        }
        let mut keys = own.map(|(_, key)| *key);
        if keys.any(|key| now.person(key) != Some(name)) {
            return format!(
                "{name}; whoever had that name in an earlier policy is the same person"
            );
        }
        name.to_string()
    }

    fn operators_of(&self, key: KeyId) -> impl Iterator<Item = &Option<String>> {
        let builders = self.pairs.builders.range((key, None)..);
        let own = builders.take_while(move |(of, _)| *of == key);
        own.map(|(_, operator)| operator)
    }
}

impl From<Pairs> for KnownPeople {
    fn from(pairs: Pairs) -> Self {
        let named = pairs.people.iter();
        let named = named.map(|(name, key)| (name.as_str(), *key));
        let run = pairs.builders.iter();
        let run = run.filter_map(|(key, operator)| Some((operator.as_deref()?, *key)));
        let (mut people, mut operators) = (Identities::default(), Identities::default());
        people.extend(named.clone());
        // Who is called like a person is that person; a company is nobody who could approve.
        let is_person: Vec<_> = run
            .clone()
            .filter(|(name, _)| people.knows(Known::Name(name)))
            .collect();
        people.extend(is_person);
        operators.extend(named.chain(run));
        Self {
            pairs,
            people,
            operators,
        }
    }
}

impl From<KnownPeople> for Pairs {
    fn from(known: KnownPeople) -> Self {
        known.pairs
    }
}

fn builder(entry: &BuilderKey) -> (KeyId, Option<String>) {
    (entry.key.id(), entry.named_operator().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use zwieback_attest::public_key::Algorithm;
    use zwieback_host::keys::private_key::PrivateKey;
    use zwieback_host::keys::signer::Signer as _;

    use super::*;

    fn keys<const N: usize>() -> [KeyId; N] {
        std::array::from_fn(|_| {
            let key = PrivateKey::generate(Algorithm::EcdsaP256).unwrap();
            key.public_key().id()
        })
    }

    fn known(people: &[(&str, KeyId)], builders: &[(KeyId, Option<&str>)]) -> KnownPeople {
        let people = people.iter();
        let builders = builders.iter();
        let pairs = Pairs {
            people: people
                .map(|(name, key)| (name.parse().unwrap(), *key))
                .collect(),
            builders: builders
                .map(|(key, operator)| (*key, operator.map(str::to_owned)))
                .collect(),
        };
        pairs.into()
    }

    #[test]
    fn who_runs_a_builder_and_is_called_like_a_person_is_that_person() {
        let [ada, machine] = keys();
        let run = [(machine, Some("Ada"))];
        let known = known(&[("ada", ada), ("adah", ada)], &run);
        assert_eq!(known.key(machine), known.name("adah"));
        assert_eq!(known.operators(machine).collect::<Vec<_>>(), ["Ada"]);
    }

    #[test]
    fn the_people_of_a_company_that_runs_builders_are_several() {
        let [ada, bo] = keys();
        let run = [(ada, Some("acme")), (bo, Some("acme"))];
        let known = known(&[("ada", ada), ("bo", bo)], &run);
        assert_ne!(known.name("ada"), known.name("bo"));
        let of_builders = known.of_builders();
        assert_eq!(
            of_builders.who(Known::Key(ada)),
            of_builders.who(Known::Key(bo))
        );
    }

    #[test]
    fn builders_of_whom_nobody_says_who_runs_them_are_builders() {
        let [first, second, other] = keys();
        let known = known(&[], &[(first, None), (second, None)]);
        assert!(known.is_builder(first) && known.is_builder(second));
        assert!(!known.is_builder(other));
        assert_ne!(known.key(first), known.key(second));
    }

    proptest! {
        /// However it was learnt, and whether it was kept and read again.
        #[test]
        fn what_was_kept_is_what_was_known(
            people in proptest::collection::vec((0_usize..4, 0_usize..4), 0..8),
            builders in proptest::collection::vec((0_usize..4, 0_usize..5), 0..8),
        ) {
            const NAMES: [&str; 5] = ["a", "b", "c", "d", "company"];
            let keys = keys::<4>();
            let people = people.iter().map(|(name, key)| (NAMES[*name], keys[*key]));
            let builders = builders.iter().map(|(key, name)| (keys[*key], Some(NAMES[*name])));
            let (mut people, mut builders): (Vec<_>, Vec<_>) = (people.collect(), builders.collect());
            let before = known(&people, &builders);
            people.reverse();
            builders.reverse();
            prop_assert_eq!(&known(&people, &builders), &before);
            let kept = serde_json::to_vec(&before).unwrap();
            prop_assert_eq!(&serde_json::from_slice::<KnownPeople>(&kept).unwrap(), &before);
        }
    }
}
