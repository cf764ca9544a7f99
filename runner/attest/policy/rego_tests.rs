//! Modules that deny, that have nothing against it, and that fail: the last deny too.

use super::*;
use crate::fixture::{BUILDER, NOW, provenance};
use crate::policy::decide::decide;
use crate::policy::fixture::{HEAD, build, trust};
use crate::policy::question::Question;
use crate::policy::signed;
use crate::reason::Reason;

const NO_NPM: &str = r#"
package zwieback

deny contains msg if {
  some dependency in input.builds[_].predicate.buildDefinition.resolvedDependencies
  startswith(dependency.uri, "pkg:npm/")
  msg := sprintf("%s comes from npm", [dependency.uri])
}
"#;

fn policy(rules: &str) -> String {
    format!("{HEAD}[require.rego]\n{rules}\n")
}

/// The reason and the evidence of the first denial over one honest build.
fn verdict(body: &str) -> Result<(), (Reason, String)> {
    let text = policy(&format!("rule = '''\npackage zwieback\n{body}\n'''"));
    let refused = |reason: Reason, saw: &str| (reason, saw.to_owned());
    let policy = signed::unsigned(&text)
        .map_err(|error| refused(Reason::PolicyMalformed, &error.to_string()))?;
    policy
        .policy
        .check_modules(&RegoEngine)
        .map_err(|error| refused(Reason::PolicyMalformed, &error.to_string()))?;
    let question = Question {
        policy: &policy,
        environment: None,
        builds: &[build(&provenance(), 1), build(&provenance(), 3)],
        trust: &trust(),
        known: None,
        rego: &RegoEngine,
        now: NOW.parse().unwrap(),
    };
    let verdict = decide(&question).unwrap().verdict();
    verdict.map_err(|refusal| refused(refusal.reason, refusal.saw()))
}

/// Whether one condition over the document holds.
fn holds(condition: &str) -> bool {
    let said = verdict(&format!("deny contains \"it holds\" if {{ {condition} }}"));
    match said {
        Ok(()) => false,
        Err((Reason::RegoDenied, saw)) if saw.contains("it holds") => true,
        Err(other) => panic!("{condition}: {other:?}"),
    }
}

#[test]
fn every_member_of_the_document() {
    for condition in [
        "input.now == \"2026-06-01T00:00:00Z\"",
        "input.policy.version == 3",
        "count(input.policy.sha256) == 64",
        "input.builders == 2",
        "count(input.builds) == 2",
        &format!("input.builds[0].builder == \"{BUILDER}\""),
        "input.builds[0].level == 2",
        "input.builds[1].operator == \"other\"",
        "input.builds[0].subjects == [\"lib/a\"]",
        "count(input.builds[0].bundle) == 64",
        "input.builds[0].predicate.buildDefinition.internalParameters.profile == \"hermetic\"",
        "not input.environment",
        "not input.builds[0].stamped",
    ] {
        assert!(holds(condition), "{condition}");
    }
    assert!(!holds("input.builds[0].level == 1"));
}

#[test]
fn a_denial_says_why_and_others_have_nothing_against_it() {
    let (_, module) = NO_NPM.split_once("package zwieback").unwrap();
    assert_eq!(verdict(module), Ok(()));
    let (reason, saw) = verdict(&module.replace("pkg:npm", "pkg:deb")).unwrap_err();
    assert_eq!(reason, Reason::RegoDenied);
    assert!(
        saw.contains("zlib@1.2.13?arch=source comes from npm"),
        "{saw}"
    );
}

#[test]
fn what_comes_to_no_answer_denies() {
    for body in [
        "deny contains msg if { msg := 1 }",
        "deny := \"text\"",
        "deny contains msg if { msg := to_number(input.now) }",
        "deny contains \"x\" if { input.builds[0].level / 0 == 1 }",
    ] {
        let (reason, saw) = verdict(body).unwrap_err();
        assert_eq!(reason, Reason::RegoFailed, "{body}: {saw}");
    }
}

#[test]
fn what_is_no_module_is_refused_when_the_policy_is_read() {
    for body in [
        "",
        "allow := true",
        "deny contains",
        "deny contains msg if { msg := http.send({}) }",
        "deny contains msg if { msg := time.now_ns() }",
        "deny contains msg if { msg := rand.intn(\"x\", 5) }",
        "deny contains msg if { msg := opa.runtime() }",
    ] {
        let (reason, saw) = verdict(body).unwrap_err();
        assert_eq!(reason, Reason::PolicyMalformed, "{body}: {saw}");
    }
    let long = format!("# {}", "x".repeat(64 << 10));
    let (reason, saw) = verdict(&long).unwrap_err();
    assert_eq!(reason, Reason::PolicyMalformed);
    assert!(saw.contains("longer than 65536 bytes"), "{saw}");
}

#[test]
fn an_environment_adds_modules_and_replaces_none() {
    let with = |name: &str, module: &str| {
        let own = format!("[environment.prod.rego]\n{name} = '''{module}'''\n");
        signed::unsigned(&(policy(&format!("npm = '''{NO_NPM}'''")) + &own))
    };
    let other = NO_NPM.replace("npm/", "cargo/");
    let rules = with("cargo", &other).unwrap();
    let prod = "prod".parse().unwrap();
    assert_eq!(rules.policy.rules(Some(&prod)).unwrap().rego.len(), 2);
    assert!(with("npm", NO_NPM).is_ok());
    let refused = with("npm", &other).unwrap_err().to_string();
    assert!(refused.contains("`rego.npm` allows more"), "{refused}");
}

#[test]
fn modules_and_what_they_say_have_an_end() {
    let modules = |count: usize| {
        let one = |number| format!("m{number} = '''{NO_NPM}'''\n");
        signed::unsigned(&policy(&(0..count).map(one).collect::<String>()))
    };
    assert!(modules(16).is_ok());
    let refused = modules(17).unwrap_err().to_string();
    assert!(refused.contains("17 Rego modules"), "{refused}");
    // The engine takes no line of more than 1024 characters: texts grow in steps.
    let said = |times: usize| {
        let many = |name: &str, of: &str, times: usize| {
            format!("{name} := concat(\"\", [{}])\n", vec![of; times].join(", "))
        };
        let texts = [
            format!("a := \"{}\"\n", "x".repeat(64)),
            many("b", "a", 16),
            many("c", "b", 16),
        ];
        let texts = texts.concat();
        let joined = vec!["c"; times].join(", ");
        verdict(&format!("{texts}deny contains concat(\"\", [{joined}])"))
    };
    assert_eq!(said(3).unwrap_err().0, Reason::RegoDenied);
    let (reason, saw) = said(5).unwrap_err();
    assert_eq!(reason, Reason::RegoFailed);
    assert!(saw.contains("says more than 65536 bytes"), "{saw}");
}
