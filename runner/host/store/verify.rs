//! Reading the whole store again, to find what was damaged or lost.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::thread;

use zwieback_model::digest::Digest;

use crate::store::error::StoreError;
use crate::store::listing::{Kind, Object};
use crate::store::place::Store;

/// Reading is bound by the digests, and two cores are what a small machine has.
const THREADS: usize = 2;

/// Which objects a recorded result names; only its author knows its format.
pub type References<'r> = &'r (dyn Fn(&[u8]) -> Vec<Digest> + Sync);

/// What a verification found.
#[derive(Debug, Default)]
pub struct Report {
    /// How many objects were read.
    pub objects: usize,
    /// What is wrong, sorted by object.
    pub problems: Vec<Problem>,
}

/// One object that is not as it should be.
#[derive(Debug)]
pub struct Problem {
    /// The object.
    pub object: Object,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// What is wrong with an object.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// It was changed, or cannot be read.
    #[error(transparent)]
    Damaged(StoreError),
    /// It names an object that is not there.
    #[error("names {0}, which is not in the store")]
    Dangling(Digest),
    /// Its record is there and its content is not.
    #[error("its content is missing")]
    Missing,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: {}",
            self.object.kind.as_str(),
            self.object.digest,
            self.wrong
        )
    }
}

impl Store {
    /// Reads every object, with two threads, and compares it with its name.
    pub fn verify(&self, references: References<'_>) -> Result<Report, StoreError> {
        let objects = self.objects()?;
        let known: BTreeSet<Digest> = objects.iter().map(|object| object.digest).collect();
        let count = objects.len();
        let queue = Mutex::new(objects.into_iter());
        let problems = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    while let Some(object) = next(&queue) {
                        if let Some(wrong) = self.examine(&object, &known, references) {
                            let mut problems =
                                problems.lock().unwrap_or_else(PoisonError::into_inner);
                            problems.push(Problem { object, wrong });
                        }
                    }
                });
            }
        });
        let mut problems = problems
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        problems.sort_by_key(|problem| problem.object);
        Ok(Report {
            objects: count,
            problems,
        })
    }

    fn examine(
        &self,
        object: &Object,
        known: &BTreeSet<Digest>,
        references: References<'_>,
    ) -> Option<Wrong> {
        let digest = &object.digest;
        let found = match object.kind {
            Kind::Action => return self.examine_action(digest, known, references),
            Kind::Tree => self.tree(digest).and_then(|tree| {
                let checked = tree.map(|tree| tree.check_whole());
                checked.transpose().map(|tree| tree.is_some())
            }),
            Kind::Blob => self.examine_blob(digest),
        };
        match found {
            Ok(true) => None,
            Ok(false) => Some(Wrong::Missing),
            Err(error) => Some(Wrong::Damaged(error)),
        }
    }

    fn examine_action(
        &self,
        digest: &Digest,
        known: &BTreeSet<Digest>,
        references: References<'_>,
    ) -> Option<Wrong> {
        match self.action(digest) {
            Ok(Some(result)) => {
                let named = references(&result);
                let lost = named.into_iter().find(|named| !known.contains(named));
                lost.map(Wrong::Dangling)
            }
            Ok(None) => Some(Wrong::Missing),
            Err(error) => Some(Wrong::Damaged(error)),
        }
    }

    fn examine_blob(&self, digest: &Digest) -> Result<bool, StoreError> {
        let Some((content, _)) = self.blob_record(digest)? else {
            return Ok(false);
        };
        match self.rehash_blob(&content) {
            Err(StoreError::Io(fault)) if fault.is(rustix::io::Errno::NOENT) => Ok(false),
            other => other.map(|()| true),
        }
    }
}

fn next(queue: &Mutex<std::vec::IntoIter<Object>>) -> Option<Object> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).next()
}
