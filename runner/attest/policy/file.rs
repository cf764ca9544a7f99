//! The file `policy.toml`: rules for all, and stricter ones for an environment.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use zwieback_model::json::from_serde::value_of;
use zwieback_model::json::value::Value;
use zwieback_model::name::Name;
use zwieback_model::shown_name::escaped;
use zwieback_model::timestamp::Timestamp;

use super::environment::{self, LooserError};
use super::rego::{MOST_MODULES, Rego, RegoModule, UnusableModule};
use super::rules::{PointlessRuleError, Rules};
use crate::build_type::{BUILD_TYPE, ExpectedParameters, ForeignBuildTypes};

/// A policy. Its environments are known to be at least as strict as its rules for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    version: u64,
    expires: Timestamp,
    rules: Rules,
    environments: BTreeMap<Name, Rules>,
    foreign: ForeignBuildTypes,
}

/// Text that is no policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Not TOML, or with members and values that a policy does not have.
    #[error("{place}{message}")]
    Toml {
        /// Where it is, unless nobody knows.
        place: String,
        /// What is wrong, in one line: what it quotes is a stranger's.
        message: String,
    },
    /// A version by which no later one could be told.
    #[error("`version` is 0: the first one is 1")]
    NoVersion,
    /// More modules than are evaluated.
    #[error("there are {0} Rego modules, of which a policy may have {MOST_MODULES}")]
    Modules(usize),
    /// A rule that asks for nothing, or for what no build can do.
    #[error("[{place}]: {source}")]
    Pointless {
        /// The table it stands in.
        place: String,
        /// Which rule.
        source: PointlessRuleError,
    },
    /// A build type that is named twice, or is our own, whose parameters are checked anyway.
    #[error("`[[build-type]]`: {uri:?} {problem}")]
    BuildType {
        /// Which.
        uri: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// An environment allows what the rules for all do not.
    #[error("the environment `{name}` loosens the policy: {source}")]
    Looser {
        /// Which environment.
        name: Name,
        /// What it loosens.
        source: LooserError,
    },
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    version: u64,
    expires: Timestamp,
    #[serde(default)]
    require: Rules,
    #[serde(default)]
    environment: BTreeMap<Name, Rules>,
    #[serde(default)]
    build_type: Vec<BuildType>,
}

/// How another builder's builds are described, and what is expected of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct BuildType {
    uri: String,
    #[serde(default)]
    parameters: toml::Table,
    #[serde(default)]
    any: BTreeSet<String>,
}

impl Policy {
    /// Reads the text of a `policy.toml`.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let file: File = toml::from_str(text).map_err(|error| in_one_line(text, &error))?;
        // What a machine remembers is the newest version it met, and none is 0 there.
        if file.version == 0 {
            return Err(PolicyError::NoVersion);
        }
        check_rules("require", &file.require)?;
        let mut environments = BTreeMap::new();
        for (name, own) in file.environment {
            check_rules(&format!("environment.{name}"), &own)?;
            match environment::tighten(&file.require, &own) {
                Ok(rules) => environments.insert(name, rules),
                Err(source) => return Err(PolicyError::Looser { name, source }),
            };
        }
        let policy = Self {
            version: file.version,
            expires: file.expires,
            rules: file.require,
            environments,
            foreign: foreign(file.build_type)?,
        };
        match policy.modules().len() {
            count if count > MOST_MODULES => Err(PolicyError::Modules(count)),
            _ => Ok(policy),
        }
    }

    /// A number that grows with every change.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// From when on it is too old to decide by.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// The rules of an environment, where the policy knows it; without a name, the rules for all.
    pub fn rules(&self, environment: Option<&Name>) -> Option<&Rules> {
        match environment {
            Some(name) => self.environments.get(name),
            None => Some(&self.rules),
        }
    }

    /// The environments that it has rules of their own for.
    pub fn environments(&self) -> impl Iterator<Item = &Name> {
        self.environments.keys()
    }

    /// The build types of other builders that it takes.
    pub fn foreign(&self) -> &ForeignBuildTypes {
        &self.foreign
    }

    /// Whether it has no rule, in whatever environment.
    pub fn asks_nothing(&self) -> bool {
        let mut all = self.environments.values().chain([&self.rules]);
        all.all(Rules::ask_nothing)
    }

    /// Has every Rego module looked at, of whatever environment: what is wrong with one shows when
    /// the policy is read, not when it counts.
    pub fn check_modules(&self, rego: &dyn Rego) -> Result<(), UnusableModule> {
        for (name, module) in self.modules() {
            let looked = rego.denials(module, None);
            looked.map_err(|source| UnusableModule {
                name: name.clone(),
                source,
            })?;
        }
        Ok(())
    }

    /// All modules; an environment repeats those for all.
    fn modules(&self) -> BTreeSet<(&Name, &RegoModule)> {
        let rules = self.environments.values().chain([&self.rules]);
        rules.flat_map(|rules| &rules.rego).collect()
    }
}

/// The engine of TOML draws a picture of the line, with all that stands in it.
fn in_one_line(text: &str, error: &toml::de::Error) -> PolicyError {
    let before = error.span().and_then(|span| text.get(..span.start));
    let place = before.map(|before| format!("line {}: ", before.matches('\n').count() + 1));
    PolicyError::Toml {
        place: place.unwrap_or_default(),
        message: escaped(error.message()),
    }
}

fn foreign(types: Vec<BuildType>) -> Result<ForeignBuildTypes, PolicyError> {
    let mut foreign = ForeignBuildTypes::new();
    for it in types {
        let refuse = |uri: &str, problem| {
            let uri = uri.to_owned();
            Err(PolicyError::BuildType { uri, problem })
        };
        if it.uri == BUILD_TYPE {
            return refuse(&it.uri, "is zwieback's own, which needs no mention");
        }
        if let Some(both) = it.any.iter().find(|name| it.parameters.contains_key(*name)) {
            return refuse(both, "has a value and may have any");
        }
        let Ok(Value::Object(exactly)) = value_of(&it.parameters) else {
            return refuse(&it.uri, "has a parameter that JSON cannot say exactly");
        };
        let expected = ExpectedParameters {
            exactly,
            any: it.any,
        };
        if foreign.insert(it.uri.clone(), expected).is_some() {
            return refuse(&it.uri, "is there twice");
        }
    }
    Ok(foreign)
}

fn check_rules(place: &str, rules: &Rules) -> Result<(), PolicyError> {
    let place = place.to_owned();
    rules
        .check()
        .map_err(|source| PolicyError::Pointless { place, source })
}
