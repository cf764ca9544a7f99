//! One statement of each kind, as its signer makes it now, and the commands that lead up to it.

use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::statement::Statement;
use zwieback_host::keys::signer::Signer as _;
use zwieback_model::digest::{Digest, Fingerprint};
use zwieback_model::digest_set::DigestSet;
use zwieback_model::timestamp::Timestamp;
use zwieback_trust::statement::approval::Approval;
use zwieback_trust::statement::authorship::Authorship;
use zwieback_trust::statement::break_glass::BreakGlass;
use zwieback_trust::statement::policy_change::PolicyChange;
use zwieback_trust::statement::restoration::Restoration;
use zwieback_trust::statement::revocation::{Revocation, Revoked};
use zwieback_trust::statement::rollback::{Rollback, Trigger};
use zwieback_trust::statement::test_result::{TestReport, TestResult};
use zwieback_trust::tlog::proof::TreeHead;

use crate::world::{World, artifact, documents, name, provenance as built, source};

/// Three keepers, of whom one approves as well; a second person tests, and two say who changed what.
pub(crate) fn three(policy: &str) -> String {
    policy
        .replace("keepers = [", "keepers = [\"cy\", ")
        .replace(
            "testers = [",
            "authors = [\"kim\", \"lou\", \"bo\", \"cy\"]\ntesters = [\"cy\", ",
        )
        .replace("revoke = {", "authors = { role = \"authors\" }\nrevoke = {")
}

pub(crate) fn subject(called: &str, digest: Digest) -> ResourceDescriptor {
    ResourceDescriptor::named(called, DigestSet::sha256(digest))
}

pub(crate) fn app(version: &str) -> ResourceDescriptor {
    subject("bin/app", artifact(version).sha256)
}

pub(crate) fn verdict(world: &World, environment: &str) -> String {
    verdict_of(world, "1.0", environment)
}

pub(crate) fn verdict_of(world: &World, version: &str, environment: &str) -> String {
    let verdict = world.decide(version, environment).verdict();
    verdict.map_or_else(
        |why| why.reason.code().to_owned(),
        |()| "promoted".to_owned(),
    )
}

/// Version 1.0 in staging and approved for production, where only its tests are missing.
pub(crate) fn ready(world: &World) {
    world.release("1.0");
    world.approve("cy", "1.0", "staging").unwrap();
    world.promote("1.0", "staging").unwrap();
    for who in ["ada", "bo"] {
        world.approve(who, "1.0", "prod").unwrap();
    }
    world.approve("cy", "1.0", "prod").unwrap();
}

/// Version 1.1 was in staging and was taken out; what was made just before, for whoever keeps it back.
pub(crate) fn taken_out<T>(world: &mut World, before: impl Fn(&World) -> T) -> T {
    for version in ["1.0", "1.1"] {
        world.release(version);
        approve(world, version).unwrap();
        world.promote(version, "staging").unwrap();
    }
    world.later(60);
    let kept = before(world);
    world.later(60);
    let said = back(world, 3, 1);
    world.force("gate", &said).unwrap();
    kept
}

pub(crate) fn key(world: &World, who: &str) -> Revoked {
    Revoked::Key(world.keys[who].public_key().id().name())
}

pub(crate) fn revocation(world: &World, revoked: Revoked) -> Statement {
    let said = Revocation {
        heading: world.reader().heading().unwrap(),
        revoked,
        from: None,
        reason: "stolen".into(),
    };
    said.into_statement()
}

pub(crate) fn revoke(world: &World, who: &str) {
    let said = revocation(world, key(world, who));
    world.force("sam", &said).unwrap();
}

pub(crate) fn build() -> Statement {
    built("acme", "1.0").into_statement(vec![app("1.0")])
}

pub(crate) fn test(world: &World, result: TestResult) -> Statement {
    let report = TestReport {
        result,
        heading: Some(world.reader().heading().unwrap()),
        size: world.size(),
    };
    report.into_statement(app("1.0"), &suite())
}

pub(crate) fn suite() -> ResourceDescriptor {
    ResourceDescriptor::named("suite", &Fingerprint::of(b"suite"))
}

pub(crate) fn authors(world: &World, authors: &[&str], withdrawn: &[&str]) -> Statement {
    let names = |names: &[&str]| names.iter().map(|text| name(text)).collect();
    let said = Authorship {
        heading: world.reader().heading().unwrap(),
        authors: names(authors),
        withdrawn: names(withdrawn),
    };
    said.into_statement(subject("app", source("1.0")))
}

pub(crate) fn is_author(world: &World, who: &str) -> bool {
    world.state().authors(source("1.0")).contains(&name(who))
}

pub(crate) fn approved(world: &World, version: &str) -> Statement {
    let said = Approval {
        heading: world.reader().heading().unwrap(),
        environment: name("staging"),
        expires: world.days(3),
        comment: None,
    };
    said.into_statement(app(version))
}

pub(crate) fn approve(world: &World, version: &str) -> Result<String, String> {
    world.force("bo", &approved(world, version))
}

pub(crate) fn back(world: &World, generation: u64, to: u64) -> Statement {
    back_after(world, generation, to, None)
}

/// The same, decided when the log had so many entries.
pub(crate) fn back_after(world: &World, generation: u64, to: u64, size: Option<u64>) -> Statement {
    let said = Rollback {
        heading: world.reader().heading().unwrap(),
        environment: name("staging"),
        generation,
        to,
        size,
        trigger: Trigger::Asked,
        reason: "slow".into(),
    };
    said.into_statement(app(if to == 1 { "1.0" } else { "1.1" }))
}

pub(crate) fn restored(world: &World) -> Statement {
    let root = Digest::sha256(b"what was lost");
    let said = Restoration {
        heading: world.reader().heading().unwrap(),
        old: [TreeHead { size: 9, root }].into(),
        new: TreeHead { size: 1, root },
        reason: "the disk broke".into(),
        expires: world.days(7),
    };
    said.into_statement()
}

pub(crate) fn is_restored(world: &World) -> bool {
    let state = world.state();
    state
        .restorations()
        .any(|restoration| state.is_restored(restoration))
}

pub(crate) fn exception(world: &World) -> Statement {
    exception_for(world, "1.0")
}

pub(crate) fn exception_for(world: &World, version: &str) -> Statement {
    let said = BreakGlass {
        heading: world.reader().heading().unwrap(),
        environment: name("staging"),
        scope: ["approvals".to_owned()].into(),
        reason: "down".into(),
        expires: Timestamp::from_unix(world.now.as_unix() + 3600).unwrap(),
    };
    said.into_statement(app(version))
}

pub(crate) fn change(world: &World, edit: &impl Fn(&str) -> String, version: u64) -> Statement {
    let said = PolicyChange {
        heading: world.reader().heading().unwrap(),
        documents: documents(&world.keys, edit, version),
    };
    said.into_statement()
}

pub(crate) fn put_in_force(world: &World, edit: &impl Fn(&str) -> String) {
    let said = change(world, edit, 2);
    for keeper in ["kim", "lou"] {
        world.force(keeper, &said).unwrap();
    }
}
