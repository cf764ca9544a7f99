//! Chapter of a verification: what may lie beside outputs because it is about them: evidence that was named,
//! bundles about the same, the file of their tree, and the list of their digests. Each is known by its bytes.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::Read as _;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use zwieback_attest::bundle;
use zwieback_attest::folder::{Folder, Present, Stated};
use zwieback_attest::output_tree::{self, SUMS, StatedTree, sums};
use zwieback_attest::provenance::Provenance;
use zwieback_attest::reason::{Reason, Refusal};
use zwieback_attest::statement::Statement;
use zwieback_attest::verify::{Request, verify_claim};
use zwieback_host::fs::beneath::{look, open_dir, open_file};
use zwieback_host::fs::folder_content::{Asks, read};
use zwieback_host::fs::folder_walk::open_folder;
use zwieback_model::digest::Digest;

use super::folder_terms::{Terms, unreadable};

/// How the name of the folder ends that lies beside another, and holds what has no place in it.
const ASIDE: &str = ".zwieback";
/// No honest bundle is larger.
const LARGEST: u64 = 16 << 20;
/// So much is read of bundles that nobody named; whatever is more of them is nobody's.
const MOST_READ: u64 = 256 << 20;
/// Who may execute a file, and with whose rights.
const EXECUTE_OR_SPECIAL: u32 = 0o7111;

/// `DIR.zwieback`, if it is there.
#[derive(Debug)]
pub struct Aside {
    folder: Option<(PathBuf, OwnedFd)>,
}

/// What may lie beside the outputs.
pub struct Companions<'a> {
    terms: &'a Terms<'a>,
    trees: Vec<StatedTree>,
    /// Trees that older statements name among the byproducts: an export lays their file there too.
    older: Vec<Digest>,
    sums: Vec<(u64, Digest)>,
    stated: &'a [Stated<'a>],
    read: Cell<u64>,
}

impl Aside {
    /// Opens the folder beside one, which must be a folder itself.
    pub fn open(path: &Path) -> Result<Self, Refusal> {
        let none = Self { folder: None };
        let Ok(real) = path.canonicalize() else {
            return Ok(none);
        };
        let (Some(parent), Some(name)) = (
            real.parent(),
            real.file_name().and_then(|file_name| file_name.to_str()),
        ) else {
            return Ok(none);
        };
        let name = format!("{name}{ASIDE}");
        let aside = parent.join(&name);
        let refuse = |fault| unreadable(&aside, &fault);
        let parent = open_folder(parent).map_err(|fault| refuse(fault.into()))?;
        if look(parent.as_fd(), &name)
            .map_err(|fault| refuse(fault.into()))?
            .is_none()
        {
            return Ok(none);
        }
        let Ok(folder) = open_dir(parent.as_fd(), &name) else {
            let saw = format!("{} is no folder", aside.display());
            return Err(Refusal::new(Reason::EntryKind, saw));
        };
        Ok(Self {
            folder: Some((aside, folder)),
        })
    }

    /// Where it is.
    pub fn path(&self) -> Option<&Path> {
        self.folder.as_ref().map(|(path, _)| path.as_path())
    }
}

