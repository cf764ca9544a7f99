//! The shape of the document that Rego modules read: which members there are, and below which any may be.

/// What can be asked of a value.
#[derive(Debug, PartialEq, Eq)]
pub enum Shape {
    /// These members and no others.
    Record(&'static [(&'static str, Shape)]),
    /// Members of any name, of one shape.
    Map(&'static Shape),
    /// Elements, by their number.
    List(&'static Shape),
    /// A text or a number: nothing is inside.
    Leaf,
    /// Whatever the builder wrote.
    Free,
}

use Shape::{Free, Leaf, List, Map, Record};

/// `input`, as [`super::rego_input`] makes it; docs/policy.md describes every member.
pub static INPUT: Shape = Record(&[
    ("now", Leaf),
    ("environment", Leaf),
    ("builders", Leaf),
    ("policy", Record(&[("version", Leaf), ("sha256", Leaf)])),
    ("builds", List(&BUILD)),
]);

static BUILD: Shape = Record(&[
    ("builder", Leaf),
    ("key", Leaf),
    ("level", Leaf),
    ("operator", Leaf),
    ("stamped", Leaf),
    ("subjects", List(&Leaf)),
    ("bundle", Leaf),
    ("predicate", PREDICATE),
]);

/// SLSA's provenance of version 1.
const PREDICATE: Shape = Record(&[
    (
        "buildDefinition",
        Record(&[
            ("buildType", Leaf),
            ("externalParameters", Free),
            ("internalParameters", Free),
            ("resolvedDependencies", List(&RESOURCE)),
        ]),
    ),
    (
        "runDetails",
        Record(&[
            (
                "builder",
                Record(&[
                    ("id", Leaf),
                    ("version", Map(&Leaf)),
                    ("builderDependencies", List(&RESOURCE)),
                ]),
            ),
            (
                "metadata",
                Record(&[
                    ("invocationId", Leaf),
                    ("startedOn", Leaf),
                    ("finishedOn", Leaf),
                ]),
            ),
            ("byproducts", List(&RESOURCE)),
        ]),
    ),
]);

/// in-toto's descriptor of one thing.
static RESOURCE: Shape = Record(&[
    ("name", Leaf),
    ("uri", Leaf),
    ("digest", Map(&Leaf)),
    ("content", Leaf),
    ("downloadLocation", Leaf),
    ("mediaType", Leaf),
    ("annotations", Free),
]);

impl Shape {
    /// Every name that a member has, here or below.
    pub fn names(&self) -> Vec<&'static str> {
        match self {
            Record(members) => members
                .iter()
                .flat_map(|(name, shape)| [vec![*name], shape.names()].concat())
                .collect(),
            Map(inner) | List(inner) => inner.names(),
            Leaf | Free => Vec::new(),
        }
    }
}
