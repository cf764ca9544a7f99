//! The decision whether an artifact was built by someone who is trusted.

use std::fmt;

use zwieback_model::digest::Digest;
use zwieback_model::timestamp::Timestamp;

use super::build_type::{self, BUILD_TYPE, ForeignBuildTypes};
use super::bundle::Bundle;
use super::key_id::KeyId;
use super::level::BuildLevel;
use super::output_tree::{self, StatedTree};
use super::provenance::{PREDICATE_TYPE, Provenance};
use super::reason::{Reason, Refusal};
use super::signing_time::SigningTime;
use super::stated_input;
use super::statement::Statement;
use super::trust::Trust;
use super::verified::{Artifact, VerifiedEnvelope, VerifiedStatement, read_statement};

/// What is to be decided, and by what.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The bytes of the bundle.
    pub bundle: &'a [u8],
    /// The files at hand: at least one.
    pub artifacts: &'a [Artifact],
    /// Whom to believe.
    pub trust: &'a Trust,
    /// Build types besides our own.
    pub foreign: &'a ForeignBuildTypes,
    /// What the verifier's clock shows.
    pub now: Timestamp,
}

/// Finds the bytes of the tree that a statement names.
pub trait Trees: fmt::Debug + Sync {
    /// Bytes with that digest, if they are at hand.
    fn find(&self, tree: &StatedTree) -> Option<Vec<u8>>;
}

/// No tree is at hand.
#[derive(Clone, Copy, Debug)]
struct NoTrees;

/// How the artifacts were built, on the word of someone who is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    provenance: Provenance,
    // As bytes: among a thousand bundles the trees of values would take most of the memory.
    statement: Vec<u8>,
    key: KeyId,
    bundle: Digest,
    level: BuildLevel,
    operator: Option<String>,
    time: SigningTime,
    subjects: Vec<String>,
    tree: Option<StatedTree>,
}

/// Verifies in the order of SLSA's "verifying artifacts"; the first thing that fails is the reason.
pub fn verify(request: &Request<'_>) -> Result<Verified, Refusal> {
    judge(request, Need::OneArtifact, &NoTrees)
}

/// Verifies what a bundle says for whoever will make the artifacts again: no file need be at hand.
pub fn verify_claim(request: &Request<'_>) -> Result<Verified, Refusal> {
    judge(request, Need::Nothing, &NoTrees)
}

/// The same for whoever holds a folder against it; files that are too many to be listed are looked up in
/// their tree.
pub fn verify_with(request: &Request<'_>, trees: &dyn Trees) -> Result<Verified, Refusal> {
    judge(request, Need::Nothing, trees)
}

/// What must be at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    OneArtifact,
    Nothing,
}

fn judge(request: &Request<'_>, need: Need, trees: &dyn Trees) -> Result<Verified, Refusal> {
    let bundle = Bundle::parse(request.bundle)?;
    let envelope = VerifiedEnvelope::of(&bundle, &request.trust.keys())?;
    let statement = VerifiedStatement::of(&envelope)?;
    let tree = StatedTree::of(statement.statement())?;
    let statement = complete(statement, tree.as_ref(), request.artifacts, trees)?;
    let subjects = match_artifacts(&statement, request.artifacts, need)?;
    let provenance = read_provenance(statement.statement())?;
    let time = SigningTime {
        now: request.now,
        stamped: request.trust.stamped_at(&bundle)?,
    };
    let builder = &provenance.builder.id;
    let (level, operator) = request.trust.level(statement.key(), builder, time)?;
    check_build(&provenance, request.foreign)?;
    Ok(Verified {
        provenance,
        key: statement.key(),
        statement: bundle.into_payload(),
        bundle: Digest::sha256(request.bundle),
        level,
        operator: operator.map(str::to_owned),
        time,
        subjects,
        tree,
    })
}

