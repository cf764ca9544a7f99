//! Who changed a source: those people cannot approve what is built from it.

use std::collections::BTreeSet;

use zwieback_core::attest::resource::ResourceDescriptor;
use zwieback_core::attest::statement::Statement;
use zwieback_core::json::fields::{FieldError, FieldProblem, Fields, text_of};
use zwieback_core::json::value::Value;
use zwieback_core::name::Name;

use super::heading::Heading;

/// The predicate type.
pub const PREDICATE_TYPE: &str = "https://zwieback.example/statements/authorship/v1";

/// Who changed the source that is the subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorship {
    /// For which log, and when.
    pub heading: Heading,
    /// The people, as the policy names them.
    pub authors: BTreeSet<Name>,
}

impl Authorship {
    /// The statement.
    pub fn into_statement(self, subject: ResourceDescriptor) -> Statement {
        let authors: Vec<&str> = self.authors.iter().map(Name::as_str).collect();
        let authors = Value::from(authors);
        self.heading
            .statement(PREDICATE_TYPE, subject, [("authors", Some(authors))])
    }

    /// Reads the predicate.
    pub fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        let rule = |rule| fields.error("authors", FieldProblem::Rule(rule));
        let name = |(path, value): (String, &Value)| {
            let text = text_of(value, &path)?;
            text.parse()
                .map_err(|_| rule("has something that is no name"))
        };
        let authors = fields.list("authors")?.into_iter().map(name);
        let authors: BTreeSet<Name> = authors.collect::<Result<_, _>>()?;
        if authors.is_empty() {
            Err(rule("names no one"))
        } else {
            Ok(Self {
                heading: Heading::read(fields, &["authors"])?,
                authors,
            })
        }
    }
}
