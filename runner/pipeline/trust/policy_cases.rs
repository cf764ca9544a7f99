//! Whether a policy decides as its tests say, before anybody signs it.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use zwieback_host::fs::given_file::{self, DOCUMENT};
use zwieback_model::timestamp::Timestamp;

use super::evidence::{self, EvidenceOptions, TrustOptions};
use super::policy_file::UnsignedPolicy;
use super::verification::verify;
use crate::pipeline::context::answer::{Answer, End, Ended, Tell};
use crate::pipeline::context::failure::{About as _, Failure, Kind};

/// The word for a case that is to pass.
const ACCEPTED: &str = "accepted";

/// The file of cases; paths in it start from its own folder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    /// In order.
    #[serde(rename = "case")]
    cases: Vec<Case>,
    #[serde(skip)]
    folder: PathBuf,
}

/// One verification and what it must come to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What it is about.
    name: String,
    artifacts: Vec<PathBuf>,
    bundles: Vec<PathBuf>,
    environment: Option<String>,
    /// What the clock is to show, in place of the real one.
    now: Option<Timestamp>,
    /// `accepted`, or the code of a reason.
    expect: String,
}

/// `zwieback policy test`: decides every case, and tells what each came to.
pub fn run(policy: &Path, cases: &Path, trust: &TrustOptions, screen: &dyn Tell) -> Ended {
    let cases = Cases::read(cases)?;
    let mut end = End::Done;
    for case in &cases.cases {
        let (name, expect) = (&case.name, &case.expect);
        let came = cases.decide(case, policy, trust)?;
        let is_right = came == *expect;
        let verdict = if is_right { "ok" } else { "WRONG" };
        let line = format!("{verdict:<6}{name}: {came}, {expect} expected\n");
        screen.tell(&Answer::Page(line))?;
        if !is_right {
            end = End::As(Kind::User);
        }
    }
    Ok(end)
}

impl Cases {
    /// Reads the file.
    fn read(file: &Path) -> Result<Self, Failure> {
        let named = || file.display().to_string();
        let text = given_file::read_text(file, DOCUMENT).with_context(named)?;
        let mut cases: Self = toml::from_str(&text).with_context(named)?;
        if cases.cases.is_empty() {
            let said = format!("{}: no case, so nothing would be tested", named());
            return Err(Failure::asked(said));
        }
        file.parent()
            .unwrap_or(Path::new("."))
            .clone_into(&mut cases.folder);
        Ok(cases)
    }

    /// What a case comes to.
    fn decide(&self, case: &Case, policy: &Path, trust: &TrustOptions) -> Result<String, Failure> {
        let beside = |paths: &[PathBuf]| paths.iter().map(|path| self.folder.join(path)).collect();
        let mut asked = evidence::asked(&EvidenceOptions {
            artifacts: beside(&case.artifacts),
            bundles: beside(&case.bundles),
            trust: trust.clone(),
            environment: case.environment.clone(),
        })?;
        // Whether it is what its author means shows before anybody signs it.
        asked.policy = Some(evidence::policy(policy, UnsignedPolicy::Taken, &asked)?);
        asked.now = case.now.unwrap_or(asked.now);
        let verdict = verify(&asked).and_then(|verified| verified.verdict());
        Ok(match verdict {
            Ok(()) => ACCEPTED.to_owned(),
            Err(refusal) => refusal.reason.code().to_owned(),
        })
    }
}
