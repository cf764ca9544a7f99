//! Verification through the real command line: what is tampered with is refused, with its reason.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use zwieback_test_world::larder::Larder;
use zwieback_test_world::outcome::Outcome;
use zwieback_test_world::site;
use zwieback_test_world::world::World;

const BUILDER: &str = "https://zwieback.example/builder/sandbox/v1";

/// A world with a build in `out`, its key in `builder.pem`, and a second bundle in `again`.
fn built() -> World {
    let world = World::new(site!(), Larder::Shell);
    world.recipe(
        "words",
        "echo one > $OUT/one\nmkdir $OUT/more\necho two > $OUT/more/two",
    );
    let build = ["build", "words", "--export", "out"];
    world.run(&build).expect(0, &["words 1 is reproducible"]);
    let key = world.run(&["key", "show"]).expect(0, &[]);
    world.write("project/builder.pem", key.stdout);
    world
}

/// Runs a line of words; none of them holds a blank.
fn run(world: &World, line: &str) -> Outcome {
    world.run(&line.split_whitespace().collect::<Vec<_>>())
}

fn shell(world: &World, script: &str) {
    let done = world
        .command("bash")
        .args(["-ec", script])
        .output()
        .unwrap();
    assert!(done.status.success(), "{script}: {done:?}");
}

/// The code of the refusal, as a program reads it.
fn reason(world: &World, line: &str) -> (Option<i32>, String) {
    let outcome = run(world, &format!("--format json {line}"));
    let value: serde_json::Value = serde_json::from_str(outcome.line()).unwrap();
    let reason = value["reason"].as_str().unwrap_or("accepted").to_owned();
    (outcome.code, reason)
}

#[test]
fn a_tampered_bundle_has_its_reason() {
    let world = built();
    let honest = "out/words-1.sigstore.json";
    let script = |edit: &str| format!("jq -c '{edit}' {honest} > bad.json");
    let payload = |edit: &str| {
        format!(
            "jq -r .dsseEnvelope.payload {honest} | base64 -d | jq -c '{edit}' | base64 -w0 > p\n\
             jq -c --rawfile p p '.dsseEnvelope.payload = $p' {honest} > bad.json"
        )
    };
    for (change, expected) in [
        (
            script(".dsseEnvelope.signatures += .dsseEnvelope.signatures"),
            "signature-count",
        ),
        (script(".dsseEnvelope.signatures = []"), "signature-count"),
        (
            script(".dsseEnvelope.signatures[0].keyid = \"other\""),
            "hint-mismatch",
        ),
        (script(".mediaType = \"text/plain\""), "bundle-media-type"),
        (script(".dsseEnvelope.payload = \"!\""), "base64-malformed"),
        (
            script(".dsseEnvelope.signatures[0].sig = \"AAAA\""),
            "signature-malformed",
        ),
        (
            script(".dsseEnvelope.payloadType = \"text/plain\""),
            "signature-mismatch",
        ),
        (
            payload(".subject[0].digest.sha256 = (\"0\" * 64)"),
            "signature-mismatch",
        ),
        (
            format!("(cat {honest}; echo '{{}}') > bad.json"),
            "json-trailing-data",
        ),
        (
            format!("sed 's/^{{/{{\"mediaType\":\"x\",/' {honest} > bad.json"),
            "json-duplicate-name",
        ),
        (
            format!("(printf '\\357\\273\\277'; cat {honest}) > bad.json"),
            "json-malformed",
        ),
        (
            "printf '[%.0s' {1..10000} > bad.json".to_owned(),
            "json-too-deep",
        ),
    ] {
        shell(&world, &change);
        let came = reason(&world, "verify out/one --bundle bad.json --key builder.pem");
        assert_eq!(came, (Some(4), expected.to_owned()), "{change}");
    }
}

#[test]
fn a_tampered_file_has_its_reason() {
    let world = built();
    let honest = "out/words-1.sigstore.json";
    for (change, expected) in [
        ("echo longer >> out/one", "artifact-changed"),
        ("cp out/more/two out/one", "artifact-swapped"),
        ("truncate -s 0 out/one", "artifact-changed"),
    ] {
        shell(&world, change);
        let came = reason(
            &world,
            &format!("verify out/one --bundle {honest} --key builder.pem"),
        );
        assert_eq!(came, (Some(4), expected.to_owned()), "{change}");
    }
}

