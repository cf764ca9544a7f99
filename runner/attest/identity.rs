//! Who is one and the same: names and keys that belong together, directly or by way of others.
//!
//! Whoever is called otherwise by now, or has another key, is still who they were. So two names that ever
//! had one key are of one identity, and two keys that ever had one name, and so on: an identity is a
//! connected component over pairs of a name and a key. The order of the pairs makes no difference.

use std::collections::BTreeMap;

use super::key_id::KeyId;

/// Names and keys, by whom they belong to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identities {
    names: BTreeMap<String, usize>,
    keys: BTreeMap<KeyId, usize>,
    /// For each name and key the next one of its identity; the first of it has itself.
    next: Vec<usize>,
}

/// What somebody is known by.
#[derive(Clone, Copy, Debug)]
pub enum Known<'a> {
    /// A name: of a person or of who runs a builder.
    Name(&'a str),
    /// A key.
    Key(KeyId),
}

/// Somebody, whatever they are known by: equal for those who are one and the same, as far as the
/// [`Identities`] know that it is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity(Found);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    Component(usize),
    Name(String),
    Key(KeyId),
}

impl Identities {
    /// Takes that name and that key for somebody's.
    pub fn join(&mut self, name: &str, key: KeyId) {
        let fresh = self.next.len();
        let name = *self.names.entry(spelled(name)).or_insert(fresh);
        if name == fresh {
            self.next.push(fresh);
        }
        let fresh = self.next.len();
        let key = *self.keys.entry(key).or_insert(fresh);
        if key == fresh {
            self.next.push(fresh);
        }
        let (name, key) = (self.first(name), self.first(key));
        let (first, other) = (name.min(key), name.max(key));
        self.next[other] = first;
    }

    /// Who that is. A name or a key that was never joined is somebody of their own.
    pub fn who(&self, known: Known<'_>) -> Identity {
        let found = match known {
            Known::Name(name) => {
                let name = spelled(name);
                match self.names.get(&name) {
                    Some(at) => Found::Component(self.first(*at)),
                    None => Found::Name(name),
                }
            }
            Known::Key(key) => match self.keys.get(&key) {
                Some(at) => Found::Component(self.first(*at)),
                None => Found::Key(key),
            },
        };
        Identity(found)
    }

    /// Whether somebody is known by that.
    pub fn knows(&self, known: Known<'_>) -> bool {
        matches!(self.who(known).0, Found::Component(_))
    }

    fn first(&self, mut at: usize) -> usize {
        while self.next[at] != at {
            at = self.next[at];
        }
        at
    }
}

impl<'a> Extend<(&'a str, KeyId)> for Identities {
    fn extend<T: IntoIterator<Item = (&'a str, KeyId)>>(&mut self, pairs: T) {
        for (name, key) in pairs {
            self.join(name, key);
        }
    }
}

/// A name of a person is in lower case; a trust root has who runs a builder as its keepers wrote it.
fn spelled(name: &str) -> String {
    name.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::fixture::public;

    fn key(number: u8) -> KeyId {
        public(number).id()
    }

    fn of(pairs: &[(&str, u8)]) -> Identities {
        let mut identities = Identities::default();
        identities.extend(pairs.iter().map(|(name, number)| (*name, key(*number))));
        identities
    }

    #[test]
    fn a_new_key_and_then_a_new_name_are_still_the_same_person() {
        let identities = of(&[("ada", 1), ("ada", 2), ("adah", 2), ("bo", 3)]);
        let who = |name| identities.who(Known::Name(name));
        assert_eq!(who("adah"), who("ada"));
        assert_eq!(who("adah"), identities.who(Known::Key(key(1))));
        assert_ne!(who("adah"), who("bo"));
    }

    #[test]
    fn whoever_was_never_named_is_somebody_of_their_own() {
        let identities = of(&[("ada", 1)]);
        let (name, key) = (Known::Name("cy"), Known::Key(key(9)));
        assert!(!identities.knows(name) && !identities.knows(key));
        assert_eq!(identities.who(name), identities.who(Known::Name("cy")));
        assert_ne!(identities.who(name), identities.who(key));
    }

    #[test]
    fn a_name_is_the_same_in_capitals() {
        let identities = of(&[("ada", 1)]);
        assert_eq!(
            identities.who(Known::Name(" Ada")),
            identities.who(Known::Key(key(1)))
        );
        let nobody = Identities::default();
        assert_eq!(
            nobody.who(Known::Name("Acme")),
            nobody.who(Known::Name("acme"))
        );
    }

    /// The identities as the definition has them: all that can be reached over pairs.
    fn reached(from: usize, pairs: &[(usize, u8)]) -> BTreeSet<usize> {
        let mut names = BTreeSet::from([from]);
        loop {
            let keys = pairs.iter().filter(|(name, _)| names.contains(name));
            let keys: BTreeSet<u8> = keys.map(|(_, key)| *key).collect();
            let more = pairs.iter().filter(|(_, key)| keys.contains(key));
            let before = names.len();
            names.extend(more.map(|(name, _)| *name));
            if names.len() == before {
                return names;
            }
        }
    }

    proptest! {
        #[test]
        fn an_identity_is_what_can_be_reached_in_whatever_order_it_was_learnt(
            pairs in proptest::collection::vec((0_usize..7, 1_u8..7), 0..12).prop_flat_map(|pairs| {
                (Just(pairs.clone()), Just(pairs).prop_shuffle())
            })
        ) {
            const NAMES: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];
            let (pairs, shuffled) = pairs;
            let named = |pairs: &[(usize, u8)]| {
                let named: Vec<(&str, u8)> =
                    pairs.iter().map(|(name, key)| (NAMES[*name], *key)).collect();
                of(&named)
            };
            for identities in [named(&pairs), named(&shuffled)] {
                for (at, a) in NAMES.iter().enumerate() {
                    let reached = reached(at, &pairs);
                    for (other, b) in NAMES.iter().enumerate() {
                        let same = identities.who(Known::Name(a)) == identities.who(Known::Name(b));
                        prop_assert_eq!(same, reached.contains(&other), "{} {}", a, b);
                    }
                }
            }
        }
    }
}
