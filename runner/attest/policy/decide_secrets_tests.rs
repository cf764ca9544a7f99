//! Entries that allow secrets, and policies that know them or do not.

use super::*;
use crate::fixture::{NOW, provenance};
use crate::policy::fixture::{HEAD, build, trust};
use crate::policy::rego_engine::RegoEngine;
use crate::policy::signed;

/// The verdict of a policy on a build whose recipe allows something with this digest.
fn verdict(rule: &str, allowed: Option<&str>) -> Option<Reason> {
    let mut provenance = provenance();
    let entry = |digest: &str| {
        Value::object([
            ("rule", "private-key".into()),
            ("path", "test.pem".into()),
            ("sha256", digest.into()),
        ])
    };
    let entries = Value::Array(allowed.into_iter().map(entry).collect());
    let recipe = Value::object([("allow-secret", entries)]);
    provenance.external_parameters = build_type::external_parameters(recipe, [].into());
    let decision = decide(&Question {
        policy: &signed::unsigned(&format!("{HEAD}[require]\n{rule}\n")).unwrap(),
        environment: None,
        builds: &[build(&provenance, 1)],
        trust: &trust(),
        known: None,
        rego: &RegoEngine,
        now: NOW.parse().unwrap(),
    });
    let refused = decision.unwrap().verdict().err();
    refused.map(|refusal| refusal.reason)
}

#[test]
fn an_allowed_secret_is_known_to_the_policy_or_denied() {
    let (known, other) = ("a".repeat(64), "b".repeat(64));
    let pins = format!("allow-secrets = [\"{known}\"]");
    let denied = Some(Reason::SecretNotAllowed);
    assert_eq!(verdict("level = 2", Some(&other)), None);
    assert_eq!(verdict("allow-secrets = []", None), None);
    assert_eq!(verdict("allow-secrets = []", Some(&known)), denied);
    assert_eq!(verdict(&pins, Some(&known)), None);
    assert_eq!(verdict(&pins, Some(&other)), denied);
    assert_eq!(verdict(&pins, Some("no digest")), denied);
}

#[test]
fn an_environment_allows_no_more() {
    let policy = |own: &str| {
        let text = format!(
            "{HEAD}[require]\nallow-secrets = []\n[environment.production]\nallow-secrets = [{own}]\n"
        );
        signed::unsigned(&text)
    };
    assert!(policy("").is_ok());
    assert!(policy(&format!("\"{}\"", "a".repeat(64))).is_err());
}
