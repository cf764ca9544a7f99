//! Who is who: a person may have several keys, and is still one person.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use zwieback_attest::key_id::{KeyId, KeyName};
use zwieback_attest::public_key::PublicKey;
use zwieback_model::base64;
use zwieback_model::name::Name;

/// People, their keys, and their roles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    by_key: BTreeMap<KeyId, (PublicKey, Name)>,
    roles: BTreeMap<Name, BTreeSet<Name>>,
}

/// A person as the file has them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    keys: Vec<String>,
}

/// What is wrong with people or roles.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeopleError {
    /// A text that is no key.
    #[error("a key of `{0}` is no public key: base64 of its DER is expected")]
    Key(Name),
    /// A key of two people: then nobody could tell who signed.
    #[error("`{0}` and `{1}` have the same key")]
    Shared(Name, Name),
    /// A role of someone who is not there.
    #[error("the role `{role}` names `{person}`, who is not among the people")]
    Unknown {
        /// The role.
        role: Name,
        /// Who is missing.
        person: Name,
    },
    /// A rule about a role that is not there.
    #[error("there is no role `{0}`")]
    NoRole(Name),
    /// A rule that the people in a role cannot keep.
    #[error("{asked} of the role `{role}` are asked for, it has {there}")]
    TooFew {
        /// The role.
        role: Name,
        /// How many are asked for.
        asked: usize,
        /// How many there are.
        there: usize,
    },
}

impl People {
    /// Checks people and roles.
    pub fn new(
        people: BTreeMap<Name, Person>,
        roles: BTreeMap<Name, BTreeSet<Name>>,
    ) -> Result<Self, PeopleError> {
        for (role, members) in &roles {
            if let Some(person) = members.iter().find(|person| !people.contains_key(*person)) {
                return Err(PeopleError::Unknown {
                    role: role.clone(),
                    person: person.clone(),
                });
            }
        }
        let mut by_key = BTreeMap::new();
        for (name, person) in people {
            for text in person.keys {
                let key = read_key(&text).ok_or_else(|| PeopleError::Key(name.clone()))?;
                match by_key.insert(key.id(), (key, name.clone())) {
                    Some((_, other)) if other != name => {
                        return Err(PeopleError::Shared(other, name));
                    }
                    _ => {}
                }
            }
        }
        Ok(Self { by_key, roles })
    }

    /// Whose key that is.
    pub fn person(&self, key: KeyId) -> Option<&Name> {
        self.by_key.get(&key).map(|(_, person)| person)
    }

    /// Every key, with whose it is.
    pub fn pairs(&self) -> impl Iterator<Item = (&Name, KeyId)> {
        let all = self.by_key.iter();
        all.map(|(key, (_, owner))| (owner, *key))
    }

    /// Everyone who has that role.
    pub fn members(&self, role: &Name) -> impl Iterator<Item = &Name> + Clone + use<'_> {
        self.roles.get(role).into_iter().flatten()
    }

    /// The key of that name, and whose it is.
    pub fn named(&self, name: KeyName) -> Option<(&PublicKey, &Name)> {
        let mut keys = self.by_key.iter().filter(|(id, _)| name.names(**id));
        keys.next().map(|(_, (key, person))| (key, person))
    }

    /// Whether that person has that role.
    pub fn has_role(&self, person: &Name, role: &Name) -> bool {
        self.roles
            .get(role)
            .is_some_and(|members| members.contains(person))
    }

    /// Makes sure that so many people have that role: no rule is met by asking for nobody.
    pub fn check(&self, role: &Name, asked: usize) -> Result<(), PeopleError> {
        let members = self.roles.get(role);
        let there = members
            .ok_or_else(|| PeopleError::NoRole(role.clone()))?
            .len();
        if (1..=there).contains(&asked) {
            Ok(())
        } else {
            Err(PeopleError::TooFew {
                role: role.clone(),
                asked,
                there,
            })
        }
    }
}

/// A key as policies write it: base64 of its `SubjectPublicKeyInfo`.
pub fn read_key(text: &str) -> Option<PublicKey> {
    PublicKey::from_der(&base64::decode(text).ok()?).ok()
}

/// How policies write a key.
pub fn write_key(key: &PublicKey) -> String {
    base64::encode(key.as_der())
}