#[test]
fn a_folder_is_all_its_files() {
    let world = built();
    let verify = "verify out --bundle out/words-1.sigstore.json --key builder.pem";
    run(&world, verify).expect(0, &["Verified 2 artifacts"]);
    world.write("project/out/more/stray", "x");
    assert_eq!(reason(&world, verify).1, "entry-extra");
}

#[test]
fn keys_live_in_a_trust_root_that_does_not_go_back() {
    let world = built();
    let trust = format!(
        "key trust builder.pem --root root.json --builder {BUILDER} --operator acme --level 2"
    );
    run(&world, &trust).expect(0, &["version 1"]);
    let verify = "verify out/one --bundle out/words-1.sigstore.json --trust root.json";
    run(&world, verify).expect(0, &["Verified 1 artifact"]);
    let next = run(&world, "key generate next").expect(0, &[]).stdout;
    world.write("project/next.pem", next);
    run(&world, "key rotate --root root.json builder.pem next.pem").expect(4, &["--sign-key"]);
    let both = "--sign-key default --sign-key next";
    run(
        &world,
        &format!("key rotate --root root.json {both} builder.pem next.pem"),
    )
    .expect(0, &["version 2"]);
    assert_eq!(reason(&world, verify).1, "key-retired");
    let old = format!("{verify}.v1");
    assert_eq!(reason(&world, &old), (Some(4), "root-rollback".to_owned()));
    run(
        &world,
        "key revoke --root root.json --sign-key next --reason lost builder.pem",
    )
    .expect(0, &["version 3"]);
    assert_eq!(reason(&world, verify).1, "key-revoked");
    run(&world, "key list --root root.json").expect(0, &["operator acme", "reason lost"]);
    run(&world, "key export --root root.json keys").expect(0, &[".pem"]);
    let stranger = run(&world, "key generate stranger").expect(0, &[]).stdout;
    world.write("project/stranger.pem", stranger);
    let forged = "key trust stranger.pem --root root.json --builder x --sign-key stranger";
    run(&world, forged).expect(4, &["error"]);
}

#[test]
fn a_policy_decides_and_two_operators_reproduce() {
    let world = built();
    let other = run(&world, "key generate other").expect(0, &[]).stdout;
    world.write("project/other.pem", other);
    let recheck = "recheck out/words-1.sigstore.json --offline --key builder.pem --sign-key other --export again";
    run(&world, recheck).expect(0, &["words 1 is reproducible"]);
    let trust = format!("--root root.json --builder {BUILDER} --level 2 --operator");
    run(&world, &format!("key trust builder.pem {trust} acme")).expect(0, &[]);
    run(&world, &format!("key trust other.pem {trust} umbrella")).expect(0, &["version 2"]);
    let policy = |rules: &str| {
        let head = "version = 1\nexpires = \"2099-01-01T00:00:00Z\"\n[require]\n";
        world.write("project/policy.toml", format!("{head}{rules}\n"));
    };
    let one = "--bundle out/words-1.sigstore.json --trust root.json";
    let ask = |more: &str| {
        reason(
            &world,
            &format!("verify out --unsigned-policy --policy policy.toml {one} {more}"),
        )
    };
    for (rules, expected) in [
        (
            "profile = \"hermetic\"\nfactors.readdir-order = [\"varied\"]\nlocks.network-namespace = [\"enforced\"]",
            "accepted",
        ),
        ("profile = \"strict\"", "profile-too-weak"),
        ("factors.scheduling = [\"fixed\"]", "factor-state"),
        ("locks.network-namespace = [\"absent\"]", "lock-state"),
        ("sources = [\"pkg:npm/*\"]", "source-not-allowed"),
        (
            &format!("toolchains = [\"{}\"]", "0".repeat(64)),
            "toolchain-not-allowed",
        ),
        ("level = 3", "level-too-low"),
        (
            "[require.rego]\nnever = '''\npackage zwieback\ndeny contains \"never\"\n'''",
            "rego-denied",
        ),
        ("builders = 2", "builders-too-few"),
    ] {
        policy(rules);
        let code = if expected == "accepted" { 0 } else { 5 };
        assert_eq!(ask(""), (Some(code), expected.to_owned()), "{rules}");
    }
    let both = "--bundle again/words-1.sigstore.json --resource pkg:generic/words@1 --vsa vsa.json";
    assert_eq!(ask(both), (Some(0), "accepted".to_owned()));
    let read = "jq -r .dsseEnvelope.payload vsa.json | base64 -d | jq -e '.predicate.verifiedLevels | index(\"SLSA_BUILD_REPRODUCED\")'";
    shell(&world, read);
    let explain = format!("policy explain --unsigned-policy policy.toml out {one}");
    let explained = run(&world, &explain);
    explained.expect(5, &["builders", "asks for 2, saw 1: builders-too-few"]);
    let case = |name: &str, bundles: &str, expect: &str| {
        format!(
            "[[case]]\nname = \"{name}\"\nartifacts = [\"out\"]\nbundles = [{bundles}]\nexpect = \"{expect}\"\n"
        )
    };
    let (a, b) = (
        "\"out/words-1.sigstore.json\"",
        "\"again/words-1.sigstore.json\"",
    );
    let table = case("one", a, "builders-too-few") + &case("two", &format!("{a}, {b}"), "accepted");
    world.write("project/cases.toml", &table);
    let test = "policy test policy.toml cases.toml --trust root.json";
    run(&world, test).expect(0, &["ok    one: builders-too-few", "ok    two: accepted"]);
    fs::write(world.path("project/cases.toml"), case("one", a, "accepted")).unwrap();
    run(&world, test).expect(1, &["WRONG one"]);
}

