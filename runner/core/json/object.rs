//! The members of an object: sorted by the bytes of their names, compact, and cheap to pass on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::value::Value;

type Member = (String, Value);

/// The members of an object. A copy shares them: whatever is read out of a statement is a part of it,
/// and a thousand statements hold hundreds of thousands of objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Object(Arc<[Member]>);

/// Members that are still being read. In canonical texts each name follows the one before; only those
/// out of order go into a map, so that a hostile text costs no more than its length asks for.
#[derive(Default)]
pub(super) struct Members {
    sorted: Vec<Member>,
    others: BTreeMap<String, Value>,
}

impl Object {
    /// No members.
    pub fn new() -> Self {
        Self::default()
    }

    /// The member of that name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let found = position(&self.0, name).ok()?;
        Some(&self.0[found].1)
    }

    /// All members, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// All names, in order.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.iter().map(|(name, _)| name)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets members; a name that is there gets the new value.
    pub fn extend(&mut self, members: impl IntoIterator<Item = Member>) {
        *self = self.0.iter().cloned().chain(members).collect();
    }

    /// Sets one member.
    #[cfg(test)]
    pub fn insert(&mut self, name: String, value: Value) {
        self.extend([(name, value)]);
    }

    /// The value of that name, to be changed.
    #[cfg(test)]
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        let found = position(&self.0, name).ok()?;
        Some(&mut Arc::make_mut(&mut self.0)[found].1)
    }

    /// Takes the member of that name out.
    #[cfg(test)]
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let removed = self.get(name).cloned();
        let others = self.0.iter().filter(|(other, _)| other != name);
        *self = others.cloned().collect();
        removed
    }
}

impl Members {
    /// Whether there is one of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        // What is in the map was out of order when it came, so nothing there is behind the last.
        !self.is_next(name)
            && (position(&self.sorted, name).is_ok() || self.others.contains_key(name))
    }

    /// Adds one whose name is new.
    pub(super) fn add(&mut self, name: String, value: Value) {
        if self.is_next(&name) {
            self.sorted.push((name, value));
        } else {
            self.others.insert(name, value);
        }
    }

    /// All of them.
    pub(super) fn finish(mut self) -> Object {
        if self.others.is_empty() {
            return Object(self.sorted.into());
        }
        self.others.extend(self.sorted);
        Object(self.others.into_iter().collect())
    }

    fn is_next(&self, name: &str) -> bool {
        self.sorted
            .last()
            .is_none_or(|(last, _)| last.as_str() < name)
    }
}

impl FromIterator<Member> for Object {
    fn from_iter<I: IntoIterator<Item = Member>>(members: I) -> Self {
        let sorted: BTreeMap<_, _> = members.into_iter().collect();
        Self(sorted.into_iter().collect())
    }
}

impl<const N: usize> From<[Member; N]> for Object {
    fn from(members: [Member; N]) -> Self {
        members.into_iter().collect()
    }
}

fn position(members: &[Member], name: &str) -> Result<usize, usize> {
    members.binary_search_by(|(other, _)| other.as_str().cmp(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_map(names in prop::collection::vec("[a-c]{0,2}", 0..12)) {
            let mut members = Members::default();
            let mut map = BTreeMap::new();
            for (number, name) in (0_i64..).zip(names) {
                prop_assert_eq!(members.has(&name), map.contains_key(&name));
                if !members.has(&name) {
                    members.add(name.clone(), number.into());
                    map.insert(name, Value::from(number));
                }
            }
            let object = members.finish();
            prop_assert!(object.iter().eq(&map));
            prop_assert!(map.iter().all(|(name, value)| object.get(name) == Some(value)));
            prop_assert_eq!(object.get("d"), None);
            prop_assert_eq!(map.into_iter().collect::<Object>(), object);
        }
    }

    #[test]
    fn a_copy_keeps_what_it_had() {
        let mut changed = Object::from([("a".to_owned(), 1.into()), ("c".to_owned(), 3.into())]);
        let kept = changed.clone();
        changed.extend([("b".to_owned(), 2.into()), ("a".to_owned(), 0.into())]);
        assert_eq!(kept.get("b"), None);
        let names: Vec<_> = changed.keys().collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(changed.get("a"), Some(&Value::Integer(0)));
    }
}
