//! What this machine remembers of trust roots: which line one is of, and how far that line was seen here.
//!
//! A folder holds roots that followed each other. Two folders may turn out to be of one line: roots between them
//! were not seen, or nothing told. All that may be of a root's line counts, so that none of it goes back.
//!
//! Nothing of it is read or written but by who holds it: [`Memory`]. Of two commands at once the later one meets
//! what the earlier one has written, or what it read before would come back.

use std::fs::DirEntry;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use zwieback_attest::dsse::Envelope;
use zwieback_attest::reason::{Reason, Refusal};
use zwieback_attest::root_chain;
use zwieback_attest::trust_root::TrustRoot;
use zwieback_host::dirs::Dirs;
use zwieback_host::fs::given_file::{self, DOCUMENT};
use zwieback_host::fs::private;
use zwieback_model::digest::Digest;

use crate::pipeline::context::failure::Failure;

/// Why a root cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RootStateError {
    /// It does not count.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What was remembered cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl From<RootStateError> for Failure {
    fn from(error: RootStateError) -> Self {
        Self::new(error)
    }
}

/// The memory of roots, and of the policies of each line, while this process alone uses it. It is held to
/// compare and to write, and never while somebody is asked for something.
#[derive(Debug)]
pub(crate) struct Memory {
    all: PathBuf,
    _lock: private::Lock,
}

/// A root, and the file that it came in.
#[derive(Clone, Debug)]
pub(crate) struct RootFile {
    pub(crate) root: TrustRoot,
    line: Digest,
    envelope: Envelope,
    bytes: Vec<u8>,
}

/// The line that a root is of, as far as it was met here.
#[derive(Debug)]
pub(crate) struct Line<'m> {
    memory: &'m Memory,
    root: RootFile,
    /// What is certainly of it: it names the same first root, or one followed the other.
    folders: Vec<Folder>,
    /// What may be of it: one names no line, and each was signed by the quorum of the other. Versions between them
    /// were not met.
    kin: Vec<Folder>,
}

/// Roots of one line, and what else is remembered of it.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    roots: Vec<RootFile>,
}

impl Memory {
    /// Waits until nobody else uses it.
    pub(crate) fn hold(dirs: &Dirs) -> Result<Self, RootStateError> {
        // Beside the folder: versions before this one take all in it for lines.
        let lock = dirs.state.join("roots.lock");
        Ok(Self {
            all: dirs.state.join("roots"),
            _lock: private::lock(&lock).map_err(failed(&lock))?,
        })
    }

    fn folders(&self) -> Result<Vec<Folder>, RootStateError> {
        private::make_folder(&self.all).map_err(failed(&self.all))?;
        let folders = entries(&self.all)?.into_iter();
        folders.map(Folder::read).collect()
    }
}

impl RootFile {
    /// A root that its own quorum has signed.
    pub(crate) fn open(bytes: &[u8]) -> Result<Self, Refusal> {
        root_chain::open(bytes)?;
        Self::read(bytes)
    }

    /// Whether this root gave its trust to that one.
    pub(crate) fn precedes(&self, next: &Self) -> bool {
        // Signatures come last: most roots are no neighbours.
        self.root.version.checked_add(1) == Some(next.root.version)
            && root_chain::succeed(&self.root, &next.bytes).is_ok()
    }

    /// Its version.
    pub(crate) fn version(&self) -> i64 {
        self.root.version
    }

    /// A root that counted when it was put where it lies.
    fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let (envelope, root) = root_chain::read(bytes)?;
        Ok(Self {
            line: root.line(),
            root,
            envelope,
            bytes: bytes.to_vec(),
        })
    }

    fn shares_line(&self, other: &Self) -> bool {
        self.root == other.root
            || self.line == other.line
            || self.precedes(other)
            || other.precedes(self)
    }

    /// Whether both may be of one line though a version between them was left out. Two names of lines decide it;
    /// else those who keep both must have signed both. Whoever is named in a root was not asked.
    fn may_share_line(&self, other: &Self) -> bool {
        let is_named = self.root.line.is_some() && other.root.line.is_some();
        !is_named && self.has_signed(other) && other.has_signed(self)
    }

    /// Whether as many of its keepers signed the other one, for whatever they are there, as a root of theirs takes.
    fn has_signed(&self, other: &Self) -> bool {
        let quorum = &self.root.quorum;
        quorum.signers(&other.envelope) >= quorum.threshold
    }
}

impl<'m> Line<'m> {
    /// The line of a root: the one function that says so, to whichever command.
    pub(crate) fn of(memory: &'m Memory, root: RootFile) -> Result<Self, RootStateError> {
        Ok(Self::among(memory, memory.folders()?, root))
    }

    /// The line of a root that was opened here before.
    pub(crate) fn of_known(memory: &'m Memory, root: &TrustRoot) -> Result<Self, RootStateError> {
        let folders = memory.folders()?;
        let mut known = folders.iter().flat_map(|folder| &folder.roots);
        let Some(file) = known.find(|past| past.root == *root).cloned() else {
            let missing = Error::new(ErrorKind::NotFound, "the trust root is not remembered");
            return Err(failed(&memory.all)(missing));
        };
        Ok(Self::among(memory, folders, file))
    }

