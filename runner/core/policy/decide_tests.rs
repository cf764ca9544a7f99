//! Policies, builds, and what becomes of them.

use p256::ecdsa::signature::Signer as _;

use super::*;
use crate::attest::fixture::{NOW, provenance, secret};
use crate::attest::provenance::Provenance;
use crate::digest::Digest;
use crate::policy::file::Policy;
use crate::policy::fixture::{HEAD, build, quorum, trust};
use crate::policy::rego_engine::RegoEngine;
use crate::policy::signed;

fn ask(policy: &str, builds: &[Verified], environment: Option<&str>) -> Result<Decision, Refusal> {
    decide(&Question {
        policy: &signed::unsigned(policy).unwrap(),
        environment: environment.map(|name| name.parse().unwrap()).as_ref(),
        builds,
        trust: &trust(),
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
    let print = crate::digest::Fingerprint::of(b"report");
    let mut report = ResourceDescriptor::named(crate::bake::statement::SANDBOX, &print);
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
    let toolchain = crate::digest::Fingerprint::of(b"toolchain");
    let toolchain = ResourceDescriptor::named("toolchain/c", &toolchain);
    provenance.resolved_dependencies.push(toolchain);
    let right = Digest::sha256(b"toolchain");
    let wrong = Digest::sha256(b"other");
    for (rule, expected) in [
        ("", None),
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
        ("sources = [\"pkg:deb/debian/*\"]", None),
        ("sources = [\"pkg:npm/*\"]", Some(Reason::SourceNotAllowed)),
        ("sources = []", Some(Reason::SourceNotAllowed)),
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
    let no_toolchain = verdict("toolchains = []", &provenance());
    assert_eq!(no_toolchain, Some(Reason::ToolchainNotAllowed));
}

#[test]
fn builders_count_when_they_are_independent_and_agree() {
    let same = provenance();
    let mut other = provenance();
    let input = crate::digest::Fingerprint::of(b"another source");
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
        ("none", vec![], false),
    ] {
        let verdict = ask(&policy, &builds, None).unwrap().verdict();
        assert_eq!(verdict.is_ok(), accepted, "{what}: {verdict:?}");
    }
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
            "toolchains = []",
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
    let unknown = verdict(Some("staging")).unwrap_err();
    assert_eq!(unknown.reason, Reason::EnvironmentUnknown);
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
            crate::attest::dsse::Signature {
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
    let lines = decision.outcomes().iter().map(|it| {
        let mark = it.denied.map_or("ok", Reason::code);
        format!("{} {} {} {mark}", it.rule, it.asked, it.saw)
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
