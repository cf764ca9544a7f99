//! The folder of one invocation of `build`: its record, its logs, and the disk its runs work on.
//!
//! A run may come from elsewhere: who builds without a key hands its folder to who signs. So a folder is
//! opened once, what is in it is found below it, and neither a link nor a FIFO in it is followed or opened.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;
use rustix::io::Errno;
use serde::Serialize;
use zwieback_attest::build::unsigned::KeptPlan;
use zwieback_explain::finding::{Explanation, SCHEMA};
use zwieback_model::bake::record::Record;
use zwieback_model::sandbox_spec::operation::Place;
use zwieback_model::variation::conditions::RunName;
use zwieback_sandbox::call::CallError;

use crate::fs::remove::remove_tree;
use crate::fs::replace::WholeFile;
use crate::fs::{beneath, given_file, private};

const RECORD: &str = "record.json";
const REPORT: &str = "report.json";
const LOCK: &str = "lock";
const SCRATCH: &str = ".scratch";
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
    folder: OwnedFd,
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
    /// It is the name of a run, and that of a recipe that was built.
    #[error("`{0}` is a run, and it is also the name of a recipe, whose newest run is `{1}`")]
    Ambiguous(String, String),
    /// Its record cannot be read.
    #[error("the record of run `{0}` cannot be read")]
    Unreadable(String),
}

impl RunError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown(_) => Some("`zwieback show RECIPE` names its newest run".into()),
            Self::Ambiguous(name, _) => Some(format!(
                "`recipes/{name}` names the recipe; to name the run, remove those of the recipe first"
            )),
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
                Ok(()) => return Self::hold(runs, &id),
            }
        }
    }

    /// The name of the run.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A fresh log file.
    pub fn log(&self, run: RunName) -> Result<File, RunError> {
        let name = log_name(run);
        self.make(&name)
            .map_err(error("create", &self.path.join(name)))
    }

    /// An empty folder on disk for one place of a run.
    pub fn disk(&self, run: RunName, place: Place) -> Result<PathBuf, RunError> {
        let name = format!("disk-{}-{place}", letter(run));
        let (folder, path) = (self.folder.as_fd(), self.path.join(&name));
        beneath::make_dir(folder, &name)
            // Else a set-group-id folder above would make all that a step writes set-group-id.
            .and_then(|()| beneath::set_mode(folder, &name, 0o755))
            .map_err(fault("create", &path))?;
        Ok(path)
    }

    /// Writes the record, whole or not at all.
    pub fn write(&self, record: &Record) -> Result<(), RunError> {
        self.put(RECORD, record)
    }

    /// Writes why the runs differ, with what further runs confirmed: those are not made again.
    pub fn write_report(&self, report: &Explanation) -> Result<(), RunError> {
        self.put(REPORT, report)
    }

    /// Writes what a build was to be that waits for a signature.
    pub fn write_plan(&self, plan: &KeptPlan) -> Result<(), RunError> {
        self.put(PLAN, plan)
    }

    /// Opens the folder of a run that has ended.
    pub fn reopen(runs: &Path, id: &str) -> Result<Self, RunError> {
        read(runs, id)?;
        Self::hold(runs, id)
    }

    /// What a build was to be that waits for a signature; nothing, where an earlier version has kept it.
    pub fn read_plan(&self) -> Result<Option<Vec<u8>>, RunError> {
        match given_file::read_below(self.folder.as_fd(), PLAN, LARGEST) {
            Err(absent) if absent.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some).map_err(error("read", &self.path.join(PLAN))),
        }
    }

    /// Removes what the runs worked on. What cannot be removed now is removed by a later sweep.
    pub fn clear_disks(&self) {
        clear(self.folder.as_fd());
    }

    /// Removes the folder: nothing of it is worth keeping.
    pub fn discard(self) {
        self.clear_disks();
        // What is left is a log and a lock, which a later look-up skips.
        drop(fs::remove_dir_all(&self.path));
    }

    fn put(&self, name: &str, value: &impl Serialize) -> Result<(), RunError> {
        let bytes = serde_json::to_vec_pretty(value).expect("it holds only text and numbers");
        self.put_bytes(name, &bytes)
    }

    fn put_bytes(&self, name: &str, bytes: &[u8]) -> Result<(), RunError> {
        let (folder, path) = (self.folder.as_fd(), self.path.join(name));
        let file = WholeFile::of_mode(0o600).by_way_of(folder, SCRATCH);
        let written = file.write_below(folder, name, bytes);
        written.map_err(fault("write", &path))
    }

    /// A new file: what has its name is removed, and not opened.
    fn make(&self, name: &str) -> io::Result<File> {
        match beneath::unlink(self.folder.as_fd(), name) {
            Err(kept) if !kept.is(Errno::NOENT) => return Err(kept.into()),
            _ => {}
        }
        let made = beneath::create_file(self.folder.as_fd(), name);
        made.map_err(io::Error::from)
    }

    fn hold(runs: &Path, id: &str) -> Result<Self, RunError> {
        let path = runs.join(id);
        let above = given_file::open_folder(runs).map_err(error("open", runs))?;
        let folder = beneath::open_dir(above.as_fd(), id).map_err(fault("open", &path))?;
        let lock = path.join(LOCK);
        let held = given_file::open_lock_below(folder.as_fd(), LOCK);
        let held = held.map_err(error("open", &lock))?;
        held.lock().map_err(error("lock", &lock))?;
        Ok(Self {
            id: id.to_owned(),
            path,
            folder,
            _held: held,
        })
    }
}

