//! Chapter: sources, unpacked once into the store.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zwieback_host::archive::options::Options;
use zwieback_host::archive::unpack::unpack;
use zwieback_host::ecosystem::error::EcosystemError;
use zwieback_host::ecosystem::folder::{self, Taken};
use zwieback_host::fs::given_file;
use zwieback_host::store::derived::{Derivation, Method};
use zwieback_host::store::stored::StoredTree;
use zwieback_host::store::writer::Layer;
use zwieback_model::bake::plan::Plan;
use zwieback_model::event::Event;
use zwieback_model::locked_input::LockedInput;
use zwieback_model::manifest::project_folder::ProjectFolder;
use zwieback_model::manifest::source::{Origin, Source, Unpack};
use zwieback_model::name::Name;
use zwieback_model::purl::Purl;
use zwieback_model::rel_path::RelPath;

use super::checkouts;
use super::obtain;
use super::vendored;
use crate::pipeline::context::command_context::Context;
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::plan::read::Planned;

/// What `SOURCE_DATE_EPOCH` is where neither the recipe nor a source says: the first moment
/// that a zip archive can hold, 1980-01-01.
pub const EARLIEST: i64 = 315_532_800;

/// The sources of a recipe.
#[derive(Debug)]
pub struct Sources {
    /// The tree of each, to be staged at `/build/<name>`.
    pub trees: BTreeMap<Name, StoredTree>,
    /// What is staged beside them, by its place below `/build`: vendored packages, needed outputs.
    pub beside: BTreeMap<RelPath, StoredTree>,
    /// The recipe's patches, by their path in its folder.
    pub patches: Option<StoredTree>,
    /// Seconds since 1970.
    pub source_date_epoch: i64,
}

/// What is noted beside the tree of an unpacked source.
#[derive(Serialize, Deserialize)]
struct Times {
    newest: Option<i64>,
}

/// Unpacks what is not unpacked yet.
pub fn unpack_all(planned: &Planned, ctx: &Context<'_>) -> Result<Sources, PipelineError> {
    let plan = &planned.plan;
    let mut trees = BTreeMap::new();
    let mut newest = None;
    for (name, source) in &plan.recipe.sources {
        let (tree, time) = match source.origin() {
            Ok(Origin::Folder(path)) => (folder(planned, name, source, path, ctx)?, None),
            _ => one(
                name,
                source,
                &plan.own_inputs(name).collect::<Vec<_>>(),
                ctx,
            )?,
        };
        vendored::check(plan, name, source, &tree, ctx)?;
        let tree = vendored::prepare(name, source, tree, ctx)?;
        newest = newest.max(time);
        trees.insert(name.clone(), tree);
    }
    let chosen = plan.recipe.recipe.source_date_epoch.map(i64::from);
    let source_date_epoch = chosen.or(newest).unwrap_or(EARLIEST).max(EARLIEST);
    let patches = patches(&planned.patches, ctx)?;
    let mut beside = vendored::beside(planned, ctx)?;
    beside.extend(needed(planned, ctx)?);
    Ok(Sources {
        trees,
        beside,
        patches,
        source_date_epoch,
    })
}

/// The patches that a recipe applies, in order, each with the source it is for.
pub fn patch_list(plan: &Plan) -> Vec<(&Name, &RelPath)> {
    let sources = plan.recipe.sources.iter();
    sources
        .flat_map(|(name, source)| source.patches.iter().map(move |path| (name, path)))
        .collect()
}

/// Fails if a folder is not what was locked: a result in the store would answer for another source.
pub fn check_folders(planned: &Planned, ctx: &Context<'_>) -> Result<(), PipelineError> {
    for (name, source) in &planned.plan.recipe.sources {
        if let Ok(Origin::Folder(path)) = source.origin() {
            folder(planned, name, source, path, ctx)?;
        }
    }
    Ok(())
}

/// The folder that was locked: as it is now in the project, or else as somebody's statement carried it.
fn folder(
    planned: &Planned,
    name: &Name,
    source: &Source,
    path: &ProjectFolder,
    ctx: &Context<'_>,
) -> Result<StoredTree, PipelineError> {
    let changed = || PipelineError::FolderChanged {
        name: name.clone(),
        path: path.clone(),
        recipe: planned.plan.recipe.name().clone(),
    };
    let mut folders = planned.plan.folders.iter();
    let locked = folders
        .find(|folder| folder.source == *name)
        .ok_or_else(changed)?;
    let tree = match &planned.project {
        Some(top) => folder_now(top, name, source, ctx)?.tree,
        None => ctx.tree(&locked.tree)?,
    };
    if *tree.digest() == locked.tree {
        Ok(tree)
    } else {
        Err(changed())
    }
}

/// The tree of a folder of the project.
pub fn folder_now(
    project: &Path,
    name: &Name,
    source: &Source,
    ctx: &Context<'_>,
) -> Result<Taken, PipelineError> {
    let below = source.path.as_ref().and_then(ProjectFolder::below_top);
    let folder = match below {
        None => project.to_owned(),
        Some(path) => beneath(project, path).map_err(PipelineError::source(name))?,
    };
    let selection = source.selection().expect("a parsed recipe holds globs");
    folder::take(ctx.store, &folder, &selection, ctx.limits.largest)
        .map_err(PipelineError::source(name))
}

