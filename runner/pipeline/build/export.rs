//! Chapter: artifacts out of the store, for whoever wants to ship or to verify them.
//!
//! The folder is written beside its place and put there whole. The outputs go into it unchanged; what is
//! written about them goes with them, unless an output has one of those names: then it goes into a folder
//! beside, `DIR.zwieback`.

use std::fs;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use zwieback_attest::{bundle, output_tree};
use zwieback_host::fs::beneath::write_new;
use zwieback_host::fs::given_file::{self, DOCUMENT};
use zwieback_host::fs::remove::remove_contents;
use zwieback_host::fs::site::{Fresh, Put, Site, There};
use zwieback_host::stage::{Access, Bytes, Order, StageOptions, Top, stage};
use zwieback_host::store::stored::StoredTree;
use zwieback_model::digest::Digest;
use zwieback_model::event::Event;
use zwieback_model::manifest::recipe::Recipe;
use zwieback_model::shown_name::without_case;
use zwieback_model::tree::{Entry, Tree};

use super::earlier_export::{self, Earlier, Known, in_the_way};
use crate::pipeline::context::command_context::{Context, Wish};
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::context::notices;

/// What is written about outputs goes into a folder whose name ends so, where an output has such a name.
const BESIDE: &str = ".zwieback";

/// Files are made in the order of their names, with the time of the export; the folder keeps its mode.
const OPTIONS: StageOptions = StageOptions {
    order: Order::Sorted,
    mtime: None,
    owner: None,
    access: Access::Writable,
    bytes: Bytes::Hashed,
    top: Top::AsItIs,
};

/// A file that is written about the outputs.
struct Companion {
    name: String,
    bytes: Vec<u8>,
}

/// Refuses a place that no export can be put to, before anything is built for it.
pub fn is_possible(wish: &Wish) -> Result<(), PipelineError> {
    let Some(folder) = &wish.export else {
        return Ok(());
    };
    // What is there is looked through when it is to be replaced: until then it may change.
    let named = fs::symlink_metadata(folder);
    match named {
        Ok(about) if !about.is_dir() => {
            let site = Site::of(folder).map_err(PipelineError::io(folder))?;
            let beside = site.beside(BESIDE).map_err(PipelineError::io(folder))?;
            earlier_export::look(&site, &beside).map(|_| ())
        }
        _ => Ok(()),
    }
}

/// Copies the outputs to a folder, and what was written about them: the bundle, if there is one, the
/// digests, the tree.
pub fn export(
    outputs: &StoredTree,
    bundle: Option<&Path>,
    recipe: &Recipe,
    folder: &Path,
    ctx: &Context<'_>,
) -> Result<(), PipelineError> {
    let companions = companions(outputs.tree(), bundle, recipe)?;
    let site = Site::of(folder).map_err(PipelineError::io(folder))?;
    let beside = site.beside(BESIDE).map_err(PipelineError::io(folder))?;
    let earlier = earlier_export::look(&site, &beside)?;
    let is_taken = companions
        .iter()
        .any(|companion| is_output(outputs.tree(), &companion.name));
    let (within, aside) = if is_taken {
        (&[][..], &companions[..])
    } else {
        (&companions[..], &[][..])
    };
    put(&site, earlier.folder.as_ref(), ctx, |dir| {
        stage(outputs, dir, None, &OPTIONS)?;
        write(dir, within)
    })?;
    finish(&beside, &earlier, aside, ctx)?;
    tell(outputs.tree(), folder, is_taken.then(|| beside.path()), ctx);
    Ok(())
}

/// Points a symbolic link at the outputs. Of what is in its place, only a link into a store is replaced.
pub fn link(outputs: &StoredTree, link: &Path) -> Result<(), PipelineError> {
    let refuse = |why: &str| PipelineError::InTheWay {
        path: link.to_owned(),
        why: why.to_owned(),
        way_out: "move it away, or name another link",
    };
    let io = PipelineError::io;
    let site = Site::of(link).map_err(io(link))?;
    match site.look()? {
        There::Nothing => return symlink(outputs.path(), link).map_err(io(link)),
        There::Link => {}
        There::Folder(_) | There::Other => {
            return Err(refuse("is there already and is no symbolic link"));
        }
    }
    let target = fs::read_link(link).map_err(io(link))?;
    if !is_stored(&target) {
        return Err(refuse(
            "is a symbolic link of somebody else's: it does not lead into a store",
        ));
    }
    Ok(site.replace_link(outputs.path())?)
}

