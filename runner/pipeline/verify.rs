//! The story of `zwieback verify`: every bundle against every artifact, then the policy, then a summary.

use std::iter;
use std::num::NonZero;
use std::thread::{self, ScopedJoinHandle};

use zwieback_core::attest::build_type::ForeignBuildTypes;
use zwieback_core::attest::bundle::Bundle;
use zwieback_core::attest::level::BuildLevel;
use zwieback_core::attest::reason::{Reason, Refusal};
use zwieback_core::attest::trust::Trust;
use zwieback_core::attest::verified::Artifact;
use zwieback_core::attest::verify::{Request, Verified, verify as verify_one};
use zwieback_core::attest::vsa::Summary;
use zwieback_core::name::Name;
use zwieback_core::policy::decide::{Applicable, Decision, Outcome};
use zwieback_core::policy::question::Question;
use zwieback_core::policy::signed::KnownPolicy;
use zwieback_core::policy::summary::{Conditions, Verifier, believe as believe_one, summarize};
use zwieback_core::timestamp::Timestamp;
use zwieback_host::keys::signer::{Signer, seal};
use zwieback_host::rego::RegoProcess;

use super::error::PipelineError;

/// A thread costs as much as a few bundles.
const WORTH_A_THREAD: usize = 16;

/// What is to be verified, by what.
#[derive(Debug)]
pub struct Asked {
    /// The bytes of each bundle. Every one must be about every artifact.
    pub bundles: Vec<Vec<u8>>,
    /// The files.
    pub artifacts: Vec<Artifact>,
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
pub struct Answer {
    /// One for each bundle.
    pub builds: Vec<Verified>,
    /// Every rule of the policy; it may deny.
    pub decision: Option<Decision>,
    /// Whether that policy was signed by its keepers.
    pub policy_signed: Option<bool>,
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
pub fn verify(asked: &Asked) -> Result<Answer, Refusal> {
    let shares = share_out(&asked.bundles, |bundles| verify_some(asked, bundles));
    // The refusal is that of the first bundle that has one, whoever finds it first.
    let shares = shares.into_iter().collect::<Result<Vec<_>, _>>()?;
    let builds: Vec<Verified> = shares.into_iter().flatten().collect();
    let decision = question(asked, &builds).map(|it| decide(&it)).transpose()?;
    Ok(Answer {
        builds,
        decision,
        policy_signed: asked.policy.as_ref().map(|policy| policy.is_signed),
    })
}

fn verify_some(asked: &Asked, bundles: &[Vec<u8>]) -> Result<Vec<Verified>, Refusal> {
    let none = ForeignBuildTypes::new();
    let policy = asked.policy.as_ref();
    let foreign = policy.map_or(&none, |policy| policy.policy.foreign());
    let one = |bundle: &Vec<u8>| {
        verify_one(&Request {
            bundle,
            artifacts: &asked.artifacts,
            trust: &asked.trust,
            foreign,
            now: asked.now,
        })
    };
    bundles.iter().map(one).collect()
}

fn decide(question: &Question<'_>) -> Result<Decision, Refusal> {
    let rules = Applicable::of(question)?;
    let some = |builds: &[Verified]| -> Vec<Outcome> {
        builds.iter().flat_map(|it| rules.of_build(it)).collect()
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
        let threads: Vec<_> = shares.map(|it| scope.spawn(|| one(it))).collect();
        let join = |thread: ScopedJoinHandle<'_, R>| thread.join().expect("verification is total");
        let own = iter::once(one(own));
        own.chain(threads.into_iter().map(join)).collect()
    })
}

/// The signed summary of a verification that a policy was content with.
pub fn summary(
    asked: &Asked,
    builds: &[Verified],
    verifier: Verifier<'_>,
    signer: &dyn Signer,
) -> Result<Option<Bundle>, PipelineError> {
    let Some(question) = question(asked, builds) else {
        return Ok(None);
    };
    let statement = summarize(&question, &asked.artifacts, verifier)?;
    Ok(Some(seal(&statement, signer)?))
}

/// Believes a verifier's summary in place of provenance, or says why not.
pub fn believe(summary: &[u8], asked: &Asked, needs: &Needs<'_>) -> Result<Summary, Refusal> {
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
    believe_one(summary, &asked.artifacts, &conditions)
}

fn question<'a>(asked: &'a Asked, builds: &'a [Verified]) -> Option<Question<'a>> {
    Some(Question {
        policy: asked.policy.as_ref()?,
        environment: asked.environment.as_ref(),
        builds,
        trust: &asked.trust,
        rego: &asked.rego,
        now: asked.now,
    })
}

impl Answer {
    /// Whether the policy, if there is one, is content.
    pub fn verdict(&self) -> Result<(), Refusal> {
        self.decision.as_ref().map_or(Ok(()), Decision::verdict)
    }
}
