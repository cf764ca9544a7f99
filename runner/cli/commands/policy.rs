//! `zwieback policy`: which rule decided, and whether a policy decides as its tests say.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use zwieback_attest::reason::Refusal;
use zwieback_host::dirs::Dirs;
use zwieback_host::fs::given_file::{self, DOCUMENT};
use zwieback_host::rego::RegoProcess;
use zwieback_model::timestamp::Timestamp;

use crate::cli::args::global::Global;
use crate::cli::args::trust::{PolicyAction, PolicyArgs, TrustArgs};
use crate::cli::commands::{release, verdict};
use crate::cli::exit;
use crate::cli::screen::paint::counted;
use crate::cli::screen::terminal;
use crate::cli::session::load_config;
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::context::keyring::KeyLocator;
use crate::pipeline::release::propose;
use crate::pipeline::trust::evidence::{self, EvidenceOptions};
use crate::pipeline::trust::policy_file::{self, PolicyFileError, UnsignedPolicy};
use crate::pipeline::trust::verify::{Answer, Asked, verify};

/// The word for a case that is to pass.
const ACCEPTED: &str = "accepted";

/// The file of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

/// One verification and what it must come to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    artifacts: Vec<PathBuf>,
    bundles: Vec<PathBuf>,
    environment: Option<String>,
    /// What the clock is to show, in place of the real one.
    now: Option<Timestamp>,
    /// `accepted`, or the code of a reason.
    expect: String,
}

/// Runs the command.
pub fn run(global: &Global, args: &PolicyArgs) -> Result<u8, Failure> {
    answer(global, args).or_else(|error| verdict::refused_or(global, error))
}

fn answer(global: &Global, args: &PolicyArgs) -> Result<u8, Failure> {
    match &args.action {
        PolicyAction::Explain {
            policy,
            artifacts,
            evidence,
            unsigned,
            environment,
        } => {
            let mut asked = evidence::asked(&EvidenceOptions {
                artifacts: artifacts.clone(),
                bundles: evidence.bundle.clone(),
                trust: evidence.trust.options(),
                environment: environment.clone(),
            })?;
            asked.policy = Some(evidence::policy(policy, unsigned.choice(), &asked)?);
            explain(global, &asked)
        }
        PolicyAction::Digest(args) => {
            let digest = propose::digest(&release::documents(args))?;
            writeln!(terminal::stdout(), "{digest}")?;
            Ok(exit::DONE)
        }
        PolicyAction::Propose { documents, say } => release::propose(global, documents, say),
        PolicyAction::Sign {
            policy,
            sign_keys,
            output,
        } => sign(global, policy, sign_keys, output),
        PolicyAction::Test {
            policy,
            cases,
            trust,
        } => test(policy, cases, trust),
    }
}

fn sign(
    global: &Global,
    policy: &Path,
    sign_keys: &[KeyLocator],
    output: &Path,
) -> Result<u8, Failure> {
    let dirs = Dirs::of_user()?;
    let keys = load_config(global, &dirs)?.sign.choices(sign_keys);
    match policy_file::sign(policy, output, &keys, &dirs, &RegoProcess::default()) {
        Ok(signed) => {
            let (file, version) = (output.display(), signed.version);
            let signatures = counted(signed.signatures, "signature");
            writeln!(
                terminal::stderr(),
                "{file}: version {version}, {signatures}"
            )?;
            Ok(exit::DONE)
        }
        Err(PolicyFileError::Refused(refusal)) => verdict::refused_or(global, refusal.into()),
        Err(error) => Err(error.into()),
    }
}

fn explain(global: &Global, asked: &Asked) -> Result<u8, Failure> {
    let answer = match verify(asked) {
        Ok(answer) => answer,
        Err(refusal) => return verdict::refused_or(global, refusal.into()),
    };
    if let Some(decision) = &answer.decision {
        verdict::explain(global, decision)?;
    }
    match answer.verdict() {
        Ok(()) => Ok(exit::DONE),
        Err(_) => Ok(exit::DENIED),
    }
}

fn test(policy: &Path, cases: &Path, trust: &TrustArgs) -> Result<u8, Failure> {
    let text =
        given_file::read_text(cases, DOCUMENT).with_context(|| cases.display().to_string())?;
    let Cases { case: table } =
        toml::from_str(&text).with_context(|| cases.display().to_string())?;
    if table.is_empty() {
        let cases = cases.display();
        return Err(Failure::asked(format!(
            "{cases}: no case, so nothing would be tested"
        )));
    }
    let folder = cases.parent().unwrap_or(Path::new("."));
    let mut stdout = terminal::stdout();
    let mut wrong = 0;
    for case in &table {
        let came = case.decide(policy, folder, trust)?;
        let is_right = came == case.expect;
        wrong += usize::from(!is_right);
        let verdict = if is_right { "ok" } else { "WRONG" };
        writeln!(
            stdout,
            "{verdict:<6}{}: {came}, {} expected",
            case.name, case.expect
        )?;
    }
    Ok(if wrong == 0 { exit::DONE } else { exit::USER })
}

impl Case {
    fn decide(&self, policy: &Path, folder: &Path, trust: &TrustArgs) -> Result<String, Failure> {
        let beside = |paths: &[PathBuf]| paths.iter().map(|path| folder.join(path)).collect();
        let mut asked = evidence::asked(&EvidenceOptions {
            artifacts: beside(&self.artifacts),
            bundles: beside(&self.bundles),
            trust: trust.options(),
            environment: self.environment.clone(),
        })?;
        // Whether it is what its author means shows before anybody signs it.
        asked.policy = Some(evidence::policy(policy, UnsignedPolicy::Taken, &asked)?);
        asked.now = self.now.unwrap_or(asked.now);
        let verdict = verify(&asked).and_then(|answer: Answer| answer.verdict());
        Ok(match verdict {
            Ok(()) => ACCEPTED.to_owned(),
            Err(Refusal { reason, .. }) => reason.code().to_owned(),
        })
    }
}
