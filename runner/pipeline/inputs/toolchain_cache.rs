//! Chapter: toolchains that a shell entered before, known again by their texts alone.
//!
//! To parse the lock of a toolchain takes longer than to make a sandbox. Equal texts name an equal
//! tree, so what they came to is kept in the store, as the trees of assemblies are.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use zwieback_host::project::Project;
use zwieback_host::toolchain::obtain::METHOD;
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

/// As it is kept: the tree by its digest, since a store may move.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Memory {
    tree: Digest,
    environment: Environment,
}

/// Names the texts of toolchains; nothing where one cannot be read, which is for those to
/// explain that parse it.
pub fn key(project: &Project, names: &[String]) -> Option<Digest> {
    let mut text = format!("zwieback-shell v1\n{METHOD}").into_bytes();
    for name in names {
        let (folder, contents) = project.toolchain_texts(name).ok()?;
        // The folder's name counts: it must be the manifest's.
        let folder = folder.file_name()?.as_encoded_bytes();
        for part in [folder, &contents[0], &contents[1]] {
            text.extend(part.len().to_le_bytes());
            text.extend(part);
        }
    }
    Some(Digest::sha256(&text))
}

/// What these texts came to, if it is known and the tree is still there.
pub fn recall(key: &Digest, ctx: &Context<'_>) -> Result<Option<Ground>, PipelineError> {
    let known = ctx.store.link(key)?;
    let Some(memory) = known.and_then(|text| serde_json::from_slice::<Memory>(&text).ok()) else {
        return Ok(None);
    };
    let tree = ctx.store.unchecked_tree(&memory.tree)?;
    Ok(tree.map(|tree| Ground {
        tree,
        environment: memory.environment,
    }))
}

/// Keeps what these texts came to.
pub fn remember(
    key: &Digest,
    tree: Digest,
    environment: &Environment,
    ctx: &Context<'_>,
) -> Result<(), PipelineError> {
    let environment = environment.clone();
    let memory = Memory { tree, environment };
    let text = serde_json::to_vec(&memory).expect("a memory holds only strings and maps");
    Ok(ctx.store.put_link(key, &text)?)
}
