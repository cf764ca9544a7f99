//! Policies, builds, and what becomes of them.

use p256::ecdsa::signature::Signer as _;
use zwieback_model::digest::Digest;
use zwieback_model::digest_set::DigestSet;

use super::*;
use crate::fixture::{Forgery, NOW, artifact, payload, provenance, secret};
use crate::policy::file::Policy;
use crate::policy::fixture::{HEAD, build, build_in, quorum, trust};
use crate::policy::rego_engine::RegoEngine;
use crate::policy::signed;
use crate::provenance::Provenance;
use crate::trust::Trust;
use crate::verify::{Request, verify};

fn ask(policy: &str, builds: &[Verified], environment: Option<&str>) -> Result<Decision, Refusal> {
    decide(&Question {
        policy: &signed::unsigned(policy).unwrap(),
        environment: environment.map(|name| name.parse().unwrap()).as_ref(),
        builds,
        trust: &trust(),
        known: None,
        rego: &RegoEngine,
        now: NOW.parse().unwrap(),
    })
}

/// The verdict of one rule on one build.
fn verdict(rule: &str, provenance: &Provenance) -> Option<Reason> {
    let policy = format!("{HEAD}[require]\n{rule}\n");
    let decision = ask(&policy, &[build(provenance, 1)], None).unwrap();
    decision.verdict().err().map(|refusal| refusal.reason)
}

/// The honest provenance with more inputs, which have names alone.
fn with_inputs(names: &[&str]) -> Provenance {
    let mut provenance = provenance();
    let named =
        |name: &&str| ResourceDescriptor::named(*name, DigestSet::sha256(Digest::sha256(b"x")));
    let inputs = names.iter().map(named);
    provenance.resolved_dependencies.extend(inputs);
    // A folder is a source of the recipe.
    let folders = names.iter().filter_map(|name| name.strip_prefix("folder "));
    let source = |name: &str| (name.to_owned(), Value::object([("path", name.into())]));
    let sources: zwieback_model::json::value::Object = folders.map(source).collect();
    let recipe = Value::object([("sources", sources.into())]);
    provenance.external_parameters = crate::build_type::external_parameters(recipe, [].into());
    provenance
}

/// As a builder writes it: landlock held less in run B, the keyring is not told of.
fn sandbox_report() -> ResourceDescriptor {
    let state = |state: &str| Value::object([("state", state.into())]);
    let run = |landlock: &str| {
        Value::object([
            ("seccomp", state("enforced")),
            ("landlock", state(landlock)),
        ])
    };
    let runs = [("A", run("enforced")), ("B", run("partial"))];
    let factors = [
        ("clock", state("varied")),
        ("readdir-order", state("ineffective")),
    ];
    let print = zwieback_model::digest::Fingerprint::of(b"report");
    let mut report = ResourceDescriptor::named(crate::build::statement::SANDBOX, &print);
    report.annotations = [
        ("enforcement".to_owned(), Value::object(runs)),
        ("factors".to_owned(), Value::object(factors)),
    ]
    .into();
    report
}

#[test]
fn rules_of_one_build() {
    let mut provenance = provenance();
    provenance.byproducts.push(sandbox_report());
    let toolchain = zwieback_model::digest::Fingerprint::of(b"toolchain");
    let toolchain = ResourceDescriptor::named("toolchain/c", &toolchain);
    provenance.resolved_dependencies.push(toolchain);
    let right = Digest::sha256(b"toolchain");
    let wrong = Digest::sha256(b"other");
    for (rule, expected) in [
        ("level = 2", None),
        ("level = 3", Some(Reason::LevelTooLow)),
        ("profile = \"hermetic\"", None),
        ("profile = \"strict\"", Some(Reason::ProfileTooWeak)),
        ("factors.clock = [\"varied\", \"fixed\"]", None),
        (
            "factors.readdir-order = [\"varied\"]",
            Some(Reason::FactorState),
        ),
        (
            "factors.cpu-count = [\"varied\"]",
            Some(Reason::FactorState),
        ),
        ("locks.seccomp = [\"enforced\"]", None),
        ("locks.landlock = [\"enforced\", \"partial\"]", None),
        ("locks.landlock = [\"enforced\"]", Some(Reason::LockState)),
        ("locks.keyring = [\"enforced\"]", Some(Reason::LockState)),
        ("max-age-days = 31", None),
        ("max-age-days = 30", Some(Reason::TooOld)),
        ("sources = [\"pkg:deb/debian/*\", \"toolchain:c\"]", None),
        ("sources = [\"pkg:npm/*\"]", Some(Reason::SourceNotAllowed)),
        (&format!("toolchains = [\"{right}\"]"), None),
        (
            &format!("toolchains = [\"{wrong}\"]"),
            Some(Reason::ToolchainNotAllowed),
        ),
        ("builders = 1", None),
        ("builders = 2", Some(Reason::BuildersTooFew)),
    ] {
        assert_eq!(verdict(rule, &provenance), expected, "{rule}");
    }
}

