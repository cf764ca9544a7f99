//! What a summary rests on, so that it can be judged like the builds it stands for.

use zwieback_model::digest::Digest;
use zwieback_model::json::fields::{FieldError, FieldProblem, Fields};
use zwieback_model::json::value::Value;
use zwieback_model::timestamp::Timestamp;

use super::key_id::KeyName;
use super::resource::present;

/// The member of the predicate; extensions start with a name of ours, as SLSA asks.
pub const MEMBER: &str = "zwieback_grounds";

/// Where a summary holds, until when, and on whose word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grounds {
    /// The environment whose rules were applied; without one, the rules for all.
    pub environment: Option<String>,
    /// From when on the same verification would fail for age or expiry alone.
    pub expires: Timestamp,
    /// From when on the policy decides nothing.
    pub policy_expires: Timestamp,
    /// Whether the policy's keepers signed it.
    pub policy_signed: bool,
    /// The policy about builds, where the summary's policy is more than that: its text's SHA-256.
    pub build_policy: Option<Digest>,
    /// The builds.
    pub builds: Vec<SummarizedBuild>,
}

/// One of the builds that a summary rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummarizedBuild {
    /// Who built.
    pub builder: String,
    /// The key that spoke for the builder.
    pub key: KeyName,
    /// The SHA-256 of the bundle's file.
    pub bundle: Digest,
    /// The trusted time of its signature.
    pub stamped: Option<Timestamp>,
}

impl Grounds {
    /// The member's value.
    pub fn to_value(&self) -> Value {
        let builds: Vec<Value> = self.builds.iter().map(SummarizedBuild::to_value).collect();
        present([
            ("environment", self.environment.as_deref().map(Value::from)),
            ("expires", Some(self.expires.to_string().into())),
            (
                "policyExpires",
                Some(self.policy_expires.to_string().into()),
            ),
            ("policySigned", Some(Value::Bool(self.policy_signed))),
            (
                "buildPolicy",
                self.build_policy.map(|digest| digest.to_hex().into()),
            ),
            ("builds", Some(builds.into())),
        ])
    }

    /// Reads the member. It is ours: unknown members are refused.
    pub fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        fields.only(&[
            "environment",
            "expires",
            "policyExpires",
            "policySigned",
            "buildPolicy",
            "builds",
        ])?;
        let signed = fields.value("policySigned");
        let Some(Value::Bool(policy_signed)) = signed else {
            let problem = FieldProblem::Rule("is neither true nor false");
            return Err(fields.error("policySigned", problem));
        };
        let build_policy = fields.optional_text("buildPolicy")?.map(str::parse);
        let no_digest = |_| fields.error("buildPolicy", FieldProblem::Digest);
        let builds = fields.list("builds")?.into_iter();
        Ok(Self {
            build_policy: build_policy.transpose().map_err(no_digest)?,
            environment: fields.optional_text("environment")?.map(str::to_owned),
            expires: time(fields, "expires")?,
            policy_expires: time(fields, "policyExpires")?,
            policy_signed: *policy_signed,
            builds: builds
                .map(|(path, value)| SummarizedBuild::read(&Fields::of(value, &path)?))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl SummarizedBuild {
    fn to_value(&self) -> Value {
        present([
            ("builder", Some(self.builder.as_str().into())),
            ("key", Some(self.key.to_string().into())),
            ("bundle", Some(self.bundle.to_hex().into())),
            ("stamped", self.stamped.map(|time| time.to_string().into())),
        ])
    }

    fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        fields.only(&["builder", "key", "bundle", "stamped"])?;
        let key = fields.text("key")?.parse();
        let no_key = FieldProblem::Rule("is no key id");
        let bundle = fields.text("bundle")?.parse();
        Ok(Self {
            builder: fields.text("builder")?.to_owned(),
            key: key.map_err(|_| fields.error("key", no_key))?,
            bundle: bundle.map_err(|_| fields.error("bundle", FieldProblem::Digest))?,
            stamped: fields.optional_time("stamped")?,
        })
    }
}

fn time(fields: &Fields<'_>, name: &str) -> Result<Timestamp, FieldError> {
    let time = fields.optional_time(name)?;
    time.ok_or_else(|| fields.error(name, FieldProblem::Missing))
}
