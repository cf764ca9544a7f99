//! The folder of one invocation of `build`: its record, its logs, and the disk its runs work on.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use zwieback_core::bake::record::Record;
use zwieback_core::bake::unsigned::KeptPlan;
use zwieback_core::sandbox_spec::operation::Place;
use zwieback_core::twin::conditions::RunName;
use zwieback_explain::finding::{Report, SCHEMA};

use crate::fs::remove::remove_tree;
use crate::fs::{given_file, private};

const RECORD: &str = "record.json";
const REPORT: &str = "report.json";
const LOCK: &str = "lock";
/// No record is as long, nor a log: what steps print is cut far below.
const LARGEST: u64 = 1 << 30;
/// What a build was to be that nobody has signed yet.
const PLAN: &str = "plan.json";
/// The letters of a name: Crockford's, in which no two look alike.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A folder that is held by this process until it is dropped.
#[derive(Debug)]
pub struct RunFolder {
    id: String,
    path: PathBuf,
    _held: File,
}

/// Why a run cannot be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A file cannot be read or written.
    #[error("cannot {what} {}", path.display())]
    Io {
        /// What was attempted.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// There is no such run.
    #[error("there is no run `{0}`")]
    Unknown(String),
    /// Its record cannot be read.
    #[error("the record of run `{0}` cannot be read")]
    Unreadable(String),
}

impl RunError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown(_) => Some("`zwieback show RECIPE` names its newest run".into()),
            Self::Io { .. } | Self::Unreadable(_) => None,
        }
    }
}

impl RunFolder {
    /// Makes a folder with a new name.
    pub fn create(runs: &Path) -> Result<Self, RunError> {
        private::make_folder(runs).map_err(error("create", runs))?;
        loop {
            let id = new_id().map_err(error("name a run in", runs))?;
            let path = runs.join(&id);
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(taken) if taken.kind() == io::ErrorKind::AlreadyExists => {}
                Err(failed) => return Err(error("create", &path)(failed)),
                Ok(()) => return Self::hold(id, path),
            }
        }
    }

    /// The name of the run.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A fresh log file.
    pub fn log(&self, run: RunName) -> Result<File, RunError> {
        let path = log_path(&self.path, run);
        File::create(&path).map_err(error("create", &path))
    }

    /// An empty folder on disk for one place of a run.
    pub fn disk(&self, run: RunName, place: Place) -> Result<PathBuf, RunError> {
        let path = self.path.join(format!("disk-{}-{place}", letter(run)));
        DirBuilder::new()
            .mode(0o755)
            .create(&path)
            // Else a set-group-id folder above would make all that a step writes set-group-id.
            .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(0o755)))
            .map_err(error("create", &path))?;
        Ok(path)
    }

    /// Writes the record, whole or not at all.
    pub fn write(&self, record: &Record) -> Result<(), RunError> {
        self.put(RECORD, record)
    }

    /// Writes why the runs differ, with what further runs confirmed: those are not made again.
    pub fn write_report(&self, report: &Report) -> Result<(), RunError> {
        self.put(REPORT, report)
    }

    /// Writes what a build was to be that waits for a signature.
    pub fn write_plan(&self, plan: &KeptPlan) -> Result<(), RunError> {
        self.put(PLAN, plan)
    }

    /// Opens the folder of a run that has ended.
    pub fn reopen(runs: &Path, id: &str) -> Result<Self, RunError> {
        read(runs, id)?;
        Self::hold(id.to_owned(), runs.join(id))
    }

    /// What a build was to be that waits for a signature; nothing, where an earlier version has kept it.
    pub fn read_plan(&self) -> Result<Option<Vec<u8>>, RunError> {
        let path = self.path.join(PLAN);
        if !path.exists() {
            return Ok(None);
        }
        let read = given_file::read(&path, LARGEST);
        Ok(Some(read.map_err(error("read", &path))?))
    }

    /// Removes what the runs worked on. What cannot be removed now is removed by a later sweep.
    pub fn clear_disks(&self) {
        clear(&self.path);
    }

    /// Removes the folder: nothing of it is worth keeping.
    pub fn discard(self) {
        clear(&self.path);
        // What is left is a log and a lock, which a later look-up skips.
        drop(fs::remove_dir_all(&self.path));
    }

    fn put(&self, name: &str, value: &impl Serialize) -> Result<(), RunError> {
        let bytes = serde_json::to_vec_pretty(value).expect("it holds only text and numbers");
        self.put_bytes(name, &bytes)
    }

    fn put_bytes(&self, name: &str, bytes: &[u8]) -> Result<(), RunError> {
        let (path, scratch) = (self.path.join(name), self.path.join(".scratch"));
        fs::write(&scratch, bytes)
            .and_then(|()| fs::rename(&scratch, &path))
            .map_err(error("write", &path))
    }

    fn hold(id: String, path: PathBuf) -> Result<Self, RunError> {
        let lock = path.join(LOCK);
        let held = File::create(&lock).map_err(error("create", &lock))?;
        held.lock().map_err(error("lock", &lock))?;
        Ok(Self {
            id,
            path,
            _held: held,
        })
    }
}