#[test]
fn look_alikes_and_times_that_cannot_be() {
    for address in [
        "pkg:deb/debian/../evil/zlib@1",
        "pkg:DEB/debian/zlib@1",
        "pkg:deb/debian/zl%69b@1",
    ] {
        let mut provenance = provenance();
        provenance.resolved_dependencies[0].uri = Some(address.into());
        let verdict = verdict("sources = [\"pkg:deb/debian/*\"]", &provenance);
        assert_eq!(verdict, Some(Reason::SourceLookAlike), "{address}");
    }
    for finished in [None, Some("2026-06-01T00:10:00Z")] {
        let mut provenance = provenance();
        provenance.metadata.finished_on = finished.map(|time| time.parse().unwrap());
        let verdict = verdict("max-age-days = 365", &provenance);
        assert_eq!(verdict, Some(Reason::TooOld), "{finished:?}");
    }
    let some = format!("toolchains = [\"{}\"]", Digest::sha256(b"x"));
    let no_toolchain = verdict(&some, &provenance());
    assert_eq!(no_toolchain, Some(Reason::ToolchainNotAllowed));
}

#[test]
fn builders_count_when_they_are_independent_and_agree() {
    let same = provenance();
    let mut other = provenance();
    let input = zwieback_model::digest::Fingerprint::of(b"another source");
    other.resolved_dependencies[0].digest = (&input).into();
    let policy = format!("{HEAD}[require]\nbuilders = 2\n");
    for (what, builds, accepted) in [
        ("one", vec![build(&same, 1)], false),
        (
            "the same twice",
            vec![build(&same, 1), build(&same, 1)],
            false,
        ),
        (
            "two keys of one operator",
            vec![build(&same, 1), build(&same, 2)],
            false,
        ),
        (
            "two operators",
            vec![build(&same, 1), build(&same, 3)],
            true,
        ),
        (
            "two builds of other inputs",
            vec![build(&same, 1), build(&other, 3)],
            false,
        ),
        (
            "two builds with other parameters",
            vec![build(&same, 1), build(&with_recipe("other"), 3)],
            false,
        ),
        ("none", vec![], false),
    ] {
        let verdict = ask(&policy, &builds, None).unwrap().verdict();
        assert_eq!(verdict.is_ok(), accepted, "{what}: {verdict:?}");
    }
}

/// The honest provenance of another recipe: everything but the parameters is the same.
fn with_recipe(name: &str) -> Provenance {
    let mut provenance = provenance();
    let recipe = Value::object([("name", name.into())]);
    provenance.external_parameters = crate::build_type::external_parameters(recipe, [].into());
    provenance
}

#[test]
fn one_key_of_two_operators_counts_once() {
    let Trust::Root(mut root) = trust() else {
        panic!("the fixture has a root");
    };
    // Key 3 speaks for a second builder, of yet another operator.
    let mut second = root.builders[2].clone();
    second.builder = "https://zwieback.example/builder/second".into();
    second.operator = "third".into();
    root.builders.push(second.clone());
    let trust = Trust::Root(root);
    let mut elsewhere = provenance();
    elsewhere.builder.id = second.builder;
    let builds = [
        build_in(&trust, &provenance(), 3),
        build_in(&trust, &elsewhere, 3),
    ];
    assert_eq!(independent_builders(&builds, None), 1);
    let with_another = [
        build_in(&trust, &provenance(), 1),
        build_in(&trust, &elsewhere, 3),
    ];
    assert_eq!(independent_builders(&with_another, None), 2);
}

