//! What commands give back, as JSON for programs.

use zwieback_model::digest::Digest;
use zwieback_model::json::value::Value;
use zwieback_model::name::Name;

use crate::command::rollback::RolledBack;
use crate::command::status::{EnvironmentStatus, RevocationStatus, Status};
use crate::command::trace::{BuildTrace, Trace};
use crate::command::watch::Watched;
use crate::gate::decision::{Decision, Rule, SetAside, Verdict};
use crate::reason::Refusal;
use crate::state::blast::BlastRadius;
use crate::state::environment::Generation;
use crate::state::record::{Line, Unrecorded};
use crate::statement::heading::number as count;
use crate::statement::revocation::Revoked;

/// A decision.
pub fn decision(decision: &Decision) -> Value {
    let rules: Vec<Value> = decision.rules.iter().map(rule).collect();
    let aside: Vec<Value> = decision.set_aside.iter().map(set_aside).collect();
    Value::object([
        ("artifact", decision.artifact.to_hex().into()),
        ("name", decision.name.as_str().into()),
        ("version", optional(decision.version.as_deref())),
        ("environment", decision.environment.as_str().into()),
        ("policy", decision.policy.to_hex().into()),
        ("logSize", count(decision.size)),
        ("generation", count(decision.generation)),
        ("time", decision.now.to_string().into()),
        ("allowed", decision.verdict().is_ok().into()),
        ("refusal", refusal(decision.verdict().err().as_ref())),
        ("rules", rules.into()),
        ("setAside", aside.into()),
    ])
}

/// The lines of a log.
pub fn log(lines: &[Line]) -> Value {
    lines.iter().map(line).collect::<Vec<_>>().into()
}

/// One line of a log.
pub fn line(line: &Line) -> Value {
    let index = ("index", count(line.index));
    let [who, verb, what, digest, when, outcome, refusal] = told(line);
    Value::object([index, who, verb, what, digest, when, outcome, refusal])
}