/// What the engine of Rego modules does to itself it does to nobody else.
#[test]
fn a_module_that_ends_the_engine_denies() {
    let world = built();
    let verify =
        "verify out --policy policy.toml --bundle out/words-1.sigstore.json --key builder.pem";
    let policy = |module: &str| {
        let head = "version = 1\nexpires = \"2099-01-01T00:00:00Z\"\n[require.rego]\n";
        let text = format!("{head}bad = \'\'\'\npackage zwieback\n{module}\n\'\'\'\n");
        world.write("project/policy.toml", text);
    };
    let row: Vec<_> = (0..4_000)
        .map(|it| format!("p{it} := p{}", it + 1))
        .collect();
    let deny = |condition: &str| format!("deny contains \"no\" if {{ {condition} }}\n");
    let stack = "has filled its stack or memory";
    let brackets = |count| format!("x := {}1{}", "[".repeat(count), "]".repeat(count));
    for (module, why) in [
        (deny("f(1)") + "f(x) := f(x)", stack),
        (deny("p0 == 1") + &row.join("\n"), stack),
        (deny("count(numbers.range(1, 1000000000)) > 0"), stack),
        (deny(&brackets(30)), "needs more than 5 s for it"),
    ] {
        policy(&module);
        run(&world, verify).expect(1, &["policy.toml: the module `rego.bad`: the engine", why]);
    }
    let told = run(&world, &format!("--format json {verify}"));
    assert_eq!(told.stdout.matches("needs more than").count(), 1, "{told}");
    // Over nothing these have nothing to do: only a build shows what they are.
    for (condition, why) in [
        ("f(input.now)", stack),
        ("input.now; deny", "the rule failed"),
    ] {
        policy(&(deny(condition) + "f(x) := f(x)"));
        assert_eq!(reason(&world, verify), (Some(5), "rego-failed".to_owned()));
        run(&world, verify).expect(5, &[why]);
    }
}

