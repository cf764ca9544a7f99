//! The members of an object that is still being read.

use std::collections::BTreeMap;

use super::value::{Member, Object, Value, position};

/// Members that are still being read. In canonical texts each name follows the one before; only those
/// out of order go into a map, so that a hostile text costs no more than its length asks for.
#[derive(Default)]
pub(super) struct Members {
    sorted: Vec<Member>,
    others: BTreeMap<String, Value>,
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
            return Object::of_sorted(self.sorted);
        }
        self.others.extend(self.sorted);
        Object::of_sorted(self.others.into_iter().collect())
    }

    fn is_next(&self, name: &str) -> bool {
        self.sorted
            .last()
            .is_none_or(|(last, _)| last.as_str() < name)
    }
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
}
