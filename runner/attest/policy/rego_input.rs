//! The document that Rego modules are evaluated over: all that was verified.

use zwieback_model::json::value::{Object, Value};

use super::question::Question;
use super::reproduction::independent_builders;
use crate::verify::Verified;

/// The document that modules are evaluated over; docs/policy.md describes every member.
pub fn input(question: &Question<'_>) -> Value {
    let policy = question.policy;
    let builds: Vec<Value> = question.builds.iter().map(build).collect();
    let version = i64::try_from(policy.policy.version()).unwrap_or(i64::MAX);
    let builders = independent_builders(question.builds, question.known);
    let mut members: Object = [
        ("now".to_owned(), question.now.to_string().into()),
        ("builds".to_owned(), builds.into()),
        (
            "builders".to_owned(),
            i64::try_from(builders).unwrap_or(i64::MAX).into(),
        ),
        (
            "policy".to_owned(),
            Value::object([
                ("version", version.into()),
                ("sha256", policy.digest.to_hex().into()),
            ]),
        ),
    ]
    .into();
    if let Some(environment) = question.environment {
        members.extend([("environment".to_owned(), environment.as_str().into())]);
    }
    members.into()
}

fn build(build: &Verified) -> Value {
    let builder = &build.provenance().builder.id;
    let subjects: Vec<&str> = build.subjects().iter().map(String::as_str).collect();
    let mut members: Object = [
        ("bundle".to_owned(), build.bundle().to_hex().into()),
        ("key".to_owned(), build.key().to_string().into()),
        ("builder".to_owned(), builder.as_str().into()),
        (
            "level".to_owned(),
            i64::from(u8::from(build.level())).into(),
        ),
        ("subjects".to_owned(), subjects.into()),
        ("predicate".to_owned(), build.statement().predicate),
    ]
    .into();
    if let Some(operator) = build.operator() {
        members.extend([("operator".to_owned(), operator.into())]);
    }
    if let Some(time) = build.time().stamped {
        members.extend([("stamped".to_owned(), time.to_string().into())]);
    }
    members.into()
}