impl<'a> Companions<'a> {
    /// What may lie beside what is stated.
    pub fn new(terms: &'a Terms<'a>, stated: &'a [Stated<'a>]) -> Self {
        let trees = terms.statements.iter();
        let trees = trees.filter_map(|tree| StatedTree::of(tree).ok().flatten());
        let older = terms.statements.iter().filter_map(older_tree);
        let sums = stated
            .iter()
            .map(|it| sums(it.sums()))
            .collect::<BTreeSet<_>>();
        let sums = sums
            .iter()
            .map(|text| (text.len() as u64, Digest::sha256(text.as_bytes())));
        Self {
            terms,
            trees: trees.collect(),
            older: older.collect(),
            sums: sums.collect(),
            stated,
            read: Cell::new(0),
        }
    }

    /// Whether the digest of a file would tell that it is a companion.
    pub fn asks_for(&self, path: &[u8], length: u64) -> bool {
        if path.contains(&b'/') || self.is_output(path) {
            return false;
        }
        let mut evidence = self.terms.evidence.iter();
        let is_sums = path == SUMS.as_bytes() && self.sums.iter().any(|(it, _)| *it == length);
        let is_tree = self.trees.iter().any(|tree| tree.file.as_bytes() == path);
        let is_older = !self.older.is_empty() && path.ends_with(output_tree::ENDING.as_bytes());
        is_sums
            || is_tree
            || evidence.any(|it| it.length == length)
            || ((is_older || path.ends_with(bundle::ENDING.as_bytes()))
                && self.is_affordable(length))
    }

    /// Takes the companions out of a folder; what is left must be stated.
    pub fn take_out(&self, dir: BorrowedFd<'_>, folder: &mut Folder) {
        folder.retain(|path, present| {
            let is_here = !path.contains(&b'/') && !self.is_output(path);
            !(is_here && self.is_companion(dir, path, present))
        });
    }

    /// Makes sure that nothing else lies in the folder beside.
    pub fn check_aside(&self, aside: &Aside) -> Result<(), Refusal> {
        let Some((path, folder)) = &aside.folder else {
            return Ok(());
        };
        let content = read(folder.as_fd(), self).map_err(|error| unreadable(path, &error))?;
        let extra = content.iter().filter(|(name, present)| {
            let is_here = !name.contains(&b'/');
            !(is_here && self.is_companion(folder.as_fd(), name, present))
        });
        let refusal = |(name, _): (&Vec<u8>, &Present)| {
            let saw = format!("{}/{}", path.display(), String::from_utf8_lossy(name));
            Refusal::new(Reason::EntryExtra, format!("{saw:?}"))
        };
        match Refusal::of_many(extra.map(refusal)) {
            Some(refusal) => Err(refusal),
            None => Ok(()),
        }
    }

    /// Bundles that nobody named are read up to a sum: how many there are is up to whoever made the folder.
    fn is_affordable(&self, length: u64) -> bool {
        let read = self.read.get().saturating_add(length);
        let is_affordable = length <= LARGEST && read <= MOST_READ;
        if is_affordable {
            self.read.set(read);
        }
        is_affordable
    }

    fn is_output(&self, path: &[u8]) -> bool {
        self.stated.iter().any(|it| it.has(path))
    }

    fn is_companion(&self, dir: BorrowedFd<'_>, name: &[u8], present: &Present) -> bool {
        let Present::File {
            sha256: Some(digest),
            mode,
            capable: false,
        } = present
        else {
            return false;
        };
        // What is about outputs is read. To be executed is something else.
        let executes = mode & EXECUTE_OR_SPECIAL;
        if executes != 0 && !(self.terms.leave.modes && executes & 0o7000 == 0) {
            return false;
        }
        let Ok(name) = std::str::from_utf8(name) else {
            return false;
        };
        let is_tree = |tree: &StatedTree| tree.file == name && tree.digest == *digest;
        let is_sums = name == SUMS && self.sums.iter().any(|(_, it)| it == digest);
        self.terms.evidence.iter().any(|it| it.sha256 == *digest)
            || self.trees.iter().any(is_tree)
            || (name.ends_with(output_tree::ENDING) && self.older.contains(digest))
            || is_sums
            || (name.ends_with(bundle::ENDING) && self.is_bundle(dir, name, *digest))
    }

    /// Whether a file is a bundle by somebody who is trusted, about the same outputs.
    fn is_bundle(&self, dir: BorrowedFd<'_>, name: &str, digest: Digest) -> bool {
        let mut bytes = Vec::new();
        let Ok(file) = open_file(dir, name) else {
            return false;
        };
        let read = file.take(LARGEST).read_to_end(&mut bytes);
        if read.is_err() || Digest::sha256(&bytes) != digest {
            return false;
        }
        let statement = believed(&bytes, self.terms);
        let is_same = |other: &Statement, own: &Statement| {
            let trees = (
                StatedTree::of(other).ok().flatten(),
                StatedTree::of(own).ok().flatten(),
            );
            match trees {
                (Some(other), Some(own)) => other == own,
                _ => other.subject == own.subject,
            }
        };
        let mut own = self.terms.statements.iter();
        statement.is_some_and(|other| own.any(|own| is_same(&other, own)))
    }
}

impl Asks for Companions<'_> {
    fn file(&self, path: &[u8], length: u64) -> bool {
        self.asks_for(path, length)
    }

    fn directory(&self, _: &[u8]) -> bool {
        false
    }
}

/// The tree of the outputs of a statement that names it among the byproducts alone.
fn older_tree(statement: &Statement) -> Option<Digest> {
    if StatedTree::of(statement) != Ok(None) {
        return None;
    }
    let provenance = Provenance::read(&statement.predicate).ok()?;
    let mut byproducts = provenance.byproducts.iter();
    byproducts
        .find(|byproduct| byproduct.is_tree())?
        .digest
        .get_sha256()
}

/// What a bundle says that would be believed if it had been named: a key that was revoked, has expired or speaks
/// for another builder vouches for nothing here either.
fn believed(bytes: &[u8], terms: &Terms<'_>) -> Option<Statement> {
    let verified = verify_claim(&Request {
        bundle: bytes,
        artifacts: &[],
        trust: terms.trust,
        foreign: terms.foreign,
        now: terms.now,
    });
    Some(verified.ok()?.statement())
}
