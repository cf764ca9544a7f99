//! The file `release.toml`: who may do what to releases, environment by environment.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use zwieback_attest::key_id::KeyId;
use zwieback_model::name::Name;
use zwieback_model::timestamp::Timestamp;

use super::people::{People, PeopleError, Person, read_key};

/// Who may do what to releases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleasePolicy {
    /// One more than that of the policy it replaces.
    pub version: u64,
    /// From when on it is too old to decide by.
    pub expires: Timestamp,
    /// Who is who.
    pub people: People,
    /// Who may change the policy.
    pub change: Quorum,
    /// Whose word revokes.
    pub revoke: Name,
    /// Whose word about other people's authorship counts, if it is not the keepers'.
    pub authors: Option<Name>,
    /// Who may break glass, if anyone.
    pub break_glass: Option<BreakGlassRule>,
    /// What the gate calls itself.
    pub gate: String,
    /// The keys of the gate.
    pub gate_keys: BTreeSet<KeyId>,
    /// The environments, each after the one before it.
    pub environments: Vec<Environment>,
}

/// So many people of a role.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quorum {
    /// The role.
    pub role: Name,
    /// How many of them.
    pub count: usize,
}

/// Who may break glass.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BreakGlassRule {
    /// The role.
    pub role: Name,
    /// How long an exception may last.
    pub max_hours: u32,
}

/// What an environment asks of a release.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Environment {
    /// Its name.
    pub name: Name,
    /// How many people of each role must approve.
    #[serde(default)]
    pub approvals: BTreeMap<Name, usize>,
    /// How long an approval may last.
    #[serde(default = "default_days")]
    pub max_approval_days: u32,
    /// Whose word it takes that the tests passed.
    pub tests: Option<Name>,
    /// Whether someone must have said who changed each source.
    #[serde(default)]
    pub authors: Authors,
    /// What happens when the deployed artifact is revoked, changed or unhealthy.
    #[serde(default)]
    pub rollback: RollbackRule,
}

/// Whether someone must have said who changed the sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Authors {
    /// Those who are known are kept from approving.
    #[default]
    IfKnown,
    /// Of at least one source.
    Declared,
}

/// What happens when the deployed artifact is revoked, changed or unhealthy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RollbackRule {
    /// The newest generation that verifies then takes its place.
    #[default]
    Automatic,
    /// Someone must ask for it.
    Asked,
}

/// Text that is no policy about releases.
#[derive(Debug, thiserror::Error)]
pub enum ReleasePolicyError {
    /// Not TOML, or with members and values that such a policy does not have.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// People, keys and roles that do not fit.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// A text that is no key of the gate, or no key at all.
    #[error("the gate needs at least one key: base64 of the DER of each is expected")]
    GateKey,
    /// No environment.
    #[error("there is no environment")]
    Empty,
    /// The same environment twice.
    #[error("the environment `{0}` is there twice")]
    Twice(Name),
    /// An environment that asks for less than the one before it.
    #[error("the environment `{name}` loosens `{rule}` of the one before it")]
    Looser {
        /// The environment.
        name: Name,
        /// The rule, as the file names it.
        rule: &'static str,
    },
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    version: u64,
    expires: Timestamp,
    people: BTreeMap<Name, Person>,
    roles: BTreeMap<Name, BTreeSet<Name>>,
    change: Quorum,
    revoke: Role,
    authors: Option<Role>,
    break_glass: Option<BreakGlassRule>,
    gate: Gate,
    environment: Vec<Environment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Role {
    role: Name,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Gate {
    id: String,
    keys: Vec<String>,
}

impl ReleasePolicy {
    /// Reads the text of a `release.toml`.
    pub fn parse(text: &str) -> Result<Self, ReleasePolicyError> {
        let file: File = toml::from_str(text)?;
        let keys = file
            .gate
            .keys
            .iter()
            .map(|key| read_key(key).map(|key| key.id()));
        let keys: Option<BTreeSet<KeyId>> = keys.collect();
        let policy = Self {
            version: file.version,
            expires: file.expires,
            people: People::new(file.people, file.roles)?,
            change: file.change,
            revoke: file.revoke.role,
            authors: file.authors.map(|rule| rule.role),
            break_glass: file.break_glass,
            gate: file.gate.id,
            gate_keys: keys
                .filter(|ids| !ids.is_empty())
                .ok_or(ReleasePolicyError::GateKey)?,
            environments: file.environment,
        };
        policy.check()?;
        Ok(policy)
    }

    /// The environment of that name, and the one before it.
    pub fn environment(&self, name: &Name) -> Option<(&Environment, Option<&Environment>)> {
        let at = self
            .environments
            .iter()
            .position(|environment| environment.name == *name)?;
        let before = at.checked_sub(1).and_then(|at| self.environments.get(at));
        Some((&self.environments[at], before))
    }

    /// Whose word about other people's authorship counts.
    pub fn authors_role(&self) -> &Name {
        self.authors.as_ref().unwrap_or(&self.change.role)
    }

    /// Whose word about tests some environment takes.
    pub fn test_roles(&self) -> BTreeSet<&Name> {
        self.environments
            .iter()
            .filter_map(|environment| environment.tests.as_ref())
            .collect()
    }

    /// Whose exceptions count for anything: those of the role, and keepers for what takes several.
    pub fn break_glass_roles(&self) -> BTreeSet<&Name> {
        let rule = self.break_glass.as_ref();
        rule.map_or_else(BTreeSet::new, |rule| [&rule.role, &self.change.role].into())
    }

    /// Whether that key is one of someone who has that role.
    pub fn has_role(&self, key: KeyId, role: &Name) -> bool {
        let person = self.people.person(key);
        person.is_some_and(|person| self.people.has_role(person, role))
    }

    fn check(&self) -> Result<(), ReleasePolicyError> {
        self.people.check(&self.change.role, self.change.count)?;
        self.people.check(&self.revoke, 1)?;
        self.people.check(self.authors_role(), 1)?;
        if let Some(rule) = &self.break_glass {
            self.people.check(&rule.role, 1)?;
        }
        let mut names = BTreeSet::new();
        for environment in &self.environments {
            for (role, count) in &environment.approvals {
                self.people.check(role, *count)?;
            }
            if let Some(role) = &environment.tests {
                self.people.check(role, 1)?;
            }
            if !names.insert(&environment.name) {
                return Err(ReleasePolicyError::Twice(environment.name.clone()));
            }
        }
        for pair in self.environments.windows(2) {
            check_pair(&pair[0], &pair[1])?;
        }
        if names.is_empty() {
            Err(ReleasePolicyError::Empty)
        } else {
            Ok(())
        }
    }
}

/// What comes later may only ask for more.
fn check_pair(before: &Environment, after: &Environment) -> Result<(), ReleasePolicyError> {
    let asked = |role| after.approvals.get(role).copied().unwrap_or(0);
    let approvals = before
        .approvals
        .iter()
        .all(|(role, count)| asked(role) >= *count);
    let rules = [
        ("approvals", approvals),
        (
            "max-approval-days",
            after.max_approval_days <= before.max_approval_days,
        ),
        (
            "tests",
            before.tests.is_none() || after.tests == before.tests,
        ),
        ("authors", after.authors >= before.authors),
    ];
    match rules.into_iter().find(|(_, kept)| !kept) {
        Some((rule, _)) => Err(ReleasePolicyError::Looser {
            name: after.name.clone(),
            rule,
        }),
        None => Ok(()),
    }
}

fn default_days() -> u32 {
    30
}
