//! Reading the members of an object, with the path of whatever is missing or of the wrong kind.

use std::borrow::Cow;

use super::value::Object;
use super::value::Value;
use crate::base64::{self, Base64Error};
use crate::timestamp::Timestamp;

/// An object under reading, and the path that led to it.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    path: Cow<'static, str>,
    members: &'a Object,
}

/// A member that does not have the shape its format asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` {problem}", if path.is_empty() { "the document" } else { path })]
pub struct FieldError {
    /// The names and indices that lead there, such as `subject[0].digest`.
    pub path: String,
    /// What is wrong with it.
    pub problem: FieldProblem,
}

/// What can be wrong with a member.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldProblem {
    /// The format requires it.
    #[error("is missing")]
    Missing,
    /// It is another kind of value.
    #[error("is {found}, {expected} is expected")]
    Kind {
        /// What the format says.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// It is not base64, or one of several spellings of the same bytes.
    #[error(transparent)]
    Base64(#[from] Base64Error),
    /// It is not a digest as its algorithm writes it.
    #[error("is no digest: lower-case hexadecimal digits in full length are expected")]
    Digest,
    /// It is not a time.
    #[error("is no time: RFC 3339 is expected")]
    Time,
    /// It has the right kind and breaks a rule.
    #[error("{0}")]
    Rule(&'static str),
    /// The format knows no such member.
    #[error("is not known here")]
    Unknown,
}

impl<'a> Fields<'a> {
    /// The members of `value`, which stands at `path`; the whole document has the path "".
    pub fn of(value: &'a Value, path: &str) -> Result<Self, FieldError> {
        Ok(Self {
            members: object_of(value, path)?,
            path: path.to_owned().into(),
        })
    }

    /// Text that must be there and not be empty.
    pub fn text(&self, name: &str) -> Result<&'a str, FieldError> {
        self.optional_text(name)?
            .ok_or_else(|| self.error(name, FieldProblem::Missing))
    }

    /// Text that may be absent; null and "" are the same as absent (in-toto's parsing rules).
    pub fn optional_text(&self, name: &str) -> Result<Option<&'a str>, FieldError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(other) => Err(kind_error(&self.path_of(name), "a string", other)),
        }
    }

    /// The bytes behind base64 that must be there; no bytes at all are the same as absent.
    pub fn base64(&self, name: &str) -> Result<Vec<u8>, FieldError> {
        base64::decode(self.text(name)?).map_err(|error| self.error(name, error.into()))
    }

    /// A moment that may be absent.
    pub fn optional_time(&self, name: &str) -> Result<Option<Timestamp>, FieldError> {
        let text = self.optional_text(name)?;
        text.map(|text| {
            text.parse()
                .map_err(|_| self.error(name, FieldProblem::Time))
        })
        .transpose()
    }

    /// An object that must be there.
    pub fn object(&self, name: &'static str) -> Result<Self, FieldError> {
        self.optional_object(name)?
            .ok_or_else(|| self.error(name, FieldProblem::Missing))
    }

    /// An object that may be absent.
    pub fn optional_object(&self, name: &'static str) -> Result<Option<Self>, FieldError> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let path = match &*self.path {
            "" => Cow::Borrowed(name),
            _ => self.path_of(name).into(),
        };
        let members = object_of(value, &path)?;
        Ok(Some(Self { path, members }))
    }

    /// The elements of a list with their paths; an absent list is empty.
    pub fn list(&self, name: &str) -> Result<Vec<(String, &'a Value)>, FieldError> {
        let path = self.path_of(name);
        let elements = match self.value(name) {
            None => &[],
            Some(Value::Array(elements)) => elements.as_slice(),
            Some(other) => return Err(kind_error(&path, "an array", other)),
        };
        let numbered = elements.iter().enumerate();
        Ok(numbered
            .map(|(index, element)| (format!("{path}[{index}]"), element))
            .collect())
    }

    /// Every element of a list, read; an absent list is empty.
    ///
    /// `read` takes an element for a document of its own. Where it stands is said of a refusal alone: in a
    /// thousand statements nearly all elements are well, and nobody would read the paths to them.
    pub fn each<T>(
        &self,
        name: &str,
        read: impl Fn(&'a Value) -> Result<T, FieldError>,
    ) -> Result<Vec<T>, FieldError> {
        let elements = match self.value(name) {
            None => &[],
            Some(Value::Array(elements)) => elements.as_slice(),
            Some(other) => return Err(kind_error(&self.path_of(name), "an array", other)),
        };
        let mut all = Vec::with_capacity(elements.len());
        for (index, element) in elements.iter().enumerate() {
            let place = |error: FieldError| error.below(&self.path_of(name), index);
            all.push(read(element).map_err(place)?);
        }
        Ok(all)
    }

    /// All members, each of which must be text.
    pub fn texts(&self) -> impl Iterator<Item = Result<(&'a String, &'a str), FieldError>> {
        self.members.iter().map(|(name, value)| {
            let text = value.as_str();
            let wrong = || kind_error(&self.path_of(name), "a string", value);
            Ok((name, text.ok_or_else(wrong)?))
        })
    }

    /// A whole number that must be there.
    pub fn integer(&self, name: &str) -> Result<i64, FieldError> {
        match self.value(name) {
            None => Err(self.error(name, FieldProblem::Missing)),
            Some(Value::Integer(number)) => Ok(*number),
            Some(other) => Err(kind_error(&self.path_of(name), "a whole number", other)),
        }
    }

    /// Any value; null is the same as absent.
    pub fn value(&self, name: &str) -> Option<&'a Value> {
        self.members
            .get(name)
            .filter(|value| !matches!(value, Value::Null))
    }

    /// All members.
    pub fn members(&self) -> &'a Object {
        self.members
    }

    /// Refuses every member that is not named: for our own files, never for in-toto's.
    pub fn only(&self, known: &[&str]) -> Result<(), FieldError> {
        let unknown = self
            .members
            .keys()
            .find(|name| !known.contains(&name.as_str()));
        unknown.map_or(Ok(()), |name| Err(self.error(name, FieldProblem::Unknown)))
    }

    /// A refusal of the member of that name.
    pub fn error(&self, name: &str, problem: FieldProblem) -> FieldError {
        FieldError {
            path: self.path_of(name),
            problem,
        }
    }

    /// The path of the member of that name.
    pub fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }
}

