//! Chapter: toolchains that a shell entered before, known again by their texts alone.
//!
//! To parse the lock of a toolchain takes longer than to make a sandbox. Equal texts name an equal
//! tree, so what they came to is kept in the store, as the trees of assemblies are.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use zwieback_host::project::Project;
use zwieback_host::store::derived::{Derivation, Method};
use zwieback_model::digest::Digest;
use zwieback_model::sandbox_spec::environment::Environment;

use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::error::PipelineError;

/// What a sandbox needs to know of its toolchains.
#[derive(Clone, Debug)]
pub struct Ground {
    /// Where their merged tree lies.
    pub tree: PathBuf,
    /// The variables they bring.
    pub environment: Environment,
}

/// What is noted beside the tree.
#[derive(Serialize, Deserialize)]
struct Note {
    environment: Environment,
}

/// Names the texts of toolchains; nothing where one cannot be read, which is for those to
/// explain that parse it.
pub fn key(project: &Project, names: &[String]) -> Option<Derivation> {
    let mut text = Vec::new();
    for name in names {
        let (folder, contents) = project.toolchain_texts(name).ok()?;
        // The folder's name counts: it must be the manifest's.
        let folder = folder.file_name()?.as_encoded_bytes();
        for part in [folder, &contents[0], &contents[1]] {
            text.extend(part.len().to_le_bytes());
            text.extend(part);
        }
    }
    Some(Derivation::of(Method::Shell, text))
}

/// What these texts came to, if it is known and the tree is still there.
pub fn recall(derivation: &Derivation, ctx: &Context<'_>) -> Result<Option<Ground>, PipelineError> {
    let Some((tree, note)) = ctx.store.known_with::<Note>(derivation)? else {
        return Ok(None);
    };
    let tree = ctx.store.unchecked_tree(&tree)?;
    Ok(tree.map(|tree| Ground {
        tree,
        environment: note.environment,
    }))
}

/// Keeps what these texts came to.
pub fn remember(
    derivation: &Derivation,
    tree: Digest,
    environment: &Environment,
    ctx: &Context<'_>,
) -> Result<(), PipelineError> {
    let environment = environment.clone();
    let note = Note { environment };
    Ok(ctx.store.put_derived(derivation, tree, &note)?)
}