/// A folder of a project, on the way to which no link lies: it would lead to anything of this machine.
fn beneath(project: &Path, path: &RelPath) -> Result<PathBuf, EcosystemError> {
    let io = |source| EcosystemError::Io {
        call: "open",
        path: project.to_owned(),
        source,
    };
    let top = given_file::open_folder(project).map_err(io)?;
    match given_file::link_on_way(top.as_fd(), path.as_str()).map_err(io)? {
        Some(link) => Err(EcosystemError::LinkedFolder(project.join(link))),
        None => Ok(project.join(path.as_path())),
    }
}

/// The same where it becomes part of a lock: what stays empty in it is said.
pub fn folder_to_lock(
    project: &Path,
    name: &Name,
    source: &Source,
    ctx: &Context<'_>,
) -> Result<StoredTree, PipelineError> {
    let taken = folder_now(project, name, source, ctx)?;
    for path in &taken.absent {
        ctx.tell(&Event::Notice {
            message: format!(
                "source {name}: {path} is another repository, not checked out or no submodule, and stays an empty folder"
            ),
        });
    }
    Ok(taken.tree)
}

/// The outputs of the recipes it needs, each at `/build/<recipe>`.
fn needed(
    planned: &Planned,
    ctx: &Context<'_>,
) -> Result<BTreeMap<RelPath, StoredTree>, PipelineError> {
    let mut trees = BTreeMap::new();
    for (name, digest) in &planned.plan.needs {
        let tree = ctx
            .store
            .tree(digest)?
            .ok_or_else(|| PipelineError::Vanished {
                file: format!("the outputs of {name}"),
            })?;
        tree.check_quick()?;
        let place = name.as_str().parse().expect("a name is a path of one part");
        trees.insert(place, tree);
    }
    Ok(trees)
}

/// A source of one or several files, unpacked now or before.
pub fn one(
    name: &Name,
    source: &Source,
    files: &[&LockedInput],
    ctx: &Context<'_>,
) -> Result<(StoredTree, Option<i64>), PipelineError> {
    let unpacked = ctx.store.derived_with(&derivation(source, files), || {
        let _turn = ctx.shared.turn_to_prepare();
        ctx.check_stop()?;
        unpack_one(name, source, files, ctx)
    });
    let (tree, Times { newest }) = unpacked?;
    Ok((tree, newest))
}

fn unpack_one(
    name: &Name,
    source: &Source,
    files: &[&LockedInput],
    ctx: &Context<'_>,
) -> Result<(StoredTree, Times), PipelineError> {
    let mut writer = ctx.store.tree_writer()?;
    let mut newest = None;
    for (under, input) in checkouts::placed(source, files) {
        let layer = writer.layer(input.purl.as_str());
        let time = put(name, source, under.as_ref(), input, &layer, ctx)?;
        newest = newest.max(time);
    }
    // A commit has no folder of its own around it; what is at its top belongs there.
    let is_archive = !source.purl.as_ref().is_some_and(Purl::is_repository);
    if source.unpack == Unpack::Whole && is_archive {
        writer.strip_single_top()?;
    }
    Ok((writer.commit()?, Times { newest }))
}

/// One file of a source into its layer, unpacked or as it is; answers the newest time inside.
fn put(
    name: &Name,
    source: &Source,
    under: Option<&RelPath>,
    input: &LockedInput,
    layer: &Layer<'_>,
    ctx: &Context<'_>,
) -> Result<Option<i64>, PipelineError> {
    let blob = obtain::blob(input, ctx)?;
    let mut file = given_file::open(blob.path()).map_err(PipelineError::io(blob.path()))?;
    if source.unpack == Unpack::Whole {
        let place = |path: RelPath| Some(under.map_or_else(|| path.clone(), |it| path.under(it)));
        let options = Options {
            place: &place,
            ..Options::default()
        };
        let unpacked = unpack(file, input.file.as_str(), layer, &options);
        let unpacked = unpacked.map_err(|error| PipelineError::Unpack {
            name: name.clone(),
            source: error,
        })?;
        return Ok(unpacked.newest);
    }
    let path: RelPath = input
        .file
        .as_str()
        .parse()
        .expect("the name of a file is a path");
    let mut copy = layer.file(path, false)?;
    pour(&mut file, &mut copy).map_err(PipelineError::io(blob.path()))?;
    copy.finish()?;
    Ok(None)
}

fn patches(
    patches: &BTreeMap<RelPath, Vec<u8>>,
    ctx: &Context<'_>,
) -> Result<Option<StoredTree>, PipelineError> {
    if patches.is_empty() {
        return Ok(None);
    }
    let writer = ctx.store.tree_writer()?;
    for (path, bytes) in patches {
        let mut file = writer.layer("the recipe").file(path.clone(), false)?;
        file.write_all(bytes)
            .map_err(PipelineError::io(path.as_path()))?;
        file.finish()?;
    }
    Ok(Some(writer.commit()?))
}

fn derivation(source: &Source, files: &[&LockedInput]) -> Derivation {
    let mut text = format!("unpack {}\n", bool::from(source.unpack));
    for input in files {
        text.push_str(&format!("{} {}\n", input.sha256, input.file));
    }
    for (path, purl) in &source.submodules {
        text.push_str(&format!("{path} {purl}\n"));
    }
    Derivation::of(Method::Source, text)
}

fn pour(from: &mut impl Read, to: &mut impl Write) -> std::io::Result<()> {
    std::io::copy(from, to).map(drop)
}