    fn among(memory: &'m Memory, folders: Vec<Folder>, root: RootFile) -> Self {
        let certain = |folder: &Folder| folder.roots.iter().any(|past| past.shares_line(&root));
        let (folders, mut kin): (Vec<_>, Vec<_>) = folders.into_iter().partition(certain);
        let first = folders.iter().find_map(Folder::first);
        kin.retain(|folder| {
            // Where both lines are known from their beginning, the same keepers do not make them one.
            let is_other = first.is_some() && folder.first().is_some_and(|it| Some(it) != first);
            !is_other && folder.roots.iter().any(|past| past.may_share_line(&root))
        });
        Self {
            memory,
            root,
            folders,
            kin,
        }
    }

    /// Makes sure that the root is the newest of all that may be its line and was met here, or follows it.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        self.check_after(self.roots())
    }

    /// The same of what is certainly its line, where another chain has brought it here: versions may be missing.
    pub(crate) fn check_certain(&self) -> Result<(), Refusal> {
        match self.check_after(self.folders.iter().flat_map(|folder| &folder.roots)) {
            Err(refusal) if refusal.reason == Reason::RootGap => Ok(()),
            checked => checked,
        }
    }

    fn check_after<'a>(
        &self,
        met: impl Iterator<Item = &'a RootFile> + Clone,
    ) -> Result<(), Refusal> {
        let newest = met.clone().map(|past| past.root.version).max();
        let newest = met.filter(|past| Some(past.root.version) == newest);
        let mut verdict = Ok(());
        for past in newest {
            if past.root == self.root.root {
                return Ok(());
            }
            match root_chain::succeed(&past.root, &self.root.bytes) {
                Ok(_) => return Ok(()),
                Err(refusal) => verdict = Err(refusal),
            }
        }
        verdict
    }

    /// The root that was asked about.
    pub(crate) fn root(&self) -> &RootFile {
        &self.root
    }

    /// The version that was met last.
    pub(crate) fn newest(&self) -> Option<i64> {
        self.roots().map(|past| past.root.version).max()
    }

    /// What was met of it.
    pub(crate) fn roots(&self) -> impl Iterator<Item = &RootFile> + Clone {
        let folders = self.folders.iter().chain(&self.kin);
        folders.flat_map(|folder| &folder.roots)
    }

    /// The same, to go by.
    pub(crate) fn into_root(self) -> TrustRoot {
        self.root.root
    }

    /// Puts the root into the memory, where nothing is ever overwritten.
    pub(crate) fn remember(&self) -> Result<(), RootStateError> {
        let (place, put) = self.put(&self.root);
        put.map_err(failed(&place))
    }

    /// Puts an older root of the line there, unless another one of its version was met.
    pub(crate) fn remember_older(&self, file: &RootFile) -> Result<(), RootStateError> {
        match self.put(file) {
            (_, Err(error)) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            (place, put) => put.map_err(failed(&place)),
        }
    }

    fn put(&self, file: &RootFile) -> (PathBuf, std::io::Result<()>) {
        let mut met = self.folders.iter().flat_map(|folder| &folder.roots);
        let is_met = met.any(|past| past.root == file.root);
        let place = self.folder().join(format!("{}.json", file.root.version));
        let put = if is_met {
            Ok(())
        } else {
            private::write_new(&place, &file.bytes)
        };
        (place, put)
    }

    /// Puts something else there that is remembered of the line, in place of what was there.
    pub(crate) fn remember_as(&self, name: &str, bytes: &[u8]) -> Result<(), RootStateError> {
        let place = self.folder().join(name);
        private::write(&place, bytes).map_err(failed(&place))
    }

    /// Where more is remembered of the line.
    fn folder(&self) -> PathBuf {
        let new = || {
            self.memory
                .all
                .join(Digest::sha256(&self.root.bytes).to_hex())
        };
        let first = self.folders.first();
        first.map_or_else(new, |folder| folder.path.clone())
    }

    /// Everywhere where more may be remembered of it.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &Path> {
        let folders = self.folders.iter().chain(&self.kin);
        folders.map(|folder| folder.path.as_path())
    }
}

impl Folder {
    /// The roots in a folder, which counted when they were remembered.
    fn read(path: PathBuf) -> Result<Self, RootStateError> {
        let mut roots = Vec::new();
        for file in entries(&path)? {
            if file
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                let bytes = given_file::read(&file, DOCUMENT).map_err(failed(&file))?;
                roots.push(RootFile::read(&bytes)?);
            }
        }
        Ok(Self { path, roots })
    }

    /// The line, where the first root of it was met itself.
    fn first(&self) -> Option<Digest> {
        let mut first = self.roots.iter().filter(|past| past.root.version == 1);
        first.next().map(|past| past.line)
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, RootStateError> {
    let entries = match folder.read_dir() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed(folder))?,
    };
    let path = |entry: std::io::Result<DirEntry>| Ok(entry.map_err(failed(folder))?.path());
    entries.map(path).collect()
}

fn failed(path: &Path) -> impl FnOnce(Error) -> RootStateError {
    let path = path.to_owned();
    move |source| RootStateError::Io { path, source }
}
