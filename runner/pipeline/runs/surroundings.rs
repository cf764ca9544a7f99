//! Chapter: what lies around the sources in a run of the strict profile: folders of another machine.

use std::io::Write;
use std::os::fd::OwnedFd;

use zwieback_host::fs::beneath::open_dir;
use zwieback_host::stage::{StageOptions, stage};
use zwieback_host::store::stored::StoredTree;
use zwieback_model::rel_path::RelPath;
use zwieback_model::sandbox_spec::operation::Place;
use zwieback_model::variation::conditions::{Conditions, OUT};
use zwieback_sandbox::sandbox::Sandbox;

use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::error::PipelineError;

/// Where the work place and the temporary place are mounted in every run.
const WORK: &str = "/build";
const TMP: &str = "/tmp";

/// The work folder's path below the place that holds it, where it is not the place itself.
pub fn base(conditions: &Conditions) -> Option<RelPath> {
    below(&conditions.build_path, WORK)
}

/// The folder that outputs are written to. It is held from before the first step on: whatever a step puts in its
/// place is not it.
pub fn out(sandbox: &Sandbox, conditions: &Conditions) -> Result<OwnedFd, PipelineError> {
    let path = below(&conditions.out_path, OUT);
    let path = path.as_ref().map_or(".", |path| path.as_str());
    open_dir(sandbox.place(Place::Out), path).map_err(PipelineError::Look)
}

/// Makes the folders that the conditions name, and a stray repository above the build if they say so.
pub fn lay(
    sandbox: &Sandbox,
    conditions: &Conditions,
    options: &StageOptions,
    ctx: &Context<'_>,
) -> Result<(), PipelineError> {
    for (place, folder) in [
        (Place::Work, base(conditions)),
        (Place::Out, below(&conditions.out_path, OUT)),
        (Place::Tmp, below(&conditions.tmpdir, TMP)),
    ] {
        if let Some(folder) = folder {
            let empty = tree(&[], ctx)?;
            stage(&empty, sandbox.place(place), Some(&folder), options)?;
        }
    }
    if conditions.stray_git {
        let git = [(".git/HEAD", "ref: refs/heads/stray\n")];
        stage(&tree(&git, ctx)?, sandbox.place(Place::Work), None, options)?;
    }
    Ok(())
}

fn below(path: &str, place: &str) -> Option<RelPath> {
    path.strip_prefix(place)?
        .trim_start_matches('/')
        .parse()
        .ok()
}

fn tree(files: &[(&str, &str)], ctx: &Context<'_>) -> Result<StoredTree, PipelineError> {
    let writer = ctx.store.tree_writer()?;
    for (path, text) in files {
        let path: RelPath = path.parse().expect("the scenery's paths are paths");
        let mut file = writer.layer("the scenery").file(path.clone(), false)?;
        file.write_all(text.as_bytes())
            .map_err(PipelineError::io(path.as_path()))?;
        file.finish()?;
    }
    Ok(writer.commit()?)
}