/// A world with `vsa.json` by a verifier that the root knows, and `forged.json` by nobody it knows.
fn summarized() -> World {
    const VERIFIER: &str = "https://zwieback.example/verifier/v1";
    let world = built();
    for name in ["gate", "stranger"] {
        let pem = run(&world, &format!("key generate {name}")).expect(0, &[]);
        world.write(&format!("project/{name}.pem"), pem.stdout);
    }
    let trust = format!("key trust builder.pem --root root.json --builder {BUILDER} --level 2");
    run(&world, &trust).expect(0, &[]);
    let gate = format!("key trust gate.pem --root root.json --verifier {VERIFIER}");
    run(&world, &gate).expect(0, &["version 2"]);
    let head = "version = 1\nexpires = \"2099-01-01T00:00:00Z\"\n";
    world.write(
        "project/policy.toml",
        format!("{head}[require]\nlevel = 1\n"),
    );
    world.write(
        "project/other.toml",
        format!("{head}[require]\nlevel = 2\n"),
    );
    for name in ["policy", "other"] {
        let sign = format!("policy sign {name}.toml -o {name}.json");
        run(&world, &sign).expect(0, &["1 signature"]);
    }
    let summarize = |key: &str, policy: &str, file: &str| {
        let asked = "verify out --bundle out/words-1.sigstore.json --trust root.json --policy";
        let line = format!(
            "{asked} {policy} --resource pkg:generic/words@1 --vsa {file} --sign-key {key}"
        );
        run(&world, &line).expect(0, &[]);
    };
    summarize("gate", "policy.json", "vsa.json");
    summarize("stranger", "policy.json", "forged.json");
    summarize("gate", "policy.toml --unsigned-policy", "plain.json");
    world
}

#[test]
fn a_summary_stands_in_for_the_provenance() {
    let world = summarized();
    let ask = |file: &str, more: &str| {
        reason(
            &world,
            &format!("verify out/one --summary {file} --trust root.json {more}"),
        )
    };
    let words = "--resource pkg:generic/words@1";
    for (file, more, expected) in [
        (
            "vsa.json",
            format!("{words} --policy policy.json --level 2 --max-age 1"),
            "accepted",
        ),
        (
            "vsa.json",
            "--resource pkg:generic/words@2".into(),
            "summary-resource",
        ),
        (
            "vsa.json",
            format!("{words} --policy other.toml --unsigned-policy"),
            "summary-policy",
        ),
        (
            "vsa.json",
            format!("{words} --environment prod"),
            "summary-environment",
        ),
        (
            "plain.json",
            format!("{words} --unsigned-policy"),
            "accepted",
        ),
        ("plain.json", words.into(), "policy-signatures"),
        ("vsa.json", format!("{words} --level 3"), "summary-level"),
        (
            "vsa.json",
            format!("{words} --property SLSA_BUILD_REPRODUCED"),
            "summary-level",
        ),
        ("forged.json", words.into(), "key-unknown"),
        ("out/words-1.sigstore.json", words.into(), "key-unknown"),
    ] {
        let code = match expected {
            "accepted" => 0,
            "policy-signatures" => 5,
            _ => 4,
        };
        assert_eq!(
            ask(file, &more),
            (Some(code), expected.to_owned()),
            "{file} {more}"
        );
    }
    let other = reason(
        &world,
        "verify root.json --summary vsa.json --trust root.json --resource pkg:generic/words@1",
    );
    assert_eq!(other.1, "artifact-unknown");
}

/// What is taken back later counts for what was summed up before.
#[test]
fn a_summary_ends_with_the_trust_in_its_keys() {
    let world = summarized();
    let ask = || {
        let line = "verify out/one --summary vsa.json --trust root.json";
        reason(&world, &format!("{line} --resource pkg:generic/words@1")).1
    };
    assert_eq!(ask(), "accepted");
    let rotate = "key rotate --root root.json builder.pem stranger.pem";
    let rotated = run(
        &world,
        &format!("{rotate} --sign-key default --sign-key stranger"),
    );
    rotated.expect(0, &["version 3"]);
    assert_eq!(ask(), "key-retired");
    let revoke = "key revoke --root root.json --sign-key stranger --reason";
    run(&world, &format!("{revoke} stolen builder.pem")).expect(0, &["version 4"]);
    assert_eq!(ask(), "key-revoked");
    run(&world, &format!("{revoke} left gate.pem")).expect(0, &["version 5"]);
    assert_eq!(ask(), "key-unknown");
}

