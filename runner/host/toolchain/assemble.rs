//! All packages of a toolchain into one tree, by several threads in any order, always the same.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use zwieback_model::glob::Glob;
use zwieback_model::manifest::toolchain::Fixups;

use crate::fetch::canceller::Canceller;
use crate::store::place::Store;
use crate::store::stored::StoredTree;
use crate::store::writer::TreeWriter;
use crate::toolchain::error::AssembleError;
use crate::toolchain::fix_ups;
use crate::toolchain::package::{Layout, Made, Package, glob_work};
use crate::toolchain::unpack_deb::unpack_deb;
use crate::toolchain::unpack_part::unpack_part;

/// More threads than this wait for the disk, not for the decompressor.
const MAX_THREADS: usize = 8;

/// What goes into one tree.
pub struct Ingredients<'a> {
    /// Packages to unpack.
    pub packages: Vec<Package>,
    /// Outputs of recipes.
    pub made: Vec<Made>,
    /// What comes on top.
    pub fixups: &'a Fixups,
}

/// Packages on their way into one tree.
struct Unpacking<'a> {
    writer: &'a TreeWriter,
    packages: Vec<&'a Package>,
    prune: &'a [Glob],
    next: AtomicUsize,
    /// Set by whoever fails, so that the others stop soon.
    stop: Canceller,
    asked_to_stop: &'a Canceller,
}

/// Unpacks the packages, applies the fix-ups and puts the tree into the store.
///
/// The digest depends on the packages and fix-ups alone: two packages that differ at one path are an
/// error instead of a question of order.
pub fn assemble(
    store: &Store,
    ingredients: &Ingredients<'_>,
    canceller: &Canceller,
) -> Result<StoredTree, AssembleError> {
    let fixups = ingredients.fixups;
    let prune = fixups.prune.iter().map(|text| text.parse());
    let prune: Vec<Glob> = prune.collect::<Result<_, _>>()?;
    let writer = store.tree_writer()?;
    let mut largest_first: Vec<&Package> = ingredients.packages.iter().collect();
    largest_first.sort_by_key(|package| std::cmp::Reverse(package.file.content().size));
    let unpacking = Unpacking {
        writer: &writer,
        packages: largest_first,
        prune: &prune,
        next: AtomicUsize::new(0),
        stop: Canceller::default(),
        asked_to_stop: canceller,
    };
    unpacking.run()?;
    for made in &ingredients.made {
        let (layer, work) = (writer.layer(&made.owner), glob_work());
        layer.link_placed(&made.tree, made.tree.tree(), |path| {
            made.place(path, &prune, &work)
        })?;
        work.check()?;
    }
    fix_ups::apply(&writer, fixups)?;
    Ok(writer.commit()?)
}

impl Unpacking<'_> {
    fn run(&self) -> Result<(), AssembleError> {
        let cpus = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let count = cpus.min(MAX_THREADS).min(self.packages.len().max(1));
        thread::scope(|scope| {
            let threads: Vec<_> = (0..count).map(|_| scope.spawn(|| self.work())).collect();
            let results = threads.into_iter().map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            // All are joined before the first failure is looked at.
            results.collect::<Vec<_>>().into_iter().collect()
        })
    }

    /// One thread: the next package until there is none.
    fn work(&self) -> Result<(), AssembleError> {
        while !self.stop.is_cancelled() {
            if self.asked_to_stop.is_cancelled() {
                return Err(AssembleError::Cancelled);
            }
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(package) = self.packages.get(index) else {
                break;
            };
            let layer = self.writer.layer(package.purl.as_str());
            let unpacked = match package.layout {
                Layout::Deb => unpack_deb(package, &layer, self.prune),
                Layout::Archive { .. } => unpack_part(package, &layer, self.prune),
            };
            if unpacked.is_err() {
                self.stop.cancel();
            }
            unpacked?;
        }
        Ok(())
    }
}