/// Why the runs differ, as it was confirmed then; nothing where that was not done, or by another version.
pub fn report(runs: &Path, id: &str) -> Option<Explanation> {
    let bytes = given_file::read_beneath(runs, &format!("{id}/{REPORT}"), LARGEST).ok()?;
    let report: Explanation = serde_json::from_slice(&bytes).ok()?;
    (report.schema == SCHEMA).then_some(report)
}

/// The record of a run, by its name.
pub fn read(runs: &Path, id: &str) -> Result<Record, RunError> {
    let unknown = || RunError::Unknown(id.to_owned());
    if id.is_empty() || !id.bytes().all(|byte| LETTERS.contains(&byte)) {
        return Err(unknown());
    }
    let bytes = match given_file::read_beneath(runs, &format!("{id}/{RECORD}"), LARGEST) {
        Err(absent) if is_absent(&absent) => return Err(unknown()),
        read => read.map_err(error("read", &runs.join(id).join(RECORD)))?,
    };
    serde_json::from_slice(&bytes).map_err(|_| RunError::Unreadable(id.to_owned()))
}

fn is_absent(error: &io::Error) -> bool {
    let kind = error.kind();
    kind == io::ErrorKind::NotFound || kind == io::ErrorKind::NotADirectory
}

/// The newest run of a recipe, if it was ever built.
pub fn newest(runs: &Path, recipe: &str) -> Option<Record> {
    let entries = fs::read_dir(runs).ok()?;
    let record = |entry: fs::DirEntry| {
        let record = read(runs, entry.file_name().to_str()?).ok()?;
        // Of runs of one second, the one whose record was written last.
        let written = fs::metadata(entry.path().join(RECORD)).and_then(|file| file.modified());
        Some((record.started, written.ok(), record))
    };
    let records = entries.flatten().filter_map(record);
    let own = records.filter(|(.., record)| record.recipe.as_str() == recipe);
    own.max_by_key(|(started, written, _)| (*started, *written))
        .map(|(.., record)| record)
}

/// A run by its name, or the newest one of a recipe. Whoever may write a recipe may call it like a run that
/// somebody else is about to sign: what is both is neither.
pub fn named(runs: &Path, run: &str, recipe: &str) -> Result<Record, RunError> {
    let (by_id, newest) = (read(runs, run), newest(runs, recipe));
    match (by_id, newest) {
        (Ok(record), Some(newest)) if record.id != newest.id => {
            Err(RunError::Ambiguous(record.id, newest.id))
        }
        (Err(RunError::Unknown(_)), Some(newest)) => Ok(newest),
        (by_id, _) => by_id,
    }
}

/// The log of a run.
pub fn read_log(runs: &Path, id: &str, run: RunName) -> Result<Vec<u8>, RunError> {
    let name = format!("{id}/{}", log_name(run));
    given_file::read_beneath(runs, &name, LARGEST).map_err(error("read", &runs.join(name)))
}

fn log_name(run: RunName) -> String {
    format!("{}.log", letter(run))
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
    let (Ok(above), Ok(entries)) = (given_file::open_folder(runs), fs::read_dir(runs)) else {
        return;
    };
    for entry in entries.flatten() {
        if let Some(id) = entry.file_name().to_str()
            && let Ok(folder) = beneath::open_dir(above.as_fd(), id)
            && !disks(folder.as_fd()).is_empty()
            && let Ok(lock) = given_file::open_below(folder.as_fd(), LOCK)
            && lock.try_lock().is_ok()
        {
            clear(folder.as_fd());
        }
    }
}

fn disks(folder: BorrowedFd<'_>) -> Vec<String> {
    let names = beneath::names(folder).into_iter().flatten().flatten();
    let text = names.filter_map(|(name, kind)| Some((name.into_string().ok()?, kind)));
    text.filter(|(name, kind)| name.starts_with("disk-") && *kind != FileType::Symlink)
        .map(|(name, _)| name)
        .collect()
}

