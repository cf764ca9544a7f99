//! `zwieback policy`: which rule decided, and whether a policy decides as its tests say.

use std::io::Write as _;
use std::path::Path;

use crate::cli::args::global::Global;
use crate::cli::args::trust::{PolicyAction, PolicyArgs, TrustArgs};
use crate::cli::commands::{release, verdict};
use crate::cli::exit;
use crate::cli::screen::paint::counted;
use crate::cli::screen::terminal;
use crate::cli::session::user_config;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::context::keyring::KeyLocator;
use crate::pipeline::release::propose;
use crate::pipeline::trust::evidence::{self, EvidenceOptions};
use crate::pipeline::trust::policy_cases::Cases;
use crate::pipeline::trust::policy_file;
use crate::pipeline::trust::verify::{Asked, verify};

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
    let (dirs, config) = user_config(global)?;
    let signed = policy_file::sign_here(policy, output, &config.sign.choices(sign_keys), &dirs)?;
    let (file, version) = (output.display(), signed.version);
    let signatures = counted(signed.signatures, "signature");
    writeln!(
        terminal::stderr(),
        "{file}: version {version}, {signatures}"
    )?;
    Ok(exit::DONE)
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
    let cases = Cases::read(cases)?;
    let mut stdout = terminal::stdout();
    let mut wrong = 0;
    for case in &cases.cases {
        let came = cases.decide(case, policy, &trust.options())?;
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