fn companions(
    tree: &Tree,
    bundle: Option<&Path>,
    recipe: &Recipe,
) -> Result<Vec<Companion>, PipelineError> {
    let bundle_name = bundle::file_name(&recipe.recipe.name, &recipe.recipe.version);
    let release = bundle::release(&recipe.recipe.name, &recipe.recipe.version);
    let mut all = vec![
        Companion {
            name: output_tree::SUMS.to_owned(),
            bytes: output_tree::sums_of(tree).into_bytes(),
        },
        Companion {
            // As the statement calls it.
            name: output_tree::file_name(tree, &release),
            bytes: tree.canonical().into_bytes(),
        },
    ];
    if let Some(path) = bundle {
        let bytes = given_file::read(path, DOCUMENT).map_err(PipelineError::io(path))?;
        all.push(Companion {
            name: bundle_name,
            bytes,
        });
    }
    Ok(all)
}

/// Whether an output has that name, as a file system sees it that does not tell case apart.
fn is_output(tree: &Tree, name: &str) -> bool {
    let name = without_case(name);
    let mut top = tree.entries().filter(|(path, _)| path.parent().is_none());
    top.any(|(path, _)| without_case(path.as_str()) == name)
}

/// Fills a folder beside its place and puts it there. A folder that cannot be replaced, because something
/// is mounted there or nothing may be made beside it, is filled as it is if it is empty.
fn put(
    site: &Site,
    earlier: Option<&Known>,
    ctx: &Context<'_>,
    fill: impl Fn(BorrowedFd<'_>) -> Result<(), PipelineError>,
) -> Result<(), PipelineError> {
    if site.is_mount() {
        return match (site.look()?, earlier) {
            (There::Folder(dir), None) => in_place(dir.as_fd(), fill),
            _ => Err(in_the_way(
                site.path(),
                "is a mount point, which cannot be exchanged; it has to be empty".into(),
            )),
        };
    }
    let fresh = match (site.fresh(), site.look()?, earlier) {
        (Err(fault), There::Folder(dir), None) if fault.is_forbidden() => {
            return in_place(dir.as_fd(), fill);
        }
        (fresh, _, _) => fresh?,
    };
    fill(fresh.dir())?;
    let Some(known) = earlier else {
        return Ok(fresh.put()?);
    };
    exchange(fresh, known, site, ctx)
}

fn exchange(
    fresh: Fresh<'_>,
    known: &Known,
    site: &Site,
    ctx: &Context<'_>,
) -> Result<(), PipelineError> {
    match fresh.exchange(known.dir.as_fd(), || known.is_as_it_was())? {
        Put::AtOnce => Ok(()),
        Put::Changed => Err(in_the_way(
            site.path(),
            "changed while it was to be replaced".into(),
        )),
        Put::InTwoSteps => {
            let shown = site.path().display();
            let message = format!(
                "this file system cannot exchange two folders: for a moment {shown} was not there"
            );
            ctx.tell(&Event::Notice { message });
            Ok(())
        }
    }
}

fn in_place(
    dir: BorrowedFd<'_>,
    fill: impl Fn(BorrowedFd<'_>) -> Result<(), PipelineError>,
) -> Result<(), PipelineError> {
    let filled = fill(dir);
    if filled.is_err() {
        // It was empty, and it is again: the next export finds nothing in its way.
        drop(remove_contents(dir));
    }
    filled
}

/// Puts the folder beside, or takes away the one of an earlier export.
fn finish(
    beside: &Site,
    earlier: &Earlier,
    companions: &[Companion],
    ctx: &Context<'_>,
) -> Result<(), PipelineError> {
    if !companions.is_empty() {
        return put(beside, earlier.beside.as_ref(), ctx, |dir| {
            write(dir, companions)
        });
    }
    match &earlier.beside {
        Some(known) if known.is_as_it_was() => Ok(beside.clear()?),
        Some(_) => Err(in_the_way(
            beside.path(),
            "changed while it was to be removed".into(),
        )),
        None => Ok(()),
    }
}

fn write(dir: BorrowedFd<'_>, companions: &[Companion]) -> Result<(), PipelineError> {
    for Companion { name, bytes } in companions {
        write_new(dir, name, bytes)?;
    }
    Ok(())
}

fn tell(tree: &Tree, folder: &Path, beside: Option<&Path>, ctx: &Context<'_>) {
    let entries = tree.entries();
    let files = entries
        .filter(|(_, entry)| **entry != Entry::Directory)
        .count();
    ctx.tell(&Event::Exported {
        folder: folder.display().to_string(),
        files,
    });
    if let Some(beside) = beside {
        let shown = beside.display();
        let message = format!(
            "an output has the name of a file that an export writes: bundle, sums and tree are in {shown}"
        );
        ctx.tell(&Event::Notice { message });
    }
    notices::links(tree, ctx);
}

/// Whether a link leads to a tree in a store, be it this one, another, or one that is gone.
fn is_stored(target: &Path) -> bool {
    let name = target.file_name().and_then(std::ffi::OsStr::to_str);
    let in_trees = target
        .parent()
        .and_then(Path::file_name)
        .is_some_and(|it| it.as_bytes() == b"trees");
    target.is_absolute() && in_trees && name.is_some_and(|name| name.parse::<Digest>().is_ok())
}
