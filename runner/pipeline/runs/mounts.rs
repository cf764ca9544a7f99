//! Chapter: sources and patches into a sandbox that runs nothing yet.

use zwieback_host::fs::beneath::{unlink, write_new};
use zwieback_host::stage::{Access, Bytes, Order, Owner, StageOptions, Top, stage as stage_tree};
use zwieback_host::store::error::StoreError;
use zwieback_model::manifest::recipe::Step;
use zwieback_model::name::Name;
use zwieback_model::rel_path::RelPath;
use zwieback_model::sandbox_spec::operation::{Medium, Place};
use zwieback_model::variation::conditions::{Conditions, StagingOrder};
use zwieback_sandbox::owner;
use zwieback_sandbox::sandbox::Sandbox;
use zwieback_sandbox::step::{Command, Ending};

use super::surroundings;
use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::inputs::sources::Sources;

/// Where patches wait to be applied, below `/tmp`.
const PATCHES: &str = "patches";

/// What of a failed `patch` is shown.
const SHOWN: usize = 4096;

/// Lays down every source, in the order and with the times that the run's conditions say.
pub fn stage(
    sandbox: &Sandbox,
    sources: &Sources,
    conditions: &Conditions,
    ctx: &Context<'_>,
) -> Result<(), PipelineError> {
    lay(sandbox, sources, conditions, ctx).map_err(|error| match (error, conditions.medium) {
        // The host's disk is not full: the place in memory is as large as the recipe's limit.
        (PipelineError::Store(StoreError::Full(_)), Medium::Memory) => {
            PipelineError::SourcesTooLarge
        }
        (error, _) => error,
    })
}

fn lay(
    sandbox: &Sandbox,
    sources: &Sources,
    conditions: &Conditions,
    ctx: &Context<'_>,
) -> Result<(), PipelineError> {
    let options = options(sandbox.owner(), sources.source_date_epoch, conditions);
    surroundings::lay(sandbox, conditions, &options, ctx)?;
    let mut trees: Vec<_> = sources.trees.iter().collect();
    if conditions.staging == StagingOrder::Reversed {
        trees.reverse();
    }
    for (name, tree) in trees {
        let name: RelPath = name.as_str().parse().expect("a name is a path of one part");
        let under =
            surroundings::base(conditions).map_or_else(|| name.clone(), |base| name.under(&base));
        stage_tree(tree, sandbox.place(Place::Work), Some(&under), &options)?;
    }
    for (under, tree) in &sources.beside {
        stage_tree(tree, sandbox.place(Place::Work), Some(under), &options)?;
    }
    if let Some(patches) = &sources.patches {
        let under: RelPath = PATCHES.parse().expect("the word is a path");
        stage_tree(patches, sandbox.place(Place::Tmp), Some(&under), &options)?;
    }
    Ok(())
}

/// Applies the recipe's patches to the sources, inside, with the toolchain's own `patch`.
pub fn patch(
    sandbox: &mut Sandbox,
    patches: &[(&Name, &RelPath)],
    conditions: &Conditions,
) -> Result<(), PipelineError> {
    for (name, path) in patches {
        apply(
            sandbox,
            name,
            path,
            &format!("{}/{name}", conditions.build_path),
        )?;
    }
    Ok(())
}

/// The longest argument that the kernel takes: `MAX_ARG_STRLEN`, with the byte that ends it.
const LONGEST_ARGUMENT: usize = 128 << 10;
const SCRIPT: &str = ".zwieback-step";

/// What runs the script of a step. One that is too long for an argument lies in a file while it runs.
pub fn script(sandbox: &Sandbox, step: &Step) -> Result<Command, PipelineError> {
    let shell = |script: &str| Command::new(["/bin/sh", "-eu", "-c", script]);
    if step.run.len() < LONGEST_ARGUMENT {
        return Ok(shell(&step.run));
    }
    write_new(sandbox.place(Place::Tmp), SCRIPT, step.run.as_bytes())?;
    Ok(shell(&format!(". /tmp/{SCRIPT}")))
}

/// Takes away what [`script`] has put into `/tmp`, if it did and the step left it there.
pub fn clear_script(sandbox: &Sandbox, step: &Step) {
    if step.run.len() >= LONGEST_ARGUMENT {
        drop(unlink(sandbox.place(Place::Tmp), SCRIPT));
    }
}

fn options(owner: owner::Owner, source_date_epoch: i64, conditions: &Conditions) -> StageOptions {
    StageOptions {
        order: match conditions.staging {
            StagingOrder::Sorted => Order::Sorted,
            StagingOrder::Reversed => Order::Reversed,
        },
        mtime: Some(source_date_epoch + conditions.source_mtime_offset),
        owner: Some(Owner {
            uid: owner.uid,
            gid: owner.gid,
        }),
        access: Access::Writable,
        bytes: Bytes::Known,
        top: Top::Dressed,
    }
}

fn apply(
    sandbox: &mut Sandbox,
    name: &Name,
    path: &RelPath,
    dir: &str,
) -> Result<(), PipelineError> {
    let script = "patch -p1 --batch --no-backup-if-mismatch --input=\"$1\" && rm \"$1\"";
    let file = format!("/tmp/{PATCHES}/{path}");
    let mut command = Command::new(["/bin/sh", "-eu", "-c", script, "patch", file.as_str()]);
    dir.clone_into(&mut command.dir);
    let mut said = Vec::new();
    let mut take = |bytes: &[u8]| {
        let room = SHOWN.saturating_sub(said.len()).min(bytes.len());
        said.extend_from_slice(&bytes[..room]);
    };
    match sandbox.run(&command, &mut take)?.ending {
        Ending::Exited(0) => Ok(()),
        Ending::Cancelled => Err(PipelineError::Interrupted),
        _ => Err(PipelineError::Patch {
            name: (*name).clone(),
            path: (*path).clone(),
            said: String::from_utf8_lossy(&said).trim_end().to_owned(),
        }),
    }
}
