//! Appending a batch: everything is synced before the checkpoint that speaks of it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use zwieback_attest::bundle::Bundle;
use zwieback_attest::public_key::PublicKey;
use zwieback_attest::statement::Statement;
use zwieback_attest::verified::{check_names, check_shown_names};
use zwieback_host::keys::signer::Signer;
use zwieback_model::digest::Digest;
use zwieback_model::timestamp::Timestamp;
use zwieback_sandbox::call::Attempt as _;

use super::believed::BelievedLog;
use super::bundles::{LARGEST, MANY, end_of};
use super::error::LogError;
use super::files::{self, bytes};
use super::memory::Memory;
use super::place::{LogDir, WriteLock};
use crate::reason::{Reason, Refusal};
use crate::state::folded::State;
use crate::state::record::Line;
use crate::statement::revocation;
use crate::statement::said::{Check, Reading};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::entry::Entry;
use crate::tlog::node;
use crate::tlog::note::Note;
use crate::tlog::proof::TreeHead;
use crate::tlog::range::{Tiles as _, Tree};
use crate::tlog::tile::{self, HEIGHT, Tile, WIDTH};

/// What is to be appended: a bundle, and the key that signed it.
#[derive(Clone, Debug)]
pub struct Submission {
    said: Bundle,
    entry: Entry,
    bundle: Vec<u8>,
    body: Vec<u8>,
}

/// What a batch became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The place of the first of its entries.
    pub first: u64,
    /// The tree with them.
    pub head: TreeHead,
}

/// What is written for one batch, and where.
struct Batch<'a> {
    log: &'a LogDir,
    old: u64,
    folders: BTreeSet<PathBuf>,
}

impl Submission {
    /// Checks that the key made the bundle's signature: a log takes nothing that no one signed.
    pub fn new(bundle: &Bundle, key: &PublicKey) -> Result<Self, Refusal> {
        let entry = Entry::of(bundle, key)?;
        // Everyone who looks at the log is shown its names: what could forge a screen stays outside.
        if let Ok(statement) = Statement::parse(&bundle.envelope().payload) {
            match statement.predicate_type.as_str() {
                // What is revoked may be a key or a builder; the former names of keys may begin with `/`.
                revocation::PREDICATE_TYPE => check_shown_names(&statement)?,
                _ => check_names(&statement)?,
            }
        }
        let (said, bundle) = (bundle.clone(), bundle.to_bytes());
        // What no reader takes would end the log for all of them.
        if bundle.len() > LARGEST {
            let saw = format!("{} bytes, at most {LARGEST}", bundle.len());
            return Err(Refusal::new(Reason::EntryTooLarge, saw));
        }
        let read = Bundle::parse(&bundle);
        read.map_err(zwieback_attest::reason::Refusal::from)?;
        Ok(Self {
            body: entry.to_bytes()?,
            said,
            entry,
            bundle,
        })
    }

    /// Folds it as if it were the next entry, to see what it would change.
    pub fn fold_into(&self, state: &mut State) -> Line {
        let reading = Reading::of(&self.entry, self.said.clone(), Check::Signature);
        state.fold(node::leaf(&self.body), reading)
    }
}

impl BelievedLog {
    /// Appends a batch, if the log is still what was believed. When this returns, the batch will survive
    /// a crash; before, nothing of it is seen. What was said is remembered like what was seen.
    pub fn append(
        &self,
        _lock: &WriteLock,
        batch: &[Submission],
        signer: &dyn Signer,
        memory: &Memory,
    ) -> Result<Appended, LogError> {
        let old = self.head();
        if batch.is_empty() {
            return Ok(Appended {
                first: old.size,
                head: old,
            });
        }
        let (appended, note) = self.write(batch, signer)?;
        let _memory = memory.lock()?;
        memory.keep(&note)?;
        Ok(appended)
    }

    /// Appends a batch, if the log is still what was read.
    pub(super) fn write(
        &self,
        batch: &[Submission],
        signer: &dyn Signer,
    ) -> Result<(Appended, Note), LogError> {
        let old = self.head();
        if self.log.checkpoint()?.head != old {
            let saw = format!("not the {} entries that were read", old.size);
            return Err(Refusal::new(Reason::LogForked, saw).into());
        }
        let note = self.log.write_batch(old.size, batch, signer)?;
        let appended = Appended {
            first: old.size,
            head: Checkpoint::of(&note)?.head,
        };
        Ok((appended, note))
    }
}

impl LogDir {
    /// Appends a batch to a log that is known by its own key.
    pub fn append(
        &self,
        batch: &[Submission],
        signer: &dyn Signer,
        memory: &Memory,
        now: Timestamp,
    ) -> Result<Appended, LogError> {
        let lock = self.lock()?;
        let believed = self.believe_own(memory, now)?;
        believed.append(&lock, batch, signer, memory)
    }