/// What a statement would come to if that key signed it now, for whoever asks a policy before the key is
/// asked. Nothing vouches for it.
pub fn foresee(
    statement: &[u8],
    key: KeyId,
    trust: &Trust,
    foreign: &ForeignBuildTypes,
    now: Timestamp,
) -> Result<Verified, Refusal> {
    if !trust.keys().iter().any(|known| known.id() == key) {
        return Err(Refusal::new(Reason::KeyUnknown, key));
    }
    let read = read_statement(statement)?;
    let provenance = read_provenance(&read)?;
    let time = SigningTime { now, stamped: None };
    let (level, operator) = trust.level(key, &provenance.builder.id, time)?;
    check_build(&provenance, foreign)?;
    let outputs = output_tree::outputs(&read);
    Ok(Verified {
        subjects: outputs.map(|output| output.label().to_owned()).collect(),
        tree: StatedTree::of(&read)?,
        statement: statement.to_vec(),
        bundle: Digest::sha256(statement),
        operator: operator.map(str::to_owned),
        provenance,
        key,
        level,
        time,
    })
}

fn check_build(provenance: &Provenance, foreign: &ForeignBuildTypes) -> Result<(), Refusal> {
    build_type::check(provenance, foreign)?;
    if provenance.build_type == BUILD_TYPE {
        stated_input::check(provenance)?;
    }
    Ok(())
}

impl Trees for NoTrees {
    fn find(&self, _: &StatedTree) -> Option<Vec<u8>> {
        None
    }
}

impl Verified {
    /// How the artifacts were built.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// The statement that says so, read once more.
    pub fn statement(&self) -> Statement {
        read_statement(&self.statement).expect("what was verified has been read before")
    }

    /// The SHA-256 of the bundle's file.
    pub fn bundle(&self) -> Digest {
        self.bundle
    }

    /// The key that signed.
    pub fn key(&self) -> KeyId {
        self.key
    }

    /// How much is vouched for.
    pub fn level(&self) -> BuildLevel {
        self.level
    }

    /// Who ran the builder when it was signed, where the trust root says so.
    pub fn operator(&self) -> Option<&str> {
        self.operator.as_deref()
    }

    /// When it was signed.
    pub fn time(&self) -> SigningTime {
        self.time
    }

    /// The subject of each artifact, in the order of the artifacts.
    pub fn subjects(&self) -> &[String] {
        &self.subjects
    }

    /// The tree that it is about; older statements name none.
    pub fn tree(&self) -> Option<&StatedTree> {
        self.tree.as_ref()
    }

    /// Takes the files of a folder that was held against this statement for subjects too.
    #[must_use]
    pub fn with_folder(mut self, files: &[String]) -> Self {
        self.subjects.extend_from_slice(files);
        self
    }
}

/// A statement that leaves its files to its tree is read with it, once one of them is asked for.
fn complete(
    statement: VerifiedStatement,
    tree: Option<&StatedTree>,
    artifacts: &[Artifact],
    trees: &dyn Trees,
) -> Result<VerifiedStatement, Refusal> {
    let is_listed = output_tree::outputs(statement.statement()).next().is_some();
    let Some(tree) = tree.filter(|_| !is_listed) else {
        return Ok(statement);
    };
    if artifacts
        .iter()
        .all(|artifact| artifact.sha256 == tree.digest)
    {
        return Ok(statement);
    }
    let missing = || Refusal::new(Reason::TreeMissing, format!("{:?}", tree.file));
    let bytes = trees.find(tree).ok_or_else(missing)?;
    let read = tree.read(&bytes, statement.statement())?;
    Ok(statement.with_files(&read))
}

fn match_artifacts(
    statement: &VerifiedStatement,
    artifacts: &[Artifact],
    need: Need,
) -> Result<Vec<String>, Refusal> {
    // A verification of nothing would be one that cannot fail.
    if artifacts.is_empty() && need == Need::OneArtifact {
        return Err(Refusal::new(Reason::ArtifactMissing, ""));
    }
    let subject = |artifact| statement.match_artifact(artifact).map(str::to_owned);
    artifacts.iter().map(subject).collect()
}

pub(super) fn read_provenance(statement: &Statement) -> Result<Provenance, Refusal> {
    if statement.predicate_type != PREDICATE_TYPE {
        let saw = format!("{:?}", statement.predicate_type);
        return Err(Refusal::new(Reason::PredicateType, saw));
    }
    Ok(Provenance::read(&statement.predicate)?)
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
