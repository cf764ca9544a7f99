//! The file `policy.toml`: rules for all, and stricter ones for an environment.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::environment::{self, LooserError};
use super::rego::{Rego, UnusableModule};
use super::rules::Rules;
use crate::name::Name;
use crate::timestamp::Timestamp;

/// A policy. Its environments are known to be at least as strict as its rules for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    version: u64,
    expires: Timestamp,
    rules: Rules,
    environments: BTreeMap<Name, Rules>,
}

/// Text that is no policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Not TOML, or with members and values that a policy does not have.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
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
}

impl Policy {
    /// Reads the text of a `policy.toml`.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let file: File = toml::from_str(text)?;
        let mut environments = BTreeMap::new();
        for (name, own) in file.environment {
            match environment::tighten(&file.require, &own) {
                Ok(rules) => environments.insert(name, rules),
                Err(source) => return Err(PolicyError::Looser { name, source }),
            };
        }
        Ok(Self {
            version: file.version,
            expires: file.expires,
            rules: file.require,
            environments,
        })
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

    /// Has every Rego module looked at, of whatever environment: what is wrong with one shows when
    /// the policy is read, not when it counts.
    pub fn check_modules(&self, rego: &dyn Rego) -> Result<(), UnusableModule> {
        let rules = self.environments.values().chain([&self.rules]);
        // An environment repeats the modules for all.
        let modules: BTreeSet<_> = rules.flat_map(|it| &it.rego).collect();
        for (name, module) in modules {
            let looked = rego.denials(module, None);
            looked.map_err(|source| UnusableModule {
                name: name.clone(),
                source,
            })?;
        }
        Ok(())
    }
}