#[test]
fn environments_only_tighten() {
    let policy = |all: &str, own: &str| {
        Policy::parse(&format!(
            "{HEAD}[require]\n{all}\n[environment.production]\n{own}\n"
        ))
    };
    for (all, own) in [
        ("level = 2", "level = 1"),
        ("builders = 2", "builders = 1"),
        ("profile = \"strict\"", "profile = \"hermetic\""),
        ("max-age-days = 30", "max-age-days = 31"),
        (
            "sources = [\"pkg:deb/debian/*\"]",
            "sources = [\"pkg:deb/*\"]",
        ),
        (
            &format!("toolchains = [\"{}\"]", Digest::sha256(b"y")),
            &format!("toolchains = [\"{}\"]", Digest::sha256(b"x")),
        ),
        (
            "factors.clock = [\"varied\"]",
            "factors.clock = [\"varied\", \"fixed\"]",
        ),
    ] {
        let error = policy(all, own).unwrap_err().to_string();
        assert!(error.contains("`production` loosens"), "{error}");
        if !own.starts_with("toolchains") {
            assert!(policy(own, all).is_ok(), "{all}");
        }
    }
    let both = format!("{HEAD}[require]\nlevel = 2\n[environment.production]\nlevel = 3\n");
    let builds = [build(&provenance(), 1)];
    let verdict = |name| ask(&both, &builds, name).map(|decision| decision.verdict().is_ok());
    assert_eq!(verdict(None), Ok(true));
    assert_eq!(verdict(Some("production")), Ok(false));
    for (name, advice) in [
        ("staging", "it knows production"),
        ("prod", "did you mean \"production\"?"),
        ("producton", "did you mean \"production\"?"),
    ] {
        let unknown = verdict(Some(name)).unwrap_err();
        assert_eq!(unknown.reason, Reason::EnvironmentUnknown);
        assert!(unknown.saw().contains(advice), "{unknown}");
    }
}

#[test]
fn sources_see_every_input() {
    let own = "pkg:deb/debian/*";
    for (name, pattern) in [
        ("folder web", "folder:web"),
        ("file web/index.html", "folder:web"),
        ("needs lib", "recipe:lib"),
        ("outputs of cc", "recipe:*"),
        ("patch fix.patch", "patch:fix.patch"),
        ("toolchain/c", "toolchain:c"),
        ("vendored", "input:vendored"),
    ] {
        let provenance = with_inputs(&[name]);
        let alone = verdict(&format!("sources = [\"{own}\"]"), &provenance);
        assert_eq!(alone, Some(Reason::SourceNotAllowed), "{name}");
        let named = verdict(
            &format!("sources = [\"{own}\", \"{pattern}\"]"),
            &provenance,
        );
        assert_eq!(named, None, "{name}");
    }
    // What has an address of its own is not what such an address means.
    let mut claimed = provenance();
    claimed.resolved_dependencies[0].uri = Some("folder:web".into());
    let verdict = verdict("sources = [\"folder:*\"]", &claimed);
    assert_eq!(verdict, Some(Reason::SourceLookAlike));
}

#[test]
fn a_policy_that_asks_nothing_decides_nothing() {
    let builds = [build(&provenance(), 1)];
    let elsewhere = format!("{HEAD}[environment.production]\nlevel = 2\n");
    for (text, environment, expected) in [
        (HEAD, None, Some(Reason::PolicyAsksNothing)),
        (&elsewhere, None, Some(Reason::PolicyAsksNothing)),
        (&elsewhere, Some("production"), None),
        (&elsewhere, Some("prod"), Some(Reason::EnvironmentUnknown)),
    ] {
        let refusal = ask(text, &builds, environment).err();
        assert_eq!(refusal.map(|refusal| refusal.reason), expected, "{text}");
    }
}

