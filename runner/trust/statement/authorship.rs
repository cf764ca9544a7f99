//! Who changed a source: those people cannot approve what is built from it.

use std::collections::BTreeSet;

use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::statement::Statement;
use zwieback_model::json::fields::{FieldError, FieldProblem, Fields, text_of};
use zwieback_model::json::value::Value;
use zwieback_model::name::Name;

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
    /// People of whom it is taken back that they did.
    pub withdrawn: BTreeSet<Name>,
}

impl Authorship {
    /// The statement.
    pub fn into_statement(self, subject: ResourceDescriptor) -> Statement {
        let names = |names: &BTreeSet<Name>| {
            let names: Vec<&str> = names.iter().map(Name::as_str).collect();
            (!names.is_empty()).then(|| Value::from(names))
        };
        let members = [
            ("authors", names(&self.authors)),
            ("withdrawn", names(&self.withdrawn)),
        ];
        self.heading.statement(PREDICATE_TYPE, subject, members)
    }

    /// Reads the predicate.
    pub fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        let (authors, withdrawn) = (names(fields, "authors")?, names(fields, "withdrawn")?);
        if authors.is_empty() && withdrawn.is_empty() {
            return Err(fields.error("authors", FieldProblem::Rule("names no one")));
        }
        Ok(Self {
            heading: Heading::read(fields, &["authors", "withdrawn"])?,
            authors,
            withdrawn,
        })
    }
}

fn names(fields: &Fields<'_>, member: &str) -> Result<BTreeSet<Name>, FieldError> {
    let rule = || fields.error(member, FieldProblem::Rule("has something that is no name"));
    let name = |(path, value): (String, &Value)| {
        let text = text_of(value, &path)?;
        text.parse().map_err(|_| rule())
    };
    fields.list(member)?.into_iter().map(name).collect()
}
