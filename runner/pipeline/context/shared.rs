//! What all builds of one invocation share: room to run, and what is done once and for one at a time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use zwieback_attest::public_key::PublicKey;
use zwieback_host::keys::passphrase::Passphrase;
use zwieback_host::machine;
use zwieback_host::run_folder;
use zwieback_model::digest::Digest;
use zwieback_model::variation::varied::Machine;

use super::slots::{Capacity, Slots};

/// Shared by the stories that one command tells at the same time.
#[derive(Debug, Default)]
pub struct Shared {
    room: OnceLock<(Machine, Slots)>,
    swept: OnceLock<()>,
    roots: Mutex<BTreeMap<Digest, PathBuf>>,
    shares_inodes: Mutex<BTreeMap<Digest, bool>>,
    fetching: Mutex<()>,
    preparing: Mutex<()>,
    signing: Mutex<()>,
    passphrase: OnceLock<Passphrase>,
    key: OnceLock<PublicKey>,
}

/// Held by whoever does what only one may do at a time.
pub type Turn<'a> = MutexGuard<'a, ()>;

impl Shared {
    /// The machine as it was when the first build began: equal for all, however busy it gets.
    pub fn machine(&self, jobs: Option<u16>) -> &Machine {
        &self.room(jobs).0
    }

    /// The room to run.
    pub fn slots(&self, jobs: Option<u16>) -> &Slots {
        &self.room(jobs).1
    }

    /// To fetch: two that want the same file would both load it.
    pub fn turn_to_fetch(&self) -> Turn<'_> {
        turn(&self.fetching)
    }

    /// To unpack: it uses every CPU by itself, and two may want the same toolchain.
    pub fn turn_to_prepare(&self) -> Turn<'_> {
        turn(&self.preparing)
    }

    /// To open the key: whoever comes first makes it.
    pub fn turn_to_sign(&self) -> Turn<'_> {
        turn(&self.signing)
    }

    /// What opens the key, if it was asked for: once, before the first of all builds begins.
    pub fn passphrase(&self) -> Option<&Passphrase> {
        self.passphrase.get()
    }

    /// Remembers the passphrase until all is signed. Only who has the turn to sign asks for it.
    pub fn put_passphrase(&self, passphrase: Passphrase) {
        self.passphrase.get_or_init(|| passphrase);
    }

    /// The public half of the key that is to sign, once it is known: no other key signs after that.
    pub fn key(&self) -> Option<&PublicKey> {
        self.key.get()
    }

    /// Remembers the public half of the key that is to sign. Only who has the turn to sign asks for it.
    pub fn put_key(&self, key: PublicKey) {
        self.key.get_or_init(|| key);
    }

    /// Where a root lies that was checked by this invocation: no step can write to it.
    pub fn root(&self, digest: &Digest) -> Option<PathBuf> {
        self.roots().get(digest).cloned()
    }

    /// Remembers a root that was just checked.
    pub fn put_root(&self, digest: Digest, path: PathBuf) {
        self.roots().insert(digest, path);
    }

    /// Whether sandboxes of a root have its inodes in common, if that was tried.
    pub fn shares_inodes(&self, root: &Digest) -> Option<bool> {
        self.tried().get(root).copied()
    }

    /// Remembers what a trial of a root has shown.
    pub fn put_shares_inodes(&self, root: Digest, shares: bool) {
        self.tried().insert(root, shares);
    }

    /// Clears what killed runs left, once: looking through all runs takes longer the more there are.
    pub fn sweep_runs(&self, runs: &Path) {
        self.swept.get_or_init(|| run_folder::sweep(runs));
    }

    fn room(&self, jobs: Option<u16>) -> &(Machine, Slots) {
        self.room.get_or_init(|| {
            let machine = machine::look(jobs);
            let capacity = Capacity {
                runs: machine.cpus.len(),
                memory: machine::available_memory(),
            };
            (machine, Slots::new(capacity))
        })
    }

    fn tried(&self) -> MutexGuard<'_, BTreeMap<Digest, bool>> {
        let tried = self.shares_inodes.lock();
        tried.unwrap_or_else(PoisonError::into_inner)
    }

    fn roots(&self) -> MutexGuard<'_, BTreeMap<Digest, PathBuf>> {
        self.roots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing is guarded but the order of things, so a turn that ended in a panic spoils nothing.
fn turn(mutex: &Mutex<()>) -> Turn<'_> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