impl FieldError {
    /// The same refusal, told by someone who knows which element of which list was read.
    fn below(mut self, list: &str, index: usize) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        self.path = format!("{list}[{index}]{dot}{}", self.path);
        self
    }
}

/// The text of a value that stands at `path`.
pub fn text_of<'a>(value: &'a Value, path: &str) -> Result<&'a str, FieldError> {
    value
        .as_str()
        .ok_or_else(|| kind_error(path, "a string", value))
}

fn object_of<'a>(value: &'a Value, path: &str) -> Result<&'a Object, FieldError> {
    let members = value.as_object();
    members.ok_or_else(|| kind_error(path, "an object", value))
}

fn kind_error(path: &str, expected: &'static str, found: &Value) -> FieldError {
    FieldError {
        path: path.to_owned(),
        problem: FieldProblem::Kind {
            expected,
            found: found.kind(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        Value::object([
            ("a", Value::object([("b", Value::from(vec![Value::Null]))])),
            ("empty", Value::from("")),
            ("null", Value::Null),
        ])
    }

    #[test]
    fn a_refusal_names_the_path() {
        let document = document();
        let fields = Fields::of(&document, "").unwrap();
        let list = fields.object("a").unwrap().list("b").unwrap();
        let (path, element) = &list[0];
        assert_eq!(
            text_of(element, path).unwrap_err().to_string(),
            "`a.b[0]` is null, a string is expected"
        );
        assert_eq!(
            fields.integer("x").unwrap_err().to_string(),
            "`x` is missing"
        );
    }

    #[test]
    fn elements_are_read_as_if_they_stood_alone() {
        let document = document();
        let fields = Fields::of(&document, "").unwrap();
        let inner = fields.object("a").unwrap();
        let read = |value| Fields::of(value, "").map(drop);
        let error = inner.each("b", read).unwrap_err();
        assert_eq!(error.to_string(), "`a.b[0]` is null, an object is expected");
        let missing = |_: &Value| Fields::of(&Value::object([]), "")?.text("c").map(drop);
        let error = inner.each("b", missing).unwrap_err();
        assert_eq!(error.to_string(), "`a.b[0].c` is missing");
        assert_eq!(inner.each("absent", read), Ok(vec![]));
    }

    #[test]
    fn unset_null_and_empty_are_the_same() {
        let document = document();
        let fields = Fields::of(&document, "").unwrap();
        for name in ["empty", "null", "absent"] {
            assert_eq!(fields.optional_text(name), Ok(None), "{name}");
            assert!(fields.text(name).is_err(), "{name}");
        }
        assert!(fields.optional_object("null").unwrap().is_none());
    }

    #[test]
    fn strict_files_know_their_members() {
        let document = document();
        let fields = Fields::of(&document, "").unwrap();
        assert_eq!(
            fields.only(&["a", "null"]).unwrap_err().to_string(),
            "`empty` is not known here"
        );
    }
}
