//! A JSON value whose objects are sorted, compact and cheap to pass on, and whose numbers are exact.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// One JSON value.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number of at most 63 bits and a sign.
    Integer(i64),
    /// Any other number, kept as it was written.
    Decimal(Decimal),
    /// Text.
    String(String),
    /// A list.
    Array(Vec<Value>),
    /// A set of named values, in the order of the bytes of their names.
    Object(Object),
}

/// A name and its value.
pub(super) type Member = (String, Value);

/// The members of an object. A copy shares them: whatever is read out of a statement is a part of it,
/// and a thousand statements hold hundreds of thousands of objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Object(Arc<[Member]>);

/// A number with a fraction, an exponent or too many digits: only the reader makes one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(String);

impl Value {
    /// An object of the given members.
    pub fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Object(members.map(|(name, value)| (name.to_owned(), value)).into())
    }

    /// The text, where this is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The members, where this is an object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The elements, where this is a list.
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The member of that name, where this is an object that has one.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    /// What kind of value this is, as a sentence names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) | Self::Decimal(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

impl Object {
    /// No members.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes over members that are in order already.
    pub(super) fn of_sorted(members: Vec<Member>) -> Self {
        Self(members.into())
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
    pub fn insert(&mut self, name: String, value: Value) {
        self.extend([(name, value)]);
    }

    /// The value of that name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        let found = position(&self.0, name).ok()?;
        Some(&mut Arc::make_mut(&mut self.0)[found].1)
    }

    /// Takes the member of that name out.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let removed = self.get(name).cloned();
        let others = self.0.iter().filter(|(other, _)| other != name);
        *self = others.cloned().collect();
        removed
    }
}

impl Decimal {
    /// The number as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes over a spelling that the reader has checked against the grammar.
    pub(super) fn as_written(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<Object> for Value {
    fn from(members: Object) -> Self {
        Self::Object(members)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(elements: Vec<T>) -> Self {
        Self::Array(elements.into_iter().map(Into::into).collect())
    }
}

/// Where the member of that name is, or would be.
pub(super) fn position(members: &[Member], name: &str) -> Result<usize, usize> {
    members.binary_search_by(|(other, _)| other.as_str().cmp(name))
}

#[cfg(test)]
mod tests {
    use super::*;

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
