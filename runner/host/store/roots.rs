//! Roots: what must not be collected, by name or for as long as a link of the user's points at it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use zwieback_model::digest::Digest;
use zwieback_model::name::Name;

use crate::store::error::StoreError;
use crate::store::place::{Store, tree_place};
use crate::store::record::{read_small, remove_small, write_small};

/// Before the path of a link, which goes to the end of the record: a path may hold any byte but zero.
const LINK: &[u8] = b"\nlink ";

/// What one root keeps.
struct Root {
    keep: Vec<Digest>,
    link: Option<PathBuf>,
}

impl Store {
    /// Keeps objects from being collected, under a name.
    pub fn put_root(&self, name: &Name, keep: &[Digest]) -> Result<(), StoreError> {
        let lines: Vec<String> = keep.iter().map(Digest::to_string).collect();
        write_small(self, &place(name.as_str()), lines.join("\n").as_bytes())
    }

    /// Keeps a tree for as long as this link points at it.
    pub fn put_link_root(&self, link: &Path, tree: &Digest) -> Result<(), StoreError> {
        let path = link.as_os_str().as_bytes();
        let name = format!("link-{}", &Digest::sha256(path).to_hex()[..32]);
        let record = [tree.to_string().as_bytes(), LINK, path].concat();
        write_small(self, &place(&name), &record)
    }

    /// Lets the objects of a root be collected.
    pub fn remove_root(&self, name: &Name) -> Result<(), StoreError> {
        remove_small(self, &place(name.as_str()))
    }

    /// The digests that all roots keep.
    pub fn roots(&self) -> Result<Vec<Digest>, StoreError> {
        let mut keep = Vec::new();
        for name in self.list("roots")? {
            let root = self.root(&name)?;
            if self.is_alive(&root) {
                keep.extend(root.keep);
            }
        }
        Ok(keep)
    }

    /// Forgets the roots whose links are gone or point elsewhere.
    pub(crate) fn drop_dead_roots(&self) -> Result<(), StoreError> {
        for name in self.list("roots")? {
            if !self.is_alive(&self.root(&name)?) {
                remove_small(self, &place(&name))?;
            }
        }
        Ok(())
    }

    fn root(&self, name: &str) -> Result<Root, StoreError> {
        let record = read_small(self.dir(), &place(name))?.unwrap_or_default();
        let at = record.windows(LINK.len()).position(|it| it == LINK);
        let (digests, link) = match at {
            Some(at) => (&record[..at], Some(&record[at + LINK.len()..])),
            None => (&record[..], None),
        };
        let digests = String::from_utf8_lossy(digests);
        Ok(Root {
            keep: digests
                .lines()
                .filter_map(|line| line.parse().ok())
                .collect(),
            link: link.map(|link| PathBuf::from(OsStr::from_bytes(link))),
        })
    }

    fn is_alive(&self, root: &Root) -> bool {
        let Some(link) = &root.link else {
            return true;
        };
        let mut trees = root.keep.iter().map(|it| self.path().join(tree_place(it)));
        fs::read_link(link).is_ok_and(|target| trees.any(|tree| tree == target))
    }
}

fn place(name: &str) -> String {
    format!("roots/{name}")
}
