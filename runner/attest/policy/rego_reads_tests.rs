//! Modules that read what is there, and modules whose rules would never deny.

use crate::policy::rego::{Rego as _, RegoError, RegoModule};
use crate::policy::rego_engine::RegoEngine;

/// What is wrong with a module's references, if anything is.
fn wrong(body: &str) -> Option<String> {
    let module = RegoModule::try_from(format!("package zwieback\n{body}\n")).unwrap();
    match RegoEngine.denials(&module, None) {
        Ok(_) => None,
        Err(RegoError::Reads(why)) => Some(why),
        Err(other) => panic!("{body}: {other}"),
    }
}

#[test]
fn a_path_that_no_document_has_is_an_error() {
    for (condition, hint) in [
        ("count(input.bulds) == 0", "did you mean `builds`?"),
        ("input[\"bulds\"]", "did you mean `builds`?"),
        ("input.builds[_].levl < 2", "did you mean `level`?"),
        (
            "input.builds[i].predicate.buildDefinition.buildTyp == \"x\"; i > 0",
            "did you mean `buildType`?",
        ),
        ("input.builds.level < 2", "`[_]` stands for each"),
        ("input.now.year == 2026", "asks a text or a number"),
        ("some name in [\"bulds\"]; input[name]", "only shows later"),
        (
            "some b in input.builds; b.levl < 2",
            "did you mean `level`?",
        ),
        (
            "b := input.builds[_]; b[\"levl\"] < 2",
            "did you mean `level`?",
        ),
        (
            "every b in input.builds { b.levl > 2 }",
            "did you mean `level`?",
        ),
        (
            "p := b.predicate; p.runDetail; b := input.builds[0]",
            "did you mean `runDetails`?",
        ),
        (
            "object.get(input, \"bulds\", []) == []",
            "did you mean `builds`?",
        ),
        (
            "object.get(input, [\"policy\", \"versoin\"], 0) == 0",
            "did you mean `version`?",
        ),
        ("json.filter(input, [\"bulds\"]) == {}", "nobody checks"),
        ("weak(input.builds[_])", "did you mean `level`?"),
        (
            "count([b | b := input.builds[_]; b.levl]) == 0",
            "did you mean `level`?",
        ),
        ("not input.policy.digest", "no member of the document"),
        (
            "some input in input.builds; input.level < 2",
            "another meaning",
        ),
        (
            "x := [input.builds[0]]; x[0].levl < 2",
            "so nowhere in the document",
        ),
    ] {
        let rest = "weak(build) if build.levl < 2";
        let rest = if condition.contains("weak") { rest } else { "" };
        let body = format!("deny contains \"no\" if {{ {condition} }}\n{rest}");
        let why = wrong(&body).unwrap_or_else(|| panic!("{condition}: accepted"));
        assert!(why.contains(hint), "{condition}: {why}");
    }
    let imported = "import input.bulds as all\ndeny contains \"no\" if { count(all) == 0 }";
    assert!(wrong(imported).unwrap().contains("`builds`"));
}

#[test]
fn what_is_there_may_be_read_in_every_way() {
    for condition in [
        "input.builds[_].level < 2",
        "input[\"builds\"][0][\"level\"] < 2",
        "some i, b in input.builds; b.level < 2; i >= 0",
        "some b in input.builds; some d in b.predicate.buildDefinition.resolvedDependencies; not d.digest.sha256",
        "input.builds[_].predicate.buildDefinition.externalParameters.recipe.whatever[_].is == 1",
        "input.builds[_].predicate.runDetails.byproducts[_].annotations.factors[name].state == \"fixed\"; name != \"\"",
        "object.get(input.builds[0], \"stamped\", \"\") == \"\"",
        "mine := {\"colour\": 1}; mine.colour == 2",
        "weak(input.builds[_])",
        "data.zwieback.limit > 2",
        "count({b.key | some b in input.builds}) < 2",
    ] {
        let rest = "weak(build) if build.level < 2\nlimit := 1";
        let body = format!("deny contains \"no\" if {{ {condition} }}\n{rest}");
        assert_eq!(wrong(&body), None, "{condition}");
    }
}

#[test]
fn a_path_to_no_rule_is_an_error() {
    let rest = "weak(build) if build.level < 2\nlimit := 1";
    for (condition, hint) in [
        ("data.zwieback.limt > 2", "did you mean `limit`?"),
        ("data.zwieback[\"limt\"] > 2", "did you mean `limit`?"),
        ("data.zwiebck.limit > 2", "no rule of the module"),
        ("count(data.zwieback) == 0", "no rule of the module"),
        ("x := data; x.zwieback.limit > 2", "no rule of the module"),
        (
            "some name in [\"limt\"]; data.zwieback[name]",
            "no rule of the module",
        ),
        (
            "some data in input.builds; data.level < 2",
            "another meaning",
        ),
        ("not data.denied[\"x\"]", "no rule of the module"),
    ] {
        let body = format!("deny contains \"no\" if {{ {condition} }}\n{rest}");
        let why = wrong(&body).unwrap_or_else(|| panic!("{condition}: accepted"));
        assert!(why.contains(hint), "{condition}: {why}");
    }
    let imported = "import data.zwieback.limt as most\ndeny contains \"no\" if { most > 2 }";
    assert!(
        wrong(&format!("{imported}\n{rest}"))
            .unwrap()
            .contains("`limit`")
    );
    // The engine itself knows of no such function and no such variable.
    for condition in ["data.zwieback.wek(input.builds[0])", "limt > 2"] {
        let body = format!("deny contains \"no\" if {{ {condition} }}\n{rest}");
        let module = RegoModule::try_from(format!("package zwieback\n{body}\n")).unwrap();
        let denied = RegoEngine.denials(&module, None);
        assert!(denied.is_err(), "{condition}: {denied:?}");
    }
}

#[test]
fn a_rule_that_nobody_looks_at_is_an_error() {
    let body = "deny := set()\ndenny contains \"no\" if { input.builders < 1 }";
    assert!(wrong(body).unwrap().contains("did you mean `deny`?"));
    for used in ["some m in denied", "denied[m]", "data.zwieback.denied[m]"] {
        let body = format!(
            "denied contains \"no\" if {{ input.builders < 1 }}\ndeny contains m if {{ {used} }}"
        );
        assert_eq!(wrong(&body), None, "{used}");
    }
    let body = "deny contains \"no\" if { input.builders < 1 }\ndefault allow := true";
    assert!(wrong(body).unwrap().contains("`allow`"));
}
