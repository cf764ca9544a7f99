//! What is kept of each statement that counts.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use zwieback_attest::key_id::KeyId;
use zwieback_attest::trusted_time::stamp::TimeStamp;
use zwieback_model::digest::Digest;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;

use crate::statement::approval::Approval;
use crate::statement::break_glass::BreakGlass;
use crate::statement::revocation::Revocation;
use crate::statement::test_result::TestResult;
use crate::tlog::proof::TreeHead;

/// What was said in an entry, and by which key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entered<T> {
    /// The entry.
    pub index: u64,
    /// The key that signed it.
    pub key: KeyId,
    /// The time stamps over that.
    pub stamps: BTreeSet<TimeStamp>,
    /// What was said.
    pub what: T,
}

impl<T> Entered<T> {
    /// Something else that the same entry says.
    pub fn with<U>(&self, what: U) -> Entered<U> {
        Entered {
            index: self.index,
            key: self.key,
            stamps: self.stamps.clone(),
            what,
        }
    }
}

/// All that was said about one artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactRecord {
    /// What it is called: by the first builder whose key the policy knows, else by who spoke first.
    pub name: String,
    /// Whether such a builder named it.
    pub is_named: bool,
    /// How it was built.
    pub builds: Vec<Entered<BuildRecord>>,
    /// Who approved it.
    pub approvals: Vec<Entered<Approval>>,
    /// How its tests ended.
    pub tests: Vec<Entered<TestRecord>>,
    /// Exceptions made for it.
    pub exceptions: Vec<Entered<BreakGlass>>,
}

/// How tests ended, and what tells it from an earlier or later result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestRecord {
    /// How they ended.
    pub result: TestResult,
    /// When that was said, where it says so.
    pub issued: Option<Timestamp>,
    /// How many entries of the log it comes after.
    pub size: u64,
}

/// Who is said to have changed a source, and who after all did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorshipRecord {
    /// When that was said.
    pub issued: Timestamp,
    /// Who did.
    pub authors: BTreeSet<Name>,
    /// What it takes back: each entry before it that names somebody who did not, and under which name.
    pub withdrawn: BTreeSet<(u64, Name)>,
}

/// One build of an artifact, as its provenance has it; it is verified only when it matters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildRecord {
    /// What it calls the artifact.
    pub name: String,
    /// The builder's id.
    pub builder: String,
    /// The inputs that have a SHA-256, with what they are called.
    pub inputs: BTreeMap<Digest, String>,
    /// Trees that other recipes made, with what they were to this build.
    pub needs: BTreeMap<Digest, String>,
    /// The recipe's name and version, where there is one.
    pub release: Option<(String, String)>,
    /// The tree of all its outputs, where it says so: whoever revokes that revokes each of them.
    pub tree: Option<Digest>,
}

/// A revocation that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationRecord {
    /// The entry.
    pub index: u64,
    /// Who revoked.
    pub by: Name,
    /// With which key.
    pub key: KeyId,
    /// The time stamps over that.
    pub stamps: BTreeSet<TimeStamp>,
    /// What, from when, why.
    pub revocation: Revocation,
    /// Whether their word alone was enough.
    pub alone: bool,
    /// Whether they were a keeper who spoke against a keeper, and their key was not revoked before enough
    /// others agreed.
    pub keeper: bool,
    /// Whether it also ends what a key says as a keeper's: it was none then.
    pub ends_vote: bool,
}

/// One build by the tree that came out of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeRecord {
    /// The build.
    pub build: BuildRecord,
    /// The files of the tree, as far as they are subjects.
    pub files: BTreeSet<Digest>,
}

/// Trees that the log gave up when it was put back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestorationRecord {
    /// What readers may remember, each tree exactly.
    pub old: BTreeSet<TreeHead>,
    /// What the log was put back to.
    pub new: TreeHead,
    /// From when on no memory takes it any more.
    pub expires: Timestamp,
    /// Who says so.
    pub keepers: Vec<Entered<Name>>,
    /// How many were enough when so many had said it.
    pub enough: Option<usize>,
}

/// A policy that waits for enough keepers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Who is for it.
    pub keepers: BTreeSet<Name>,
}

/// What a statement would change that nobody has recorded: it has no place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrecorded(Line);

/// What became of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The entry.
    pub index: u64,
    /// Who said it: a person, a builder, the gate, or a key nobody knows.
    pub who: String,
    /// What they did, as a verb.
    pub verb: &'static str,
    /// To what.
    pub what: String,
    /// The digest of that.
    pub digest: Option<Digest>,
    /// When, by their own word.
    pub when: Option<Timestamp>,
    /// What it changed, or why it changed nothing.
    pub outcome: Result<String, crate::reason::Refusal>,
}

impl Unrecorded {
    /// What the line of a state tells that was never appended to.
    pub fn new(line: Line) -> Self {
        Self(line)
    }

    /// Who said it, and what came of it: all but the place, which the caller makes no use of.
    pub fn describe<T>(&self, describe: impl FnOnce(&Line) -> T) -> T {
        describe(&Line {
            index: u64::MAX,
            ..self.0.clone()
        })
    }
}
