//! `zwieback verify`: artifacts against their signed provenance, or a verifier's summary, offline; and
//! `zwieback policy explain`, the same rule by rule.

use std::mem;
use std::path::{Path, PathBuf};

use zwieback_attest::folder::Leave;
use zwieback_attest::policy::summary::Verifier;
use zwieback_host::dirs::Dirs;
use zwieback_host::fs::replace::replace;

use super::evidence::{self, EvidenceOptions};
use super::folder_terms::Evidence;
use super::logged;
use super::policy_file::UnsignedPolicy;
use super::tree_file::TreeFiles;
use super::verdict::{self, LookedAt};
use super::verification::{Asked, Needs, Verification, believe, summary, verify};
use crate::pipeline::context::answer::{End, Ended, Tell};
use crate::pipeline::context::failure::{About as _, Failure, Kind};
use crate::pipeline::context::keyring::{self, KeyChoice};
use crate::pipeline::context::log_belief::LogBelief;

/// Who verifies, where the configuration does not say.
const VERIFIER: &str = "https://zwieback.example/verifier/v1";
/// Seconds of a day.
const DAY: i64 = 86_400;

/// What is verified, by what, and what is asked of it.
#[derive(Clone, Debug, Default)]
pub struct VerifyOptions<'a> {
    /// The artifacts, their bundles, and whom to believe.
    pub evidence: EvidenceOptions,
    /// Whether executable bits are not compared.
    pub ignore_mode: bool,
    /// Whether a folder may lack some of what was built.
    pub subset: bool,
    /// The policy.
    pub policy: Option<PathBuf>,
    /// Whether it counts though nobody signed it.
    pub unsigned: UnsignedPolicy,
    /// The log that every bundle must prove to be in.
    pub logged: Option<LogBelief>,
    /// What the artifacts are, for a summary.
    pub resource: Option<String>,
    /// A summary that is believed in place of bundles.
    pub summary: Option<SummaryOptions>,
    /// A summary that is written.
    pub written: Option<WriteOptions<'a>>,
}

/// A verifier's summary, and what it must say.
#[derive(Clone, Debug)]
pub struct SummaryOptions {
    /// Its file.
    pub file: PathBuf,
    /// The build level.
    pub level: u8,
    /// Properties besides.
    pub properties: Vec<String>,
    /// How many days old it may be.
    pub max_age: Option<u32>,
}

/// Where a summary goes, and who signs it.
#[derive(Clone, Debug)]
pub struct WriteOptions<'a> {
    /// The file.
    pub file: PathBuf,
    /// Who verifies.
    pub verifier: Option<String>,
    /// The key.
    pub key: KeyChoice,
    /// The user's folders.
    pub dirs: &'a Dirs,
}

/// Runs the command.
pub fn run(options: &VerifyOptions<'_>, screen: &dyn Tell) -> Ended {
    let asked = asked(options)?;
    match &options.summary {
        Some(needed) => believed(asked, options, needed, screen),
        None => verified(asked, options, screen),
    }
}

/// Shows every rule of a policy, and what it saw; that it denies is an answer.
pub fn explain(options: &VerifyOptions<'_>, screen: &dyn Tell) -> Ended {
    let verified = verify(&asked(options)?)?;
    if let Some(decision) = &verified.decision {
        screen.tell(&verdict::explained(decision))?;
    }
    let denied = |_| End::As(Kind::Denied);
    Ok(verified.verdict().map_or_else(denied, |()| End::Done))
}

fn verified(asked: Asked, options: &VerifyOptions<'_>, screen: &dyn Tell) -> Ended {
    let verified = verify(&asked)?;
    if let Some(belief) = &options.logged {
        logged::check(belief, &asked.bundles, asked.now, screen)?;
    }
    verified.verdict()?;
    if let Some(written) = &options.written {
        write(options, written, (&asked, &verified))?;
    }
    let looked_at = LookedAt::of(&asked, &verified.held);
    screen.tell(&verdict::verified(
        &looked_at,
        &verified,
        &asked.trust,
        screen,
    ))?;
    // The process ends: to take a thousand statements apart before would be for nothing.
    mem::forget((asked, verified));
    Ok(End::Done)
}

fn believed(
    mut asked: Asked,
    options: &VerifyOptions<'_>,
    needed: &SummaryOptions,
    screen: &dyn Tell,
) -> Ended {
    let bytes = evidence::read(&needed.file)?;
    asked.evidence.push(Evidence::of(&bytes));
    asked.trees = TreeFiles::beside([&needed.file]);
    let needs = Needs {
        resource: options.resource.as_deref().unwrap_or_default(),
        level: needed.level.try_into()?,
        properties: &needed.properties,
        unsigned_policy: options.unsigned == UnsignedPolicy::Taken,
        max_age: needed.max_age.map(|days| i64::from(days) * DAY),
    };
    let (summary, held) = believe(&bytes, &asked, &needs)?;
    screen.tell(&verdict::believed(&LookedAt::of(&asked, &held), &summary))?;
    Ok(End::Done)
}

fn asked(options: &VerifyOptions<'_>) -> Result<Asked, Failure> {
    let mut asked = evidence::asked(&options.evidence)?;
    asked.leave = Leave {
        modes: options.ignore_mode,
        missing: options.subset,
    };
    if let Some(policy) = &options.policy {
        asked.policy = Some(evidence::policy(policy, options.unsigned, &asked)?);
    }
    Ok(asked)
}

fn write(
    options: &VerifyOptions<'_>,
    written: &WriteOptions<'_>,
    (asked, verified): (&Asked, &Verification),
) -> Result<(), Failure> {
    let policy = options.policy.as_deref().and_then(Path::file_name);
    let policy_uri = format!("file:{}", policy.unwrap_or_default().to_string_lossy());
    let verifier = Verifier {
        id: written.verifier.as_deref().unwrap_or(VERIFIER),
        resource: options.resource.as_deref().unwrap_or_default(),
        policy_uri: &policy_uri,
    };
    let keyring = keyring::open(written.dirs, &written.key)?;
    let bundle = summary(asked, verified, verifier, keyring.signer.as_ref())?;
    let bundle = bundle.context("a summary needs a policy")?;
    let file = &written.file;
    replace(file, &bundle.to_bytes()).with_context(|| file.display().to_string())
}