/// How another builder's builds are taken: by a policy that names their type and their parameters.
#[test]
fn foreign_provenance_needs_a_policy_that_expects_it() {
    const WORKFLOW: &str = "https://actions.github.io/buildtypes/workflow/v1";
    let mut theirs = provenance();
    theirs.build_type = WORKFLOW.into();
    let workflow = Value::object([("ref", "refs/tags/v1".into())]);
    theirs.external_parameters = [
        ("workflow".to_owned(), workflow),
        ("inputs".to_owned(), Value::object([])),
    ]
    .into();
    let verdict = |table: &str| {
        let policy = Policy::parse(&format!("{HEAD}[require]\nlevel = 1\n{table}")).unwrap();
        let bundle = Forgery::new(payload(&theirs), 1).text();
        let verified = verify(&Request {
            bundle: bundle.as_bytes(),
            artifacts: &[artifact("a", b"lib/a")],
            trust: &trust(),
            foreign: policy.foreign(),
            now: NOW.parse().unwrap(),
        });
        verified.err().map(|refusal| refusal.reason)
    };
    let table = |rest: &str| format!("[[build-type]]\nuri = \"{WORKFLOW}\"\n{rest}\n");
    let right = "parameters.workflow.ref = \"refs/tags/v1\"";
    for (table, expected) in [
        (String::new(), Some(Reason::BuildType)),
        (
            table("any = [\"workflow\"]"),
            Some(Reason::ParameterUnknown),
        ),
        (table(right), Some(Reason::ParameterUnknown)),
        (
            table("parameters.workflow.ref = \"refs/tags/v2\"\nany = [\"inputs\"]"),
            Some(Reason::ParameterUnexpected),
        ),
        (
            table("parameters.vars = {}\nany = [\"workflow\", \"inputs\"]"),
            Some(Reason::ParameterUnexpected),
        ),
        (table(&format!("{right}\nany = [\"inputs\"]")), None),
    ] {
        assert_eq!(verdict(&table), expected, "{table}");
    }
    for table in [
        table("") + &table(""),
        table("parameters.x = 1.5"),
        table("parameters.x = 1\nany = [\"x\"]"),
        format!(
            "[[build-type]]\nuri = \"{}\"",
            crate::build_type::BUILD_TYPE
        ),
    ] {
        let policy = Policy::parse(&format!("{HEAD}[require]\nlevel = 1\n{table}"));
        assert!(policy.is_err(), "{table}");
    }
}

/// Every boundary at its very second.
#[test]
fn boundaries_of_expiry_and_age() {
    let builds = [build(&provenance(), 1)];
    let at = |now: &str| {
        let policy = format!("{HEAD}[require]\nmax-age-days = 31\n");
        let question = Question {
            policy: &signed::unsigned(&policy).unwrap(),
            environment: None,
            builds: &builds,
            trust: &trust(),
            known: None,
            rego: &RegoEngine,
            now: now.parse().unwrap(),
        };
        let verdict = decide(&question).and_then(|decision| decision.verdict());
        verdict.err().map(|refusal| refusal.reason)
    };
    for (now, expected) in [
        // The build ended at the first second of May.
        ("2026-04-30T23:55:00Z", None),
        ("2026-04-30T23:54:59Z", Some(Reason::TooOld)),
        ("2026-06-01T00:00:00Z", None),
        ("2026-06-01T00:00:01Z", Some(Reason::TooOld)),
        ("2026-12-31T23:59:59Z", Some(Reason::TooOld)),
        ("2027-01-01T00:00:00Z", Some(Reason::PolicyExpired)),
    ] {
        assert_eq!(at(now), expected, "{now}");
    }
}

