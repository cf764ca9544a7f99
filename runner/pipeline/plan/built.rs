//! A finished build: as its own story ends with it, and as it is to the recipes that need it.

use std::collections::BTreeMap;

use zwieback_host::store::stored::StoredTree;
use zwieback_model::digest::{Digest, Fingerprint};
use zwieback_model::name::Name;

/// A finished build, new or found.
#[derive(Clone, Debug)]
pub struct Built {
    /// The action.
    pub action: Digest,
    /// Its outputs.
    pub outputs: StoredTree,
    /// The signed bundle; none if there was one run only.
    pub bundle: Option<Fingerprint>,
    /// The name of the invocation that built it.
    pub run: String,
    /// Where the result came from.
    pub origin: Origin,
}

/// Where a result came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was built now.
    Runs,
    /// It was built before.
    Store,
}

/// What a finished recipe is to those that need it.
#[derive(Clone, Debug)]
pub struct Output {
    /// The action.
    pub action: Digest,
    /// The tree.
    pub outputs: Digest,
    /// The signed bundle; none if there was one run only.
    pub bundle: Option<Digest>,
    /// Where the store keeps the tree.
    pub path: String,
    /// Where it came from.
    pub origin: Origin,
}

/// The outputs of recipes that are built, by name.
pub type Outputs = BTreeMap<Name, Output>;

impl Output {
    /// What is kept of a finished build.
    pub fn of(built: &Built) -> Self {
        Self {
            action: built.action,
            outputs: *built.outputs.digest(),
            bundle: built.bundle.map(|bundle| bundle.sha256),
            path: built.outputs.path().display().to_string(),
            origin: built.origin,
        }
    }
}
