//! A verification: every bundle against every artifact, then the policy, then a summary.

use std::collections::BTreeSet;
use std::iter;
use std::num::NonZero;
use std::path::PathBuf;
use std::thread::{self, ScopedJoinHandle};

use zwieback_attest::build_type::ForeignBuildTypes;
use zwieback_attest::bundle::Bundle;
use zwieback_attest::folder::Leave;
use zwieback_attest::level::BuildLevel;
use zwieback_attest::output_tree::{self, StatedTree};
use zwieback_attest::policy::decide::{Applicable, Decision, Outcome};
use zwieback_attest::policy::question::Question;
use zwieback_attest::policy::signed::KnownPolicy;
use zwieback_attest::policy::summary::{Conditions, Verifier, believe as believe_one, summarize};
use zwieback_attest::reason::{Reason, Refusal};
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::statement::Statement;
use zwieback_attest::trust::Trust;
use zwieback_attest::verified::Artifact;
use zwieback_attest::verify::{Request, Verified, verify_with};
use zwieback_attest::vsa::{Summary, with_ignored_modes};
use zwieback_host::keys::signer::{Signer, seal};
use zwieback_host::rego::RegoProcess;
use zwieback_model::digest_set::DigestSet;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;

use super::folder::{Held, hold};
use super::folder_terms::{Evidence, Terms};
use super::tree_file::TreeFiles;
use crate::pipeline::context::error::PipelineError;

/// A thread costs as much as a few bundles.
const WORTH_A_THREAD: usize = 16;

/// What is to be verified, by what.
#[derive(Debug)]
pub struct Asked {
    /// The bytes of each bundle. Every one must be about every artifact.
    pub bundles: Vec<Vec<u8>>,
    /// The files.
    pub artifacts: Vec<Artifact>,
    /// Folders, each of which must be what every bundle says.
    pub folders: Vec<PathBuf>,
    /// What is not asked of folders.
    pub leave: Leave,
    /// The files that were named as evidence, where they may lie in one of the folders.
    pub evidence: Vec<Evidence>,
    /// Where the file of a tree may lie.
    pub trees: TreeFiles,
    /// Whom to believe.
    pub trust: Trust,
    /// What is asked besides.
    pub policy: Option<KnownPolicy>,
    /// Where the artifacts are to be used.
    pub environment: Option<Name>,
    /// Who evaluates the policy's Rego modules.
    pub rego: RegoProcess,
    /// What the clock shows.
    pub now: Timestamp,
}

/// What was verified, and what the policy said to it.
#[derive(Debug)]
pub struct Verification {
    /// One for each bundle.
    pub builds: Vec<Verified>,
    /// Every rule of the policy; it may deny.
    pub decision: Option<Decision>,
    /// Whether that policy was signed by its keepers.
    pub policy_signed: Option<bool>,
    /// What each folder came to.
    pub held: Vec<Held>,
}

/// What a summary must say before it is believed.
#[derive(Clone, Copy, Debug)]
pub struct Needs<'a> {
    /// What the artifacts are.
    pub resource: &'a str,
    /// The level.
    pub level: BuildLevel,
    /// Properties besides.
    pub properties: &'a [String],
    /// Whether the policy that it rests on need not have been signed.
    pub unsigned_policy: bool,
    /// How old it may be, in seconds.
    pub max_age: Option<i64>,
}

/// Verifies every bundle and applies the policy. Only a verification that fails is an error here.
pub fn verify(asked: &Asked) -> Result<Verification, Refusal> {
    something_at_hand(asked)?;
    let shares = share_out(&asked.bundles, |bundles| verify_some(asked, bundles));
    // The refusal is that of the first bundle that has one, whoever finds it first.
    let shares = shares.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut builds: Vec<Verified> = shares.into_iter().flatten().collect();
    let held = hold_all(asked, || builds.iter().map(Verified::statement).collect())?;
    for files in held.iter().map(Held::paths) {
        builds = builds
            .into_iter()
            .map(|build| build.with_folder(&files))
            .collect();
    }
    let decision = question(asked, &builds).map(|it| decide(&it)).transpose()?;
    Ok(Verification {
        builds,
        decision,
        policy_signed: asked.policy.as_ref().map(|policy| policy.is_signed),
        held,
    })
}

/// A verification of nothing would be one that cannot fail.
fn something_at_hand(asked: &Asked) -> Result<(), Refusal> {
    if asked.artifacts.is_empty() && asked.folders.is_empty() {
        return Err(Refusal::new(Reason::ArtifactMissing, ""));
    }
    Ok(())
}

/// Folders come last: of a stranger's folder nothing is read for a statement that nobody trusts.
fn hold_all(
    asked: &Asked,
    statements: impl FnOnce() -> Vec<Statement>,
) -> Result<Vec<Held>, Refusal> {
    if asked.folders.is_empty() {
        return Ok(Vec::new());
    }
    let none = ForeignBuildTypes::new();
    let terms = Terms {
        statements: &statements(),
        trust: &asked.trust,
        foreign: foreign(asked, &none),
        now: asked.now,
        evidence: &asked.evidence,
        trees: &asked.trees,
        leave: asked.leave,
    };
    asked
        .folders
        .iter()
        .map(|folder| hold(folder, &terms))
        .collect()
}

