//! Summaries: what they may claim, and when they are believed.

use super::*;
use crate::fixture::{Forgery, NOW, artifact, edit, provenance, public};
use crate::policy::fixture::{HEAD, build, trust};
use crate::policy::rego_engine::RegoEngine;
use crate::policy::signed;
use crate::trust_root::{Revocation, VerifierKey};

const VERIFIER: &str = "https://zwieback.example/verifiers/gate";
const RESOURCE: &str = "pkg:generic/zlib@1.2.13";

fn policy() -> String {
    format!("{HEAD}[require]\nlevel = 1\n")
}

/// The statement of key 7's summary, for builds by those keys.
fn summary(signers: &[u8], trust: &Trust) -> Result<String, Refusal> {
    summary_of(signers, trust, None, &policy())
}

fn summary_of(
    signers: &[u8],
    trust: &Trust,
    environment: Option<&str>,
    policy: &str,
) -> Result<String, Refusal> {
    let builds: Vec<_> = signers
        .iter()
        .map(|signer| build(&provenance(), *signer))
        .collect();
    let environment = environment.map(|name| name.parse().unwrap());
    let question = Question {
        policy: &signed_by_keepers(policy),
        environment: environment.as_ref(),
        builds: &builds,
        trust,
        known: None,
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

fn signed_by_keepers(text: &str) -> KnownPolicy {
    KnownPolicy {
        is_signed: true,
        ..signed::unsigned(text).unwrap()
    }
}

/// The root of the fixture, and who verifies.
fn root() -> TrustRoot {
    let Trust::Root(mut root) = trust() else {
        panic!("the fixture has a root");
    };
    let verifier = |number: u8, verifier: &str| VerifierKey {
        key: public(number),
        verifier: verifier.to_owned(),
    };
    let other = "https://zwieback.example/verifiers/other";
    root.verifiers = vec![verifier(7, VERIFIER), verifier(8, other)];
    *root
}

fn ask<'c>(payload: &str, change: impl Fn(&mut Conditions<'c>)) -> Result<Summary, Refusal> {
    ask_in(Box::leak(Box::new(root())), payload, change)
}

fn ask_in<'c>(
    root: &'c TrustRoot,
    payload: &str,
    change: impl Fn(&mut Conditions<'c>),
) -> Result<Summary, Refusal> {
    let mut conditions = Conditions {
        root,
        resource: RESOURCE,
        environment: None,
        level: BuildLevel::L1,
        properties: &[],
        policy: None,
        unsigned_policy: false,
        max_age: Some(3600),
        now: NOW.parse().unwrap(),
    };
    change(&mut conditions);
    let bundle = Forgery::new(payload, 7).text();
    believe(bundle.as_bytes(), &[artifact("a", b"lib/a")], &conditions).map(|it| it.0)
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
    let own = signed_by_keepers(&policy());
    assert!(ask(&honest, |it| it.policy = Some(&own)).is_ok());
    let other = signed_by_keepers(&format!("{HEAD}[require]\nlevel = 2\n"));
    for (verdict, expected) in [
        (ask(&honest, |it| it.level = too_high), Reason::SummaryLevel),
        (
            ask(&honest, |it| it.resource = "pkg:generic/zlib@1.2.14"),
            Reason::SummaryResource,
        ),
        (
            ask(&honest, |it| it.policy = Some(&other)),
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

/// A summary is judged by what it says of its grounds, and by the trust root of now.
#[test]
fn a_summary_is_judged_like_the_builds_it_stands_for() {
    let honest = summary(&[1, 3], &trust()).unwrap();
    let gone = |key: u8| {
        let mut root = root();
        let revocation = Revocation {
            from: None,
            reason: "stolen".into(),
        };
        root.revoked.push((public(key).id().name(), revocation));
        root
    };
    let lowered = {
        let mut root = root();
        root.builders[2].level = BuildLevel::L1;
        root
    };
    let level: BuildLevel = 2.try_into().unwrap();
    let one_operator = {
        let mut root = root();
        root.builders[2].operator = "acme".into();
        root
    };
    let production = "production".parse().unwrap();
    let reproduced = [REPRODUCED.to_owned()];
    for (what, verdict, expected) in [
        (
            "builder's key revoked",
            ask_in(&gone(3), &honest, |_| ()),
            Reason::KeyRevoked,
        ),
        (
            "verifier's key revoked",
            ask_in(&gone(7), &honest, |_| ()),
            Reason::KeyUnknown,
        ),
        (
            "builder's level lowered",
            ask_in(&lowered, &honest, |it| it.level = level),
            Reason::SummaryLevel,
        ),
        (
            "two operators became one",
            ask_in(&one_operator, &honest, |it| it.properties = &reproduced),
            Reason::SummaryLevel,
        ),
        (
            "another environment",
            ask(&honest, |it| it.environment = Some(&production)),
            Reason::SummaryEnvironment,
        ),
        (
            "from the future, and no age is asked for",
            ask(&honest, |it| {
                it.max_age = None;
                it.now = "2026-05-31T23:54:59Z".parse().unwrap();
            }),
            Reason::SummaryTooOld,
        ),
    ] {
        assert_eq!(verdict.unwrap_err().reason, expected, "{what}");
    }
}

#[test]
fn a_summary_ends_with_its_grounds() {
    let short = format!("{HEAD}[require]\nlevel = 1\nmax-age-days = 40\n");
    let honest = summary(&[1, 3], &trust()).unwrap();
    let aged = summary_of(&[1, 3], &trust(), None, &short).unwrap();
    let at = |text: &str, now: &str| {
        let verdict = ask(text, |it| {
            it.max_age = None;
            it.now = now.parse().unwrap();
        });
        verdict.err().map(|refusal| refusal.reason)
    };
    for (text, now, expected) in [
        (&honest, "2026-12-31T23:59:59Z", None),
        (&honest, "2027-01-01T00:00:00Z", Some(Reason::PolicyExpired)),
        // The builds ended with April, and may be forty days old.
        (&aged, "2026-06-10T00:00:00Z", None),
        (&aged, "2026-06-10T00:00:01Z", Some(Reason::SummaryExpired)),
    ] {
        assert_eq!(at(text, now), expected, "{now}");
    }
}

#[test]
fn a_summary_that_says_too_little_is_refused() {
    let environment = format!("{HEAD}[environment.production]\nlevel = 1\n");
    let of_production = summary_of(&[1], &trust(), Some("production"), &environment).unwrap();
    let production = "production".parse().unwrap();
    assert!(ask(&of_production, |it| it.environment = Some(&production)).is_ok());
    let honest = summary(&[1], &trust()).unwrap();
    let bundle = build(&provenance(), 1).bundle().to_hex();
    for (text, expected) in [
        (of_production, Reason::SummaryEnvironment),
        (
            edit(&honest, "zwieback_grounds", "other_grounds"),
            Reason::SummaryIncomplete,
        ),
        // Its bundle is none of its inputs.
        (
            edit(&honest, &bundle, &"0".repeat(64)),
            Reason::SummaryIncomplete,
        ),
        (
            edit(&honest, "\"policySigned\":true", "\"policySigned\":false"),
            Reason::PolicySignatures,
        ),
        (
            edit(&honest, "\"policySigned\":true", "\"policySigned\":1"),
            Reason::FieldMalformed,
        ),
    ] {
        let verdict = ask(&text, |_| ());
        assert_eq!(verdict.unwrap_err().reason, expected, "{text}");
    }
    let unsigned = edit(&honest, "\"policySigned\":true", "\"policySigned\":false");
    assert!(ask(&unsigned, |it| it.unsigned_policy = true).is_ok());
}
