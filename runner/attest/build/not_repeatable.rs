//! Why a statement does not say how to build again.

use zwieback_model::bake::plan::LockProblem;
use zwieback_model::digest::Digest;
use zwieback_model::manifest::diagnostic::Diagnostic;
use zwieback_model::manifest::project_folder::ProjectFolder;
use zwieback_model::name::Name;

use super::carried::CarriedError;

/// Why a statement does not say how to build again.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotRepeatable {
    /// A member is missing or has another shape than zwieback writes.
    #[error("the statement's {0} is missing or malformed")]
    Malformed(&'static str),
    /// The recipe or a toolchain does not read.
    #[error("the statement's manifests do not read: {0}")]
    Manifest(Box<Diagnostic>),
    /// A manifest has another spelling than the canonical one: something in it would be lost.
    #[error("the statement's {0} is not in canonical form")]
    Spelling(String),
    /// A toolchain that the recipe names has no manifest.
    #[error("the statement has no manifest of toolchain `{0}`")]
    NoToolchain(Name),
    /// An input that no part of the recipe asks for, or that is named twice.
    #[error("the statement's input {0:?} belongs to nothing in the recipe")]
    StrayInput(String),
    /// A recipe that the statement's own manifests need, without a tree.
    #[error("the statement does not say which outputs of `{0}` went in")]
    NoNeed(Name),
    /// Outputs of another recipe, of which nothing says how they were built.
    #[error("the statement does not name the bundle of `{0}`, whose outputs went in")]
    NoBundle(Name),
    /// A folder of its builder's project that was too large for the statement.
    #[error(
        "the statement does not carry the folder `{path}` that source `{source_name}` is, tree {tree}: \
         it is larger than 64 KiB"
    )]
    NotCarried {
        /// The source.
        source_name: Name,
        /// Where it lies in its builder's project.
        path: ProjectFolder,
        /// The digest of its tree.
        tree: Digest,
    },
    /// A folder that is carried, but is not the one that is named.
    #[error("the statement's folder `{0}` is not what it is named: {1}")]
    Folder(Name, #[source] CarriedError),
    /// A subject that is no file of an output tree.
    #[error("the statement's subject {0:?} is no file of an output tree")]
    Subject(String),
    /// Inputs do not answer what the manifests ask for.
    #[error(transparent)]
    Lock(#[from] LockProblem),
    /// Another version or platform made it.
    #[error("it was made for {0}, this zwieback builds for {1}")]
    Elsewhere(String, String),
    /// The parts do not make up the action that they claim to be.
    #[error("recipe, inputs and profile make up action {made}, the statement names {named}")]
    Action {
        /// What they make up.
        made: Digest,
        /// What is named.
        named: Digest,
    },
}

impl NotRepeatable {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Elsewhere(..) => {
                Some("recheck with the version of zwieback that the statement names".into())
            }
            Self::NotCarried { .. } => {
                Some("its builder has it; a source that is a package can be had by everyone".into())
            }
            Self::Action { .. } => {
                Some("the statement was altered, or its builder does not say what it did".into())
            }
            _ => None,
        }
    }
}
