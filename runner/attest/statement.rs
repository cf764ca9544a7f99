//! The in-toto Statement v1: subjects, and a predicate about them.

use zwieback_model::json::canonical;
use zwieback_model::json::fields::{FieldError, FieldProblem, Fields};
use zwieback_model::json::strict::{self, JsonError};
use zwieback_model::json::value::Value;

use super::resource::{ResourceDescriptor, sorted_list};

/// The only type of statement that is taken.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// What is said about which artifacts. Anyone can make one: it proves nothing until it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The artifacts, each with digests.
    pub subject: Vec<ResourceDescriptor>,
    /// What kind of predicate it is.
    pub predicate_type: String,
    /// What is said; an object.
    pub predicate: Value,
}

/// Bytes that are no statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Not JSON with one reading.
    #[error("the statement is not strict JSON: {0}")]
    Json(#[from] JsonError),
    /// JSON of another shape.
    #[error("the statement has another shape: {0}")]
    Field(#[from] FieldError),
    /// Another type of statement, or another version.
    #[error("the statement is a {0:?}, {STATEMENT_TYPE:?} is expected")]
    Type(String),
    /// Nothing is said about anything.
    #[error("the statement has no subject")]
    NoSubject,
}

impl Statement {
    /// The canonical bytes: what is signed.
    pub fn to_bytes(&self) -> Vec<u8> {
        canonical::to_bytes(&Value::object([
            ("_type", STATEMENT_TYPE.into()),
            ("subject", self.subjects()),
            ("predicateType", self.predicate_type.as_str().into()),
            ("predicate", self.predicate.clone()),
        ]))
    }

    /// Reads the bytes of a statement; unknown members are ignored (in-toto's parsing rules).
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        let document = strict::parse(bytes)?;
        let fields = Fields::of(&document, "")?;
        let statement_type = fields.text("_type")?;
        if statement_type != STATEMENT_TYPE {
            return Err(StatementError::Type(statement_type.to_owned()));
        }
        let subject = ResourceDescriptor::read_list(&fields, "subject")?;
        if subject.is_empty() {
            return Err(StatementError::NoSubject);
        }
        require_digests(&fields, &subject)?;
        fields.object("predicate")?;
        Ok(Self {
            subject,
            predicate_type: fields.text("predicateType")?.to_owned(),
            predicate: fields.value("predicate").cloned().unwrap_or_default(),
        })
    }
}

impl Statement {
    /// The outputs before the tree: readers that show one subject show the first.
    fn subjects(&self) -> Value {
        let (trees, files): (Vec<_>, Vec<_>) = self
            .subject
            .iter()
            .cloned()
            .partition(ResourceDescriptor::is_tree);
        let lists = [sorted_list(&files), sorted_list(&trees)].into_iter();
        let values = lists.filter_map(|list| list.as_array().map(<[Value]>::to_vec));
        Value::Array(values.flatten().collect())
    }
}

/// A subject is matched by its digests alone, so one without digests could mean anything.
fn require_digests(fields: &Fields<'_>, subject: &[ResourceDescriptor]) -> Result<(), FieldError> {
    let lacking = subject.iter().position(|it| it.digest == <_>::default());
    lacking.map_or(Ok(()), |index| {
        Err(fields.error(&format!("subject[{index}].digest"), FieldProblem::Missing))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use zwieback_model::digest::Fingerprint;

    fn statement() -> Statement {
        let subject = |name: &str| ResourceDescriptor::named(name, &Fingerprint::of(b"x"));
        Statement {
            subject: vec![subject("lib/b"), subject("lib/a")],
            predicate_type: "https://example.com/predicate/v1".into(),
            predicate: Value::object([("answer", Value::from(42))]),
        }
    }

    #[test]
    fn bytes_are_canonical_and_read_back() {
        let bytes = statement().to_bytes();
        let read = Statement::parse(&bytes).unwrap();
        assert_eq!(read.subject[0].label(), "lib/a");
        assert_eq!(read.to_bytes(), bytes);
        assert!(bytes.starts_with(br#"{"_type":"https://in-toto.io/Statement/v1","predicate":{"#));
    }

    #[test]
    fn hostile_shapes() {
        let good = String::from_utf8(statement().to_bytes()).unwrap();
        for (from, to, expected) in [
            (
                "\"predicate\":{\"answer\":42}",
                "\"predicate\":\"text\"",
                "`predicate` is a string",
            ),
            (
                "\"predicate\":{\"answer\":42}",
                "\"predicate\":null",
                "`predicate` is missing",
            ),
            ("Statement/v1", "Statement/v2", "v2"),
            (
                "{\"answer\":42}",
                "{\"answer\":42,\"answer\":43}",
                "second time",
            ),
            (
                "\"subject\":[",
                "\"subject\":[null,",
                "`subject[0]` is null",
            ),
            (
                "\"subject\":[",
                "\"subject\":[{\"name\":\"x\"},",
                "`subject[0].digest` is missing",
            ),
            (
                "\"subject\":[",
                "\"subject\":[{\"uri\":\"x\"},",
                "`subject[0].digest` is missing",
            ),
            ("\"subject\":", "\"subjekt\":", "no subject"),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good, "{from}");
            let error = Statement::parse(bad.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{bad}: {error}");
        }
    }

    #[test]
    fn unknown_members_are_ignored() {
        let good = String::from_utf8(statement().to_bytes()).unwrap();
        let more = good.replacen('{', "{\"novelty\":[1],", 1);
        assert_eq!(
            Statement::parse(more.as_bytes()),
            Statement::parse(good.as_bytes())
        );
    }
}