    /// Writes a batch behind the `old` entries that there are, and the checkpoint last.
    fn write_batch(
        &self,
        old: u64,
        batch: &[Submission],
        signer: &dyn Signer,
    ) -> Result<Note, LogError> {
        let new = old + batch.len() as u64;
        let mut writing = Batch {
            log: self,
            old,
            folders: BTreeSet::new(),
        };
        writing.statements(batch)?;
        writing.entries(batch, new)?;
        writing.tiles(batch, new)?;
        writing.sync()?;
        let head = TreeHead {
            size: new,
            root: Tree::new(self, new).root()?,
        };
        let note = self.publish(head, signer)?;
        self.drop_partials(old, new);
        Ok(note)
    }

    /// Partial files of tiles that are full now; a failure leaves files that no one misses.
    fn drop_partials(&self, old: u64, new: u64) {
        for tile in Tile::added(old, new).iter().filter(|tile| tile.is_full()) {
            for path in [tile.path(), tile.entries_path()] {
                if tile.level > 0 && path.starts_with("tile/entries") {
                    continue;
                }
                drop(fs::remove_dir_all(self.path().join(format!("{path}.p"))));
            }
        }
    }
}

impl Batch<'_> {
    /// Bundles go behind the last one that a checkpoint spoke of; what a crash left there goes.
    fn statements(&mut self, batch: &[Submission]) -> Result<(), LogError> {
        let mut at = self.old;
        let mut rest = batch;
        while !rest.is_empty() {
            let room = usize::try_from(WIDTH - at % WIDTH).expect("a tile's width fits");
            let (now, later) = rest.split_at(room.min(rest.len()));
            let path = self.log.statements_path(at / WIDTH);
            self.make_folder(&path)?;
            append_records(&path, at % WIDTH, now)?;
            at += now.len() as u64;
            rest = later;
        }
        Ok(())
    }

    fn entries(&mut self, batch: &[Submission], new: u64) -> Result<(), LogError> {
        let mut bodies = match Tile::within(0, self.old / WIDTH, self.old) {
            Some(tile) => self.log.bodies(tile)?,
            None => Vec::new(),
        };
        bodies.extend(batch.iter().map(|it| it.body.clone()));
        let places = (self.old / WIDTH)..;
        for (index, bodies) in places.zip(bodies.chunks(tile::DIGESTS)) {
            let tile = Tile::within(0, index, new).expect("the batch reaches that far");
            self.write(&tile.entries_path(), &tile::entries_to_bytes(bodies))?;
        }
        Ok(())
    }

    /// Level by level: each full tile gives one digest to the level above.
    fn tiles(&mut self, batch: &[Submission], new: u64) -> Result<(), LogError> {
        let mut added: Vec<Digest> = batch.iter().map(|it| node::leaf(&it.body)).collect();
        let mut level = 0;
        while !added.is_empty() {
            let before = self.old >> (level * HEIGHT);
            let mut digests = match Tile::within(level, before / WIDTH, self.old) {
                Some(tile) => self.log.digests(tile)?,
                None => Vec::new(),
            };
            digests.append(&mut added);
            for (index, digests) in (before / WIDTH..).zip(digests.chunks(tile::DIGESTS)) {
                let tile = Tile::within(level, index, new).expect("the batch reaches that far");
                self.write(&tile.path(), &tile::to_bytes(digests))?;
                if tile.is_full() {
                    added.push(node::root(digests));
                }
            }
            level += 1;
        }
        Ok(())
    }

    fn write(&mut self, path: &str, content: &[u8]) -> Result<(), LogError> {
        let path = self.log.path().join(path);
        self.make_folder(&path)?;
        let scratch = self.log.path().join(".new");
        Ok(files::write(&path, &scratch, content)?)
    }

    /// The folders from the log down to the file: a new name in any of them needs a sync.
    fn make_folder(&mut self, path: &Path) -> Result<(), LogError> {
        let folder = path.parent().unwrap_or(path);
        if self.folders.contains(folder) {
            return Ok(());
        }
        fs::create_dir_all(folder).attempt("mkdir", bytes(folder))?;
        let above = folder.ancestors();
        let within = above.take_while(|it| it.starts_with(self.log.path()));
        self.folders.extend(within.map(Path::to_owned));
        Ok(())
    }

    fn sync(&self) -> Result<(), LogError> {
        for folder in &self.folders {
            files::sync_folder(folder)?;
        }
        Ok(())
    }
}

fn append_records(path: &Path, kept: u64, batch: &[Submission]) -> Result<(), LogError> {
    let edited = || Refusal::new(Reason::LogEdited, format!("{:?}", path.display()));
    let mut file = files::open_own(path, 0o666)?;
    let end = end_of(&file, kept).ok_or_else(edited)?;
    file.set_len(end).attempt("ftruncate", bytes(path))?;
    let sought = file.seek(SeekFrom::Start(end));
    sought.attempt("lseek", bytes(path))?;
    let mut writer = BufWriter::with_capacity(MANY, &file);
    for submission in batch {
        let length = u32::try_from(submission.bundle.len()).expect("checked when it was made");
        for part in [&length.to_be_bytes(), &submission.bundle[..]] {
            writer.write_all(part).attempt("write", bytes(path))?;
        }
    }
    writer.flush().attempt("write", bytes(path))?;
    drop(writer);
    Ok(file.sync_data().attempt("fdatasync", bytes(path))?)
}