/// Why the runs differ, as it was confirmed then; nothing where that was not done, or by another version.
pub fn report(runs: &Path, id: &str) -> Option<Report> {
    let bytes = given_file::read(&runs.join(id).join(REPORT), LARGEST).ok()?;
    let report: Report = serde_json::from_slice(&bytes).ok()?;
    (report.schema == SCHEMA).then_some(report)
}

/// The record of a run, by its name.
pub fn read(runs: &Path, id: &str) -> Result<Record, RunError> {
    let plain = !id.is_empty() && id.bytes().all(|byte| LETTERS.contains(&byte));
    let path = runs.join(id).join(RECORD);
    if !plain || !path.is_file() {
        return Err(RunError::Unknown(id.to_owned()));
    }
    let bytes = given_file::read(&path, LARGEST).map_err(error("read", &path))?;
    serde_json::from_slice(&bytes).map_err(|_| RunError::Unreadable(id.to_owned()))
}

/// The newest run of a recipe, if it was ever built.
pub fn newest(runs: &Path, recipe: &str) -> Option<Record> {
    let entries = fs::read_dir(runs).ok()?;
    entries
        .flatten()
        .filter_map(|entry| read(runs, entry.file_name().to_str()?).ok())
        .filter(|record| record.recipe.as_str() == recipe)
        .max_by_key(|record| (record.started, record.id.clone()))
}

/// The log of a run.
pub fn read_log(runs: &Path, id: &str, run: RunName) -> Result<Vec<u8>, RunError> {
    let path = log_path(&runs.join(id), run);
    given_file::read(&path, LARGEST).map_err(error("read", &path))
}

fn log_path(folder: &Path, run: RunName) -> PathBuf {
    folder.join(format!("{}.log", letter(run)))
}

fn letter(run: RunName) -> char {
    match run {
        RunName::A => 'a',
        RunName::B => 'b',
    }
}

/// Thirty random bits: enough letters to type, and a name that is taken is tried again.
fn new_id() -> io::Result<String> {
    let mut random = [0; 6];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(random
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
        .collect())
}

/// Clears what killed runs left on disk. A run whose lock is free is over, however it ended.
pub fn sweep(runs: &Path) {
    let Ok(entries) = fs::read_dir(runs) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if !has_disks(&path) {
            continue;
        }
        if let Ok(lock) = given_file::open(&path.join(LOCK))
            && lock.try_lock().is_ok()
        {
            clear(&path);
        }
    }
}

fn has_disks(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| is_disk(&entry)))
}

fn is_disk(entry: &fs::DirEntry) -> bool {
    entry
        .file_name()
        .to_str()
        .is_some_and(|name| name.starts_with("disk-"))
}

fn clear(folder: &Path) {
    let (Ok(opened), Ok(entries)) = (given_file::open_folder(folder), fs::read_dir(folder)) else {
        return;
    };
    for entry in entries.flatten().filter(is_disk) {
        if let Some(name) = entry.file_name().to_str() {
            // A later sweep tries again.
            drop(remove_tree(opened.as_fd(), name));
        }
    }
}

fn error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RunError {
    let path = path.to_owned();
    move |source| RunError::Io { what, path, source }
}