/// Another builder's provenance, as docs/policy.md says: signed with a key, and of a build type that
/// the policy names.
#[test]
fn provenance_of_another_builder_is_verified_by_a_policy_that_expects_it() {
    let world = built();
    shell(
        &world,
        "openssl ecparam -name prime256v1 -genkey -noout -out forge.key\n\
         openssl ec -in forge.key -pubout -out forge.pem\n\
         echo app > app\n\
         sum=$(sha256sum app | cut -d' ' -f1)\n\
         cat > statement <<END\n\
         {\"_type\":\"https://in-toto.io/Statement/v1\",\
         \"subject\":[{\"name\":\"app\",\"digest\":{\"sha256\":\"$sum\"}}],\
         \"predicateType\":\"https://slsa.dev/provenance/v1\",\
         \"predicate\":{\"buildDefinition\":{\
         \"buildType\":\"https://actions.github.io/buildtypes/workflow/v1\",\
         \"externalParameters\":{\"workflow\":{\"ref\":\"refs/tags/v1\",\
         \"repository\":\"https://github.com/example/app\",\
         \"path\":\".github/workflows/release.yml\"}}},\
         \"runDetails\":{\"builder\":{\"id\":\"https://github.com/actions/runner\"}}}}\n\
         END\n\
         type=application/vnd.in-toto+json\n\
         { printf 'DSSEv1 %d %s %d ' ${#type} $type $(stat -c %s statement); cat statement; } > pae\n\
         sig=$(openssl dgst -sha256 -sign forge.key pae | base64 -w0)\n\
         printf '{\"payload\":\"%s\",\"payloadType\":\"%s\",\"signatures\":[{\"sig\":\"%s\"}]}' \
         $(base64 -w0 statement) $type $sig > theirs.json",
    );
    let imported = run(
        &world,
        "bundle import theirs.json --key forge.pem --into own",
    );
    let bundle = imported.expect(0, &[]).line().to_owned();
    let again = run(&world, &format!("recheck {bundle} --key forge.pem"));
    again.expect(
        4,
        &["build-type", "only a build by zwieback can be repeated"],
    );
    let unbelieved = run(&world, &format!("recheck {bundle}"));
    unbelieved.expect(4, &["only a build by zwieback can be repeated"]);
    let policy = |table: &str| {
        let head = "version = 1\nexpires = \"2099-01-01T00:00:00Z\"\n[require]\nlevel = 1\n";
        world.write("project/policy.toml", format!("{head}{table}"));
        reason(
            &world,
            &format!("verify app --bundle {bundle} --key forge.pem --policy policy.toml"),
        )
    };
    let page = fs::read_to_string(site!().file("docs/policy.md")).unwrap();
    let start = page
        .find("[[build-type]]")
        .expect("the page has the example");
    let example = &page[start..];
    let example = &example[..example.find("```").unwrap()];
    assert_eq!(policy(example), (Some(0), "accepted".to_owned()));
    assert_eq!(policy("").1, "build-type");
    assert_eq!(
        policy(&example.replace("v1\"\nrepo", "v2\"\nrepo")).1,
        "parameter-unexpected"
    );
}

#[test]
fn foreign_forms_are_taken_over() {
    let world = built();
    let bundle = "out/words-1.sigstore.json";
    let lines = run(&world, &format!("bundle lines {bundle}"))
        .expect(0, &[])
        .stdout;
    let with_others = format!("{{\"comment\":1}}\n{lines}");
    world.write("project/all.intoto.jsonl", &with_others);
    let verify = "verify out --key builder.pem --bundle";
    run(&world, &format!("{verify} all.intoto.jsonl")).expect(0, &["Verified 2 artifacts"]);
    let stranger = run(&world, "key generate stranger").expect(0, &[]).stdout;
    world.write("project/stranger.pem", stranger);
    let unknown = "verify out --key stranger.pem --bundle all.intoto.jsonl";
    assert_eq!(reason(&world, unknown), (Some(4), "key-unknown".to_owned()));
    // Another tool's hint and raw signature: refused as a bundle, taken over by import.
    shell(
        &world,
        &format!("jq -c '.dsseEnvelope.signatures[0].keyid = \"theirs\"' {bundle} > theirs.json"),
    );
    assert_eq!(
        reason(&world, &format!("{verify} theirs.json")).1,
        "hint-mismatch"
    );
    let imported = run(
        &world,
        "bundle import theirs.json --key builder.pem --into own",
    );
    let imported = imported.expect(0, &[]).line().to_owned();
    run(&world, &format!("{verify} {imported}")).expect(0, &["Verified 2 artifacts"]);
    run(
        &world,
        "bundle import theirs.json --key stranger.pem --into no",
    )
    .expect(4, &["key-unknown"]);
    assert!(!world.path("project/no").exists());
}
