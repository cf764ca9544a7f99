//! Chapter: folders of the project that are small enough for the statement: out of the store, and into it.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::os::fd::AsFd as _;

use zwieback_attest::build::carried::{Carried, CarriedFolder};
use zwieback_attest::resource::LARGEST_CONTENT;
use zwieback_host::fs::beneath::open_file;
use zwieback_host::store::error::StoreError;
use zwieback_host::store::stored::StoredTree;
use zwieback_model::name::Name;
use zwieback_model::rel_path::RelPath;
use zwieback_model::tree::Entry;

use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::plan::read::Planned;

/// What a statement about this build brings besides digests.
pub fn carried<'p>(planned: &'p Planned, ctx: &Context<'_>) -> Result<Carried<'p>, PipelineError> {
    let mut folders = BTreeMap::new();
    for folder in &planned.plan.folders {
        let tree = ctx.tree(&folder.tree)?;
        if CarriedFolder::fits(tree.tree()) {
            folders.insert(&folder.source, read(&folder.source, &tree)?);
        }
    }
    let patches = planned.patches.iter();
    Ok(Carried {
        patches: patches
            .map(|(path, bytes)| (path, bytes.as_slice()))
            .collect(),
        folders,
    })
}

/// Puts a folder that a statement carried into the store, where the build finds it by its digest.
pub fn put(name: &Name, folder: &CarriedFolder, ctx: &Context<'_>) -> Result<(), PipelineError> {
    let writer = ctx.store.tree_writer()?;
    let layer = writer.layer(name.as_str());
    for (path, entry) in folder.tree().entries() {
        match entry {
            Entry::Directory => layer.directory(path)?,
            Entry::Symlink { target } => layer.symlink(path.clone(), target)?,
            Entry::File { executable, .. } => {
                let mut file = layer.file(path.clone(), *executable)?;
                file.write_all(folder.file(path).unwrap_or_default())
                    .map_err(PipelineError::io(path.as_path()))?;
                file.finish()?;
            }
        }
    }
    writer.commit()?;
    Ok(())
}

fn read(name: &Name, stored: &StoredTree) -> Result<CarriedFolder, PipelineError> {
    let top = stored.open()?;
    let one = |(path, _): (&RelPath, _)| {
        let file = open_file(top.as_fd(), path.as_str()).map_err(StoreError::from)?;
        let mut bytes = Vec::new();
        file.take(LARGEST_CONTENT as u64)
            .read_to_end(&mut bytes)
            .map_err(PipelineError::io(path.as_path()))?;
        Ok((path.clone(), bytes))
    };
    let files = stored.tree().files().map(one);
    let files = files.collect::<Result<_, PipelineError>>()?;
    CarriedFolder::new(stored.tree().clone(), files).map_err(|source| PipelineError::NotTheFolder {
        name: name.clone(),
        source,
    })
}
