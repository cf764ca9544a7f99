//! Summaries: what they may claim, and when they are believed.

use super::*;
use crate::attest::fixture::{Forgery, NOW, artifact, edit, provenance, public};
use crate::policy::fixture::{HEAD, build, trust};
use crate::policy::rego_engine::RegoEngine;
use crate::policy::signed;

const VERIFIER: &str = "https://zwieback.example/verifiers/gate";
const RESOURCE: &str = "pkg:generic/zlib@1.2.13";

/// The statement of key 7's summary, for builds by those keys.
fn summary(signers: &[u8], trust: &Trust) -> Result<String, Refusal> {
    let builds: Vec<_> = signers.iter().map(|it| build(&provenance(), *it)).collect();
    let policy = signed::unsigned(HEAD).unwrap();
    let question = Question {
        policy: &policy,
        environment: None,
        builds: &builds,
        trust,
        rego: &RegoEngine,
        now: NOW.parse().unwrap(),
    };
    let verifier = Verifier {
        id: VERIFIER,
        resource: RESOURCE,
        policy_uri: "https://zwieback.example/policy.toml",
    };
    let statement = summarize(&question, &[artifact("a", b"lib/a")], verifier)?;
    Ok(String::from_utf8(statement.to_bytes()).unwrap())
}

fn ask(payload: &str, change: impl Fn(&mut Conditions<'_>)) -> Result<Summary, Refusal> {
    let verifier = |number: u8, verifier: &str| VerifierKey {
        key: public(number),
        verifier: verifier.to_owned(),
    };
    let other = "https://zwieback.example/verifiers/other";
    let verifiers = [verifier(7, VERIFIER), verifier(8, other)];
    let mut conditions = Conditions {
        verifiers: &verifiers,
        resource: RESOURCE,
        level: BuildLevel::L1,
        properties: &[],
        policy: Some(Digest::sha256(HEAD.as_bytes())),
        max_age: Some(3600),
        now: NOW.parse().unwrap(),
    };
    change(&mut conditions);
    let bundle = Forgery::new(payload, 7).text();
    believe(bundle.as_bytes(), &[artifact("a", b"lib/a")], &conditions)
}

#[test]
fn reproduced_is_what_two_operators_say() {
    for (signers, expected) in [
        (&[1][..], false),
        (&[1, 1], false),
        (&[1, 2], false),
        (&[1, 3], true),
    ] {
        let text = summary(signers, &trust()).unwrap();
        assert_eq!(text.contains(REPRODUCED), expected, "{signers:?}");
        assert!(text.contains("\"SLSA_BUILD_LEVEL_2\""));
    }
    let single = Trust::Key(Box::new(public(1)));
    assert!(!summary(&[1, 3], &single).unwrap().contains(REPRODUCED));
    assert_eq!(
        summary(&[], &trust()).unwrap_err().reason,
        Reason::BuildersTooFew
    );
}

#[test]
fn a_summary_is_believed_under_its_conditions() {
    let honest = summary(&[1, 3], &trust()).unwrap();
    let reproduced = [REPRODUCED.to_owned()];
    assert!(ask(&honest, |_| ()).is_ok());
    let level: BuildLevel = 2.try_into().unwrap();
    assert!(ask(&honest, |it| it.level = level).is_ok());
    let two = ask(&honest, |it| it.max_age = None).unwrap();
    assert!(two.levels.contains(&reproduced[0]));
    let too_high: BuildLevel = 3.try_into().unwrap();
    let later: Timestamp = "2026-06-01T02:00:00Z".parse().unwrap();
    let other = Digest::sha256(b"other");
    for (verdict, expected) in [
        (ask(&honest, |it| it.level = too_high), Reason::SummaryLevel),
        (
            ask(&honest, |it| it.resource = "pkg:generic/zlib@1.2.14"),
            Reason::SummaryResource,
        ),
        (
            ask(&honest, |it| it.policy = Some(other)),
            Reason::SummaryPolicy,
        ),
        (ask(&honest, |it| it.now = later), Reason::SummaryTooOld),
    ] {
        assert_eq!(verdict.unwrap_err().reason, expected);
    }
}

#[test]
fn forged_summaries() {
    let honest = summary(&[1], &trust()).unwrap();
    for (from, to, expected) in [
        ("PASSED", "FAILED", Reason::SummaryFailed),
        ("PASSED", "passed", Reason::FieldMalformed),
        (
            "verifiers/gate",
            "verifiers/other",
            Reason::VerifierUntrusted,
        ),
        (
            "verifiers/gate",
            "verifiers/none",
            Reason::VerifierUntrusted,
        ),
        (
            "verification_summary/v1",
            "provenance/v1",
            Reason::PredicateType,
        ),
        ("\"SLSA_BUILD_LEVEL_2\"", "\"FAILED\"", Reason::SummaryLevel),
        ("\"timeVerified\"", "\"x\"", Reason::SummaryTooOld),
    ] {
        let verdict = ask(&edit(&honest, from, to), |_| ());
        assert_eq!(verdict.unwrap_err().reason, expected, "{to}");
    }
}
