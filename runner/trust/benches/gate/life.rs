//! The statements of one release, as everyone signs them; no release has another's.

use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::statement::Statement;
use zwieback_attest::vsa::Summary;
use zwieback_host::keys::signer::{Signer as _, seal};
use zwieback_model::digest::{Digest, Fingerprint};
use zwieback_model::digest_set::DigestSet;
use zwieback_model::timestamp::Timestamp;
use zwieback_trust::log::append::Submission;
use zwieback_trust::statement::approval::Approval;
use zwieback_trust::statement::heading::Heading;
use zwieback_trust::statement::promotion::{Promotion, resource};
use zwieback_trust::statement::test_result::{TestReport, TestResult};

use crate::world::{World, artifact, name};

/// Statements about a release.
pub(crate) const STATEMENTS: usize = 8;
/// Entries that put the policy in force.
const POLICY: u64 = 2;
/// Statements about the release that is decided about.
const RICH: u64 = 50;

/// A company, and the id of its log: to find that out for each statement anew is not what is measured.
#[derive(Clone, Copy)]
pub(crate) struct Company<'a> {
    world: &'a World,
    log_id: Digest,
}

impl<'a> Company<'a> {
    pub(crate) fn of(world: &'a World) -> Self {
        Self {
            world,
            log_id: world.ledger.log_id(world.now).unwrap(),
        }
    }
}

/// Two builds, a test, three approvals, two promotions.
pub(crate) fn release(company: Company<'_>, number: u64) -> Vec<Submission> {
    let world = company.world;
    let version = format!("2.{number}");
    let mut all = built(world, &version);
    all.push(signed(world, "tess", &tested(company, &version, 0)));
    for (who, at) in [("ada", "staging"), ("ada", "prod"), ("bo", "prod")] {
        all.push(signed(world, who, &approval(company, &version, at, 0)));
    }
    let first = POLICY + RICH + number * STATEMENTS as u64;
    for at in ["staging", "prod"] {
        let size = first + all.len() as u64;
        let promotion = promotion(company, &version, at, (number + 1, size));
        all.push(signed(world, "gate", &promotion));
    }
    all
}

/// A release with many statements, which waits for its first environment.
pub(crate) fn rich(company: Company<'_>, version: &str) -> Vec<Submission> {
    let world = company.world;
    let mut all = built(world, version);
    for number in 2..RICH {
        let statement = match number % 2 {
            0 => approval(company, version, "staging", number),
            _ => tested(company, version, number),
        };
        let who = if number % 2 == 0 { "ada" } else { "tess" };
        all.push(signed(world, who, &statement));
    }
    all
}

fn built(world: &World, version: &str) -> Vec<Submission> {
    let all = ["acme", "other"].map(|builder| {
        let (bundle, key) = world.provenance(builder, version);
        Submission::new(&bundle, &key).unwrap()
    });
    all.into()
}

fn signed(world: &World, who: &str, statement: &Statement) -> Submission {
    let key = &world.keys[who];
    let bundle = seal(statement, key).unwrap();
    Submission::new(&bundle, key.public_key()).unwrap()
}

fn subject(version: &str) -> ResourceDescriptor {
    ResourceDescriptor::named("bin/app", DigestSet::sha256(artifact(version).sha256))
}

fn tested(company: Company<'_>, version: &str, number: u64) -> Statement {
    let suite = Fingerprint::of(format!("suite {number}").as_bytes());
    let suite = ResourceDescriptor::named("suite", &suite);
    let report = TestReport {
        result: TestResult::Passed,
        heading: Some(heading(company)),
        size: POLICY,
    };
    report.into_statement(subject(version), &suite)
}

fn approval(company: Company<'_>, version: &str, at: &str, number: u64) -> Statement {
    let world = company.world;
    let approval = Approval {
        heading: heading(company),
        environment: name(at),
        expires: world.days(7),
        comment: Some(format!("look number {number}")),
    };
    approval.into_statement(subject(version))
}

fn promotion(
    company: Company<'_>,
    version: &str,
    at: &str,
    (generation, size): (u64, u64),
) -> Statement {
    let world = company.world;
    let policy = world.ledger.anchor.policy;
    let promotion = Promotion {
        summary: Summary {
            verifier: "https://gate.example/v1".into(),
            time_verified: Some(world.now),
            resource: resource(&name(at), "bin/app"),
            policy: ResourceDescriptor::located("urn:policy", DigestSet::sha256(policy)),
            inputs: Vec::new(),
            passed: true,
            levels: ["SLSA_BUILD_LEVEL_2".to_owned()].into(),
            grounds: None,
        },
        log: world.ledger.anchor.log.clone(),
        log_id: Some(company.log_id),
        environment: name(at),
        generation,
        size,
        version: Some(version.to_owned()),
        waived: [].into(),
    };
    promotion.into_statement(subject(version))
}

fn heading(company: Company<'_>) -> Heading {
    let world = company.world;
    Heading {
        log: world.ledger.anchor.log.clone(),
        log_id: Some(company.log_id),
        issued: Timestamp::from_unix(world.now.as_unix() - 60).unwrap(),
    }
}
