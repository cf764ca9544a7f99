//! What is in the store.

use zwieback_model::digest::Digest;

use crate::store::error::StoreError;
use crate::store::place::Store;
use crate::store::record::action_place;

/// What kind of thing an object of the store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The result of an action.
    Action,
    /// A materialised tree.
    Tree,
    /// One file.
    Blob,
}

/// One object of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Its name: of an action its digest, of a tree the tree's, of a blob the sha256.
    pub digest: Digest,
}

/// One object with its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The object.
    pub object: Object,
    /// Bytes of its content. Trees that share files count them each.
    pub bytes: u64,
}

impl Kind {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Tree => "tree",
            Self::Blob => "blob",
        }
    }
}

impl Store {
    /// Everything that is in the store, sorted by kind and name.
    pub fn ls(&self) -> Result<Vec<Listed>, StoreError> {
        let objects = self.objects()?;
        let listed = objects.into_iter().map(|object| {
            let bytes = self.size_of(&object)?;
            Ok(Listed { object, bytes })
        });
        listed.collect()
    }

    /// Forgets one object, so that it is fetched or made again.
    pub fn remove(&self, object: &Object) -> Result<(), StoreError> {
        match object.kind {
            Kind::Action => self.remove_action(&object.digest),
            Kind::Tree => self.remove_tree(&object.digest),
            Kind::Blob => self.remove_blob(&object.digest),
        }
    }

    pub(crate) fn objects(&self) -> Result<Vec<Object>, StoreError> {
        let mut objects = self.named(Kind::Action, "actions", ".json")?;
        objects.extend(self.named(Kind::Tree, "trees", ".tree")?);
        for fan in self.list("sha256")? {
            objects.extend(self.named(Kind::Blob, &format!("sha256/{fan}"), "")?);
        }
        Ok(objects)
    }

    fn named(&self, kind: Kind, directory: &str, ending: &str) -> Result<Vec<Object>, StoreError> {
        let names = self.list(directory)?;
        let digests = names
            .iter()
            .filter_map(|name| name.strip_suffix(ending)?.parse().ok());
        Ok(digests.map(|digest| Object { kind, digest }).collect())
    }

    fn size_of(&self, object: &Object) -> Result<u64, StoreError> {
        let digest = &object.digest;
        Ok(match object.kind {
            Kind::Action => {
                let stat = crate::fs::beneath::look(self.dir(), &action_place(digest))?;
                stat.map_or(0, |stat| u64::try_from(stat.st_size).unwrap_or(0))
            }
            // What cannot be read is listed all the same; `verify` says what is wrong with it.
            Kind::Tree => self
                .tree(digest)
                .ok()
                .flatten()
                .map_or(0, |tree| tree.tree().total_size()),
            Kind::Blob => self
                .blob_record(digest)?
                .map_or(0, |(content, _)| content.size),
        })
    }
}