#[test]
fn a_toolchain_is_known_by_its_sha256_alone() {
    let known = format!("toolchains = [\"{}\"]", Digest::sha256(b"x"));
    let mut provenance = with_inputs(&["toolchain/c"]);
    assert_eq!(verdict(&known, &provenance), None);
    // Another one beside it, whose digest is strong and of no kind that the rule can name.
    let strong = DigestSet::read(
        &zwieback_model::json::fields::Fields::of(
            &Value::object([("sha512", "ab".repeat(64).as_str().into())]),
            "digest",
        )
        .unwrap(),
    );
    let other = ResourceDescriptor::named("toolchain/d", strong.unwrap());
    provenance.resolved_dependencies.push(other);
    assert_eq!(
        verdict(&known, &provenance),
        Some(Reason::ToolchainNotAllowed)
    );
}

#[test]
fn files_are_strict() {
    for text in [
        "",
        "version = 1",
        &format!("{HEAD}colour = 1"),
        &format!("{HEAD}[require]\nlevle = 2"),
        &format!("{HEAD}[require]\nlevel = 4"),
        &format!("{HEAD}[require]\nlevel = -1"),
        &format!("{HEAD}[require]\nlevel = 0"),
        &format!("{HEAD}[require]\nbuilders = 0"),
        &format!("{HEAD}[require]\nmax-age-days = 0"),
        &format!("{HEAD}[require]\nmax-age-days = -1"),
        &format!("{HEAD}[require]\nsources = []"),
        &format!("{HEAD}[require]\ntoolchains = []"),
        &format!("{HEAD}[require]\nfactors.clock = []"),
        &format!("{HEAD}[require]\nlocks.seccomp = []"),
        &format!("{HEAD}[environment.production]\nbuilders = 0"),
        &HEAD.replace("version = 3", "version = 0"),
        &format!("{HEAD}[require]\nlevel = 2\nlevel = 3"),
        &format!("{HEAD}[require]\nprofile = \"loose\""),
        &format!("{HEAD}[require]\nfactors.moon = [\"fixed\"]"),
        &format!("{HEAD}[require]\nlocks.door = [\"enforced\"]"),
        &format!("{HEAD}[require]\nsources = [\"*\"]"),
    ] {
        assert!(Policy::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_policy_is_signed_and_never_older() {
    let text = format!("{HEAD}[require]\nlevel = 2\n");
    let file = |signers: &[u8]| {
        let mut envelope = signed::envelope(&text);
        let pae = envelope.pae();
        let sign = |number: &u8| {
            let signature: p256::ecdsa::DerSignature = secret(*number).sign(&pae);
            crate::dsse::Signature {
                key_id: None,
                bytes: signature.as_bytes().to_vec(),
            }
        };
        envelope.signatures = signers.iter().map(sign).collect();
        envelope.to_bytes()
    };
    let open = |signers: &[u8], newest| signed::open(&file(signers), &quorum(), newest);
    assert!(open(&[11, 12], 3).is_ok());
    let reason = |verdict: Result<_, Refusal>| verdict.unwrap_err().reason;
    assert_eq!(reason(open(&[11, 12], 4)), Reason::PolicyRollback);
    for signers in [&[][..], &[11], &[11, 11], &[1, 2]] {
        assert_eq!(reason(open(signers, 0)), Reason::PolicySignatures);
    }
    let late = HEAD.replace("2027", "2026");
    let refusal = ask(&late, &[build(&provenance(), 1)], None).unwrap_err();
    assert_eq!(refusal.reason, Reason::PolicyExpired);
}

#[test]
fn every_rule_shows_what_it_saw() {
    let policy = format!("{HEAD}[require]\nlevel = 3\nprofile = \"hermetic\"\n");
    let decision = ask(&policy, &[build(&provenance(), 1)], None).unwrap();
    let lines = decision.outcomes().iter().map(|outcome| {
        let mark = outcome.denied.map_or("ok", Reason::code);
        format!("{} {} {} {mark}", outcome.rule, outcome.asked, outcome.saw)
    });
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            "builders 1 1 ok",
            "level SLSA_BUILD_LEVEL_3 SLSA_BUILD_LEVEL_2 level-too-low",
            "profile hermetic \"hermetic\" ok",
        ]
    );
}
