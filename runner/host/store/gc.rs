//! Collecting what no one keeps, while no one else has the store open.

use std::collections::BTreeSet;
use std::path::Path;

use zwieback_model::digest::Digest;

use crate::fs::beneath::unlink;
use crate::store::derived;
use crate::store::error::StoreError;
use crate::store::listing::{Kind, Listed};
use crate::store::open::Sharing;
use crate::store::place::Store;
use crate::store::record::{read_small, remove_small};
use crate::store::verify::References;

/// What a collection would remove.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GcPlan {
    /// The objects, actions first: what names others goes before what it names.
    pub remove: Vec<Listed>,
    /// Their bytes; files that kept trees share do not become free.
    pub bytes: u64,
}

/// A store that nobody else uses: the only one that may be collected.
#[derive(Debug)]
pub struct Collector {
    store: Store,
}

impl Store {
    /// What a collection would remove if it kept these objects, the roots, and what both name.
    ///
    /// Links are small and stay. An assembly goes with its tree.
    pub fn plan_gc(
        &self,
        keep: &BTreeSet<Digest>,
        references: References<'_>,
    ) -> Result<GcPlan, StoreError> {
        let mut live = keep.clone();
        live.extend(self.roots()?);
        let listed = self.ls()?;
        for Listed { object, .. } in &listed {
            if object.kind == Kind::Action && live.contains(&object.digest) {
                let result = self.action(&object.digest)?.unwrap_or_default();
                live.extend(references(&result));
            }
        }
        let dead = listed
            .into_iter()
            .filter(|it| !live.contains(&it.object.digest));
        let remove: Vec<_> = dead.collect();
        let bytes = remove.iter().map(|listed| listed.bytes).sum();
        Ok(GcPlan { remove, bytes })
    }
}

impl Collector {
    /// Opens the store alone; fails if anyone else has it open, in this process too.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let store = Store::open_as(path, Sharing::Alone)?;
        Ok(Self { store })
    }

    /// The store itself, to plan with.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Removes what was planned, and what crashes left without a record.
    pub fn collect(&self, plan: &GcPlan) -> Result<(), StoreError> {
        for Listed { object, .. } in &plan.remove {
            self.store.remove(object)?;
        }
        self.store.drop_dead_roots()?;
        self.drop_dangling_assemblies()?;
        self.drop_unnamed_trees()?;
        self.drop_unnamed_blobs()
    }

    fn drop_dangling_assemblies(&self) -> Result<(), StoreError> {
        let trees = self.names_of(Kind::Tree)?;
        for name in self.store.list("assemblies")? {
            let place = format!("assemblies/{name}");
            let record = read_small(self.store.dir(), &place)?;
            let tree = record.and_then(|record| derived::parse(&record));
            if !tree.is_some_and(|tree| trees.contains(&tree)) {
                remove_small(&self.store, &place)?;
            }
        }
        Ok(())
    }

    fn drop_unnamed_trees(&self) -> Result<(), StoreError> {
        let trees = self.names_of(Kind::Tree)?;
        for name in self.store.list("trees")? {
            let digest = name.split('.').next().and_then(|stem| stem.parse().ok());
            match digest {
                Some(digest) if !trees.contains(&digest) => self.store.remove_tree(&digest)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn drop_unnamed_blobs(&self) -> Result<(), StoreError> {
        let mut named = BTreeSet::new();
        for sha256 in self.names_of(Kind::Blob)? {
            named.extend(
                self.store
                    .blob_record(&sha256)?
                    .map(|(content, _)| content.blake3),
            );
        }
        for fan in self.store.list("blobs")? {
            for name in self.store.list(&format!("blobs/{fan}"))? {
                if !name.parse().is_ok_and(|blake3| named.contains(&blake3)) {
                    unlink(self.store.dir(), &format!("blobs/{fan}/{name}"))?;
                }
            }
        }
        Ok(())
    }

    fn names_of(&self, kind: Kind) -> Result<BTreeSet<Digest>, StoreError> {
        let objects = self.store.objects()?.into_iter();
        let objects = objects.filter(|object| object.kind == kind);
        Ok(objects.map(|object| object.digest).collect())
    }
}