fn clear(folder: BorrowedFd<'_>) {
    for name in disks(folder) {
        // A later sweep tries again.
        drop(remove_tree(folder, &name));
    }
}

fn fault(what: &'static str, path: &Path) -> impl FnOnce(CallError) -> RunError {
    let told = error(what, path);
    move |fault| told(fault.into())
}

fn error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RunError {
    let path = path.to_owned();
    move |source| RunError::Io { what, path, source }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::symlink;

    use rustix::fs::{CWD, Mode, mknodat};
    use zwieback_model::digest::Digest;
    use zwieback_model::timestamp::Timestamp;

    use super::*;

    /// A folder of runs with one that is over, and a file of the user's beside it.
    fn scene() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let home = tempfile::tempdir().unwrap();
        let (runs, own) = (home.path().join("runs"), home.path().join("own"));
        fs::create_dir_all(runs.join("abc")).unwrap();
        fs::write(&own, "kept").unwrap();
        (home, runs, own)
    }

    #[test]
    fn a_link_in_the_folder_of_a_run_leads_to_no_file_of_the_users() {
        let (_home, runs, own) = scene();
        let folder = runs.join("abc");
        symlink(&own, folder.join(LOCK)).unwrap();
        RunFolder::hold(&runs, "abc").unwrap_err();
        fs::remove_file(folder.join(LOCK)).unwrap();
        let held = RunFolder::hold(&runs, "abc").unwrap();
        for name in [SCRATCH, RECORD, "a.log"] {
            symlink(&own, folder.join(name)).unwrap();
        }
        held.put_bytes(RECORD, b"new").unwrap();
        held.log(RunName::A).unwrap().write_all(b"new").unwrap();
        assert_eq!(fs::read(folder.join(RECORD)).unwrap(), b"new");
        assert_eq!(fs::read(&own).unwrap(), b"kept");
    }

    #[test]
    fn neither_is_a_folder_a_link_nor_a_record_read_through_one() {
        let (home, runs, own) = scene();
        for name in [RECORD, PLAN, REPORT, "b.log"] {
            symlink(&own, runs.join("abc").join(name)).unwrap();
        }
        assert!(matches!(read(&runs, "abc"), Err(RunError::Io { .. })));
        read_log(&runs, "abc", RunName::B).unwrap_err();
        let held = RunFolder::hold(&runs, "abc").unwrap();
        held.read_plan().unwrap_err();
        fs::create_dir_all(home.path().join("elsewhere/disk-a-root")).unwrap();
        fs::write(home.path().join("elsewhere").join(LOCK), "").unwrap();
        symlink("../elsewhere", runs.join("abd")).unwrap();
        RunFolder::hold(&runs, "abd").unwrap_err();
        sweep(&runs);
        assert!(home.path().join("elsewhere/disk-a-root").exists());
    }

    #[test]
    fn a_recipe_that_is_called_like_a_run_takes_not_its_place() {
        let (_home, runs, _own) = scene();
        let keep = |id: &str, recipe: &str| {
            let record = serde_json::json!({
                "id": id, "recipe": recipe, "version": "1", "profile": "hermetic", "runs": [],
                "action": Digest::sha256(b"x"), "started": Timestamp::from_unix(1).unwrap(), "outcome": "unsigned",
            });
            fs::create_dir_all(runs.join(id)).unwrap();
            fs::write(runs.join(id).join(RECORD), record.to_string()).unwrap();
        };
        let id = |run: &str, recipe: &str| named(&runs, run, recipe).map(|record| record.id);
        keep("abc", "good");
        assert_eq!(id("abc", "abc").unwrap(), "abc");
        assert_eq!(id("good", "good").unwrap(), "abc");
        keep("xyz", "abc");
        let error = id("abc", "abc").unwrap_err();
        assert!(
            matches!(&error, RunError::Ambiguous(run, newest) if run == "abc" && newest == "xyz")
        );
        assert!(error.hint().is_some());
        assert_eq!(id("recipes/abc", "abc").unwrap(), "xyz");
        assert!(matches!(id("none", "none"), Err(RunError::Unknown(_))));
    }

    #[test]
    fn a_fifo_in_the_place_of_the_lock_is_named_at_once() {
        let (_home, runs, _own) = scene();
        let lock = runs.join("abc").join(LOCK);
        mknodat(CWD, &lock, FileType::Fifo, Mode::RWXU, 0).unwrap();
        RunFolder::hold(&runs, "abc").unwrap_err();
        fs::create_dir(runs.join("abc/disk-a-root")).unwrap();
        sweep(&runs);
    }
}