/// All that a line tells besides its place.
fn told(line: &Line) -> [(&'static str, Value); 7] {
    let when = line.when.map(|when| when.to_string());
    let digest = line.digest.map(Digest::to_hex);
    [
        ("who", line.who.as_str().into()),
        ("verb", line.verb.into()),
        ("what", line.what.as_str().into()),
        ("digest", optional(digest.as_deref())),
        ("when", optional(when.as_deref())),
        ("outcome", optional(line.outcome.as_deref().ok())),
        ("refusal", refusal(line.outcome.as_ref().err())),
    ]
}

/// What a statement would change that was signed and not recorded: it has no place.
pub fn unrecorded(said: &Unrecorded) -> Value {
    let recorded = ("recorded", Value::from(false));
    let [who, verb, what, digest, when, outcome, refusal] = said.describe(told);
    Value::object([recorded, who, verb, what, digest, when, outcome, refusal])
}

/// The status of all environments.
pub fn status(status: &Status) -> Value {
    let (version, digest, expires) = &status.policy;
    let environments: Vec<Value> = status.environments.iter().map(environment).collect();
    Value::object([
        ("log", status.log.as_str().into()),
        ("size", count(status.size)),
        (
            "policy",
            Value::object([
                ("version", count(*version)),
                ("sha256", digest.to_hex().into()),
                ("expires", expires.to_string().into()),
            ]),
        ),
        ("environments", environments.into()),
        ("revocations", revocations(&status.revocations)),
    ])
}

/// A trace.
pub fn trace(trace: &Trace) -> Value {
    let deployments = trace.deployments.iter().map(|it| {
        Value::object([
            ("environment", it.environment.as_str().into()),
            ("generation", generation(&it.generation)),
            ("current", it.is_current.into()),
        ])
    });
    let approvals = trace
        .approvals
        .iter()
        .map(|(index, who, environment, expires)| {
            Value::object([
                ("index", count(*index)),
                ("who", who.as_str().into()),
                ("environment", environment.as_str().into()),
                ("expires", expires.to_string().into()),
            ])
        });
    let tests = trace.tests.iter().map(|(index, who, result)| {
        Value::object([
            ("index", count(*index)),
            ("who", who.as_str().into()),
            ("result", result.word().into()),
        ])
    });
    let builds: Vec<Value> = trace.builds.iter().map(build).collect();
    Value::object([
        ("artifact", trace.artifact.to_hex().into()),
        ("name", trace.name.as_str().into()),
        ("deployments", deployments.collect::<Vec<_>>().into()),
        ("approvals", approvals.collect::<Vec<_>>().into()),
        ("tests", tests.collect::<Vec<_>>().into()),
        ("builds", builds.into()),
        ("revocations", revocations(&trace.revocations)),
    ])
}

fn revocations(all: &[RevocationStatus]) -> Value {
    let one = |it: &RevocationStatus| {
        let revocation = &it.revocation;
        let from = revocation.from.map(|from| from.to_string());
        Value::object([
            ("index", count(it.index)),
            ("by", it.by.as_str().into()),
            ("kind", revocation.revoked.kind().into()),
            ("id", revocation.revoked.id().as_str().into()),
            ("owner", optional(it.owner.as_deref())),
            ("from", optional(from.as_deref())),
            ("reason", revocation.reason.as_str().into()),
        ])
    };
    all.iter().map(one).collect::<Vec<_>>().into()
}

/// What a revocation would reach.
pub fn blast(revoked: &Revoked, radius: &BlastRadius) -> Value {
    let artifacts = radius.artifacts.iter().map(|(digest, name)| {
        Value::object([
            ("artifact", digest.to_hex().into()),
            ("name", name.as_str().into()),
        ])
    });
    let deployed = radius.deployed.iter().map(|(environment, number, digest)| {
        Value::object([
            ("environment", environment.as_str().into()),
            ("generation", count(*number)),
            ("artifact", digest.to_hex().into()),
        ])
    });
    let statements: Vec<Value> = radius
        .statements
        .iter()
        .map(|statement| count(*statement))
        .collect();
    let signed: Vec<Value> = radius.signed.iter().map(|it| count(*it)).collect();
    let speaks_for: Vec<&str> = radius.speaks_for.iter().map(String::as_str).collect();
    Value::object([
        ("kind", revoked.kind().into()),
        ("id", revoked.id().as_str().into()),
        ("artifacts", artifacts.collect::<Vec<_>>().into()),
        ("deployed", deployed.collect::<Vec<_>>().into()),
        ("statements", statements.into()),
        ("signed", signed.into()),
        ("speaks_for", speaks_for.into()),
    ])
}

/// What came of a rollback.
pub fn rolled_back(done: &RolledBack) -> Value {
    let skipped = done.skipped.iter().map(|(number, why)| {
        Value::object([
            ("generation", count(*number)),
            ("refusal", refusal(Some(why))),
        ])
    });
    Value::object([
        ("environment", done.environment.as_str().into()),
        ("from", count(done.from)),
        ("to", generation(&done.to)),
        ("index", count(done.index)),
        ("skipped", skipped.collect::<Vec<_>>().into()),
    ])
}

/// What came of a look at an environment.
pub fn watched(environment: &Name, watched: &Watched) -> Value {
    let (mut settled, mut doubt, mut stuck) = (None, None, None);
    let (mut alarm, mut done) = (None, None);
    match watched {
        Watched::Fine => {}
        Watched::Settled(finding) => settled = Some(finding),
        Watched::Doubtful(refusal) => doubt = Some(refusal),
        Watched::Alarm(it) => alarm = Some(it),
        Watched::RolledBack(it, back) => (alarm, done) = (Some(it), Some(back)),
        Watched::Stuck(it, refusal) => (alarm, stuck) = (Some(it), Some(refusal)),
    }
    let alarm = alarm.map_or(Value::Null, |it| {
        Value::object([
            ("trigger", it.trigger.as_str().into()),
            ("finding", it.finding.as_str().into()),
            ("refusal", refusal(it.refusal.as_ref())),
        ])
    });
    Value::object([
        ("environment", environment.as_str().into()),
        ("settled", refusal(settled)),
        ("doubt", refusal(doubt)),
        ("alarm", alarm),
        ("rolledBack", done.map_or(Value::Null, |it| rolled_back(it))),
        ("stuck", refusal(stuck)),
    ])
}

/// An environment that could not be looked at.
pub fn not_watched(environment: &Name, why: &str) -> Value {
    Value::object([
        ("environment", environment.as_str().into()),
        ("failed", why.into()),
    ])
}

fn rule(rule: &Rule) -> Value {
    let (verdict, detail) = match rule.verdict {
        Verdict::Held => ("held", Value::Null),
        Verdict::Waived { by } => ("waived", count(by)),
        Verdict::Denied(why) => ("denied", why.code().into()),
    };
    Value::object([
        ("rule", rule.name.as_str().into()),
        ("asked", rule.asked.as_str().into()),
        ("saw", rule.saw.as_str().into()),
        ("verdict", verdict.into()),
        ("by", detail),
    ])
}

fn set_aside(aside: &SetAside) -> Value {
    Value::object([
        ("index", aside.index.map_or(Value::Null, count)),
        ("what", aside.what.as_str().into()),
        ("refusal", refusal(Some(&aside.why))),
    ])
}

fn environment(environment: &EnvironmentStatus) -> Value {
    let current = environment.current.as_ref().map_or(Value::Null, generation);
    let exceptions = environment.exceptions.iter().map(|it| {
        let scope: Vec<&str> = it.scope.iter().map(String::as_str).collect();
        Value::object([
            ("index", count(it.index)),
            ("artifact", it.artifact.as_str().into()),
            ("by", it.by.as_str().into()),
            ("scope", scope.into()),
            ("reason", it.reason.as_str().into()),
            ("expires", it.expires.to_string().into()),
        ])
    });
    let pending = environment.pending.iter().map(|(digest, name, people)| {
        let people: Vec<&str> = people.iter().map(Name::as_str).collect();
        Value::object([
            ("artifact", digest.to_hex().into()),
            ("name", name.as_str().into()),
            ("approvedBy", people.into()),
        ])
    });
    Value::object([
        ("name", environment.name.as_str().into()),
        ("current", current),
        ("lookedAt", environment.is_looked_at.into()),
        ("refusal", refusal(environment.verdict.as_ref().err())),
        ("exceptions", exceptions.collect::<Vec<_>>().into()),
        ("pending", pending.collect::<Vec<_>>().into()),
    ])
}

fn generation(generation: &Generation) -> Value {
    Value::object([
        ("number", count(generation.number)),
        ("artifact", generation.artifact.to_hex().into()),
        ("name", generation.name.as_str().into()),
        ("version", optional(generation.version.as_deref())),
        ("index", count(generation.index)),
        ("decided", generation.decided.to_string().into()),
    ])
}

fn build(build: &BuildTrace) -> Value {
    let inputs = build.inputs.iter().map(|it| {
        let authors: Vec<&str> = it.authors.iter().map(Name::as_str).collect();
        Value::object([
            ("name", it.name.as_str().into()),
            ("uri", optional(it.uri.as_deref())),
            ("role", it.role.as_str().into()),
            ("sha256", it.digest.to_hex().into()),
            ("authors", authors.into()),
        ])
    });
    let recipe = build
        .recipe
        .as_ref()
        .map_or(Value::Null, |(name, version)| {
            Value::object([
                ("name", name.as_str().into()),
                ("version", version.as_str().into()),
            ])
        });
    Value::object([
        ("index", count(build.index)),
        ("builder", build.builder.as_str().into()),
        ("key", build.key.to_string().into()),
        ("recipe", recipe),
        ("inputs", inputs.collect::<Vec<_>>().into()),
    ])
}

/// A refusal; those beside it are named where there are any.
fn refusal(refusal: Option<&Refusal>) -> Value {
    let Some(refusal) = refusal else {
        return Value::Null;
    };
    let one = |it: &Refusal| {
        [
            ("code", it.reason.code().into()),
            ("message", it.to_string().into()),
        ]
    };
    let others = refusal.others().iter();
    let others: Vec<Value> = others.map(|other| Value::object(one(other))).collect();
    let [code, message] = one(refusal);
    if others.is_empty() {
        return Value::object([code, message]);
    }
    Value::object([code, message, ("others", others.into())])
}

fn optional(text: Option<&str>) -> Value {
    text.map_or(Value::Null, Value::from)
}