fn verify_some(asked: &Asked, bundles: &[Vec<u8>]) -> Result<Vec<Verified>, Refusal> {
    let none = ForeignBuildTypes::new();
    let foreign = foreign(asked, &none);
    let one = |bundle: &Vec<u8>| {
        let request = Request {
            bundle,
            artifacts: &asked.artifacts,
            trust: &asked.trust,
            foreign,
            now: asked.now,
        };
        verify_with(&request, &asked.trees)
    };
    bundles.iter().map(one).collect()
}

fn foreign<'a>(asked: &'a Asked, none: &'a ForeignBuildTypes) -> &'a ForeignBuildTypes {
    let policy = asked.policy.as_ref();
    policy.map_or(none, |policy| policy.policy.foreign())
}

fn decide(question: &Question<'_>) -> Result<Decision, Refusal> {
    let rules = Applicable::of(question)?;
    let some = |builds: &[Verified]| -> Vec<Outcome> {
        builds
            .iter()
            .flat_map(|build| rules.of_build(build))
            .collect()
    };
    let shares = share_out(question.builds, some);
    Ok(rules.conclude(shares.into_iter().flatten().collect()))
}

/// What is found out about each bundle by itself is shared out among the CPUs, if there are many.
fn share_out<T: Sync, R: Send>(all: &[T], one: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    let useful = all.len() / WORTH_A_THREAD;
    // To ask for the number of CPUs takes a dozen system calls.
    if useful < 2 {
        return vec![one(all)];
    }
    let cpus = thread::available_parallelism().map_or(1, NonZero::get);
    let size = all.len().div_ceil(useful.min(cpus));
    thread::scope(|scope| {
        let mut shares = all.chunks(size);
        // This thread has a share too: its heap grows in larger strides than any other's.
        let own = shares.next().unwrap_or_default();
        let threads: Vec<_> = shares.map(|share| scope.spawn(|| one(share))).collect();
        let join = |thread: ScopedJoinHandle<'_, R>| thread.join().expect("verification is total");
        let own = iter::once(one(own));
        own.chain(threads.into_iter().map(join)).collect()
    })
}

/// The signed summary of a verification that a policy was content with.
pub fn summary(
    asked: &Asked,
    answer: &Verification,
    verifier: Verifier<'_>,
    signer: &dyn Signer,
) -> Result<Option<Bundle>, PipelineError> {
    let Some(question) = question(asked, &answer.builds) else {
        return Ok(None);
    };
    let mut statement = summarize(&question, &asked.artifacts, verifier)?;
    statement.subject = answer.subjects(&asked.artifacts);
    if asked.leave.modes {
        statement = with_ignored_modes(statement);
    }
    Ok(Some(seal(&statement, signer)?))
}

/// Believes a verifier's summary in place of provenance, or says why not.
pub fn believe(
    summary: &[u8],
    asked: &Asked,
    needs: &Needs<'_>,
) -> Result<(Summary, Vec<Held>), Refusal> {
    something_at_hand(asked)?;
    let Trust::Root(root) = &asked.trust else {
        let saw = "a key alone is no verifier's: a trust root says whose";
        return Err(Refusal::new(Reason::VerifierUntrusted, saw));
    };
    let conditions = Conditions {
        root,
        resource: needs.resource,
        environment: asked.environment.as_ref(),
        level: needs.level,
        properties: needs.properties,
        policy: asked.policy.as_ref(),
        unsigned_policy: needs.unsigned_policy,
        max_age: needs.max_age,
        now: asked.now,
    };
    let (summary, statement) = believe_one(summary, &asked.artifacts, &conditions)?;
    let held = hold_all(asked, || vec![statement])?;
    Ok((summary, held))
}

fn question<'a>(asked: &'a Asked, builds: &'a [Verified]) -> Option<Question<'a>> {
    Some(Question {
        policy: asked.policy.as_ref()?,
        environment: asked.environment.as_ref(),
        builds,
        trust: &asked.trust,
        known: None,
        rego: &asked.rego,
        now: asked.now,
    })
}

impl Verification {
    /// What a summary of this is about: whatever was at hand, and the tree of a folder that is whole.
    fn subjects(&self, artifacts: &[Artifact]) -> Vec<ResourceDescriptor> {
        let trees = self.held.iter().filter_map(|it| it.tree.as_ref());
        let trees: BTreeSet<&StatedTree> = trees.collect();
        let count = artifacts.len() + self.held.iter().map(|it| it.files.len()).sum::<usize>();
        // As in provenance: a tree stands for files that are too many to be listed.
        let is_listed = count <= output_tree::MOST_LISTED || trees.is_empty();
        let files = self.held.iter().flat_map(|it| &it.files);
        let files = artifacts.iter().chain(files.filter(|_| is_listed));
        let subject = |it: &Artifact| {
            ResourceDescriptor::named(it.name.as_str(), DigestSet::sha256(it.sha256))
        };
        files
            .map(subject)
            .chain(trees.into_iter().map(StatedTree::subject))
            .collect()
    }

    /// Whether the policy, if there is one, is content.
    pub fn verdict(&self) -> Result<(), Refusal> {
        self.decision.as_ref().map_or(Ok(()), Decision::verdict)
    }
}
