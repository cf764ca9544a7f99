//! A policy that can be decided by: its three documents, read and held against each other.

use zwieback_attest::key_id::KeyName;
use zwieback_attest::policy::environment::tighten;
use zwieback_attest::policy::rules::Rules;
use zwieback_attest::policy::signed::{KnownPolicy, unsigned};
use zwieback_attest::public_key::PublicKey;
use zwieback_attest::root_chain;
use zwieback_attest::trust_root::TrustRoot;
use zwieback_model::digest::Digest;
use zwieback_model::name::Name;

use super::release_policy::ReleasePolicy;
use crate::reason::{Reason, Refusal};
use crate::statement::policy_change::PolicyDocuments;

/// A policy whose documents are well formed and fit together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyInForce {
    /// About releases.
    pub release: ReleasePolicy,
    /// About builds.
    pub builds: KnownPolicy,
    /// Whom to believe about builds.
    pub root: TrustRoot,
    /// What stands for all three.
    pub digest: Digest,
    documents: PolicyDocuments,
}

impl PolicyInForce {
    /// Reads the documents of a policy that follows that one, or of the first.
    pub fn read(documents: &PolicyDocuments, previous: Option<&Self>) -> Result<Self, Refusal> {
        let malformed =
            |error: &dyn std::fmt::Display| Refusal::new(Reason::ReleasePolicyMalformed, error);
        let release =
            ReleasePolicy::parse(&documents.release).map_err(|error| malformed(&error))?;
        let builds = unsigned(&documents.builds).map_err(|error| malformed(&error))?;
        let expected = previous.map_or(1, |policy| policy.release.version + 1);
        if release.version != expected {
            let saw = format!("version {}, {expected} is next", release.version);
            return Err(Refusal::new(Reason::PolicyVersion, saw));
        }
        let file = documents.root.as_bytes();
        let root = match previous {
            // The same root again needs no new signatures, any other is a link of the chain.
            Some(previous) if previous.documents.root == documents.root => previous.root.clone(),
            Some(previous) => root_chain::succeed(&previous.root, file)?,
            None => root_chain::open(file)?,
        };
        Self::together(release, builds, root, documents)
    }

    /// The policy that was found to be in force before, of these documents.
    pub fn recorded(documents: &PolicyDocuments) -> Result<Self, Refusal> {
        let malformed =
            |error: &dyn std::fmt::Display| Refusal::new(Reason::ReleasePolicyMalformed, error);
        let release =
            ReleasePolicy::parse(&documents.release).map_err(|error| malformed(&error))?;
        let builds = unsigned(&documents.builds).map_err(|error| malformed(&error))?;
        let root = root_chain::open(documents.root.as_bytes())?;
        Self::together(release, builds, root, documents)
    }

    /// The documents as they were proposed.
    pub fn documents(&self) -> &PolicyDocuments {
        &self.documents
    }

    fn together(
        release: ReleasePolicy,
        builds: KnownPolicy,
        root: TrustRoot,
        documents: &PolicyDocuments,
    ) -> Result<Self, Refusal> {
        let policy = Self {
            release,
            builds,
            root,
            digest: documents.digest(),
            documents: documents.clone(),
        };
        policy.check_builds()?;
        Ok(policy)
    }

    /// Whose key that is: a person's, a builder's or the gate's.
    pub fn owner(&self, key: KeyName) -> Option<String> {
        let person = self.release.people.named(key).map(|(_, it)| it.to_string());
        let mut builders = self.root.builders.iter();
        let mut builder = || builders.find(|builder| key.names(builder.key.id()));
        let mut keys = self.release.gate_keys.iter();
        let mut gate = || keys.any(|id| key.names(*id));
        person
            .or_else(|| builder().map(|builder| builder.builder.clone()))
            .or_else(|| gate().then(|| self.release.gate.clone()))
    }

    /// The key of that name, of a person or a builder.
    pub fn key(&self, name: KeyName) -> Option<&PublicKey> {
        let builders = self.root.builders.iter().map(|builder| &builder.key);
        let mut builders = builders.filter(|key| name.names(key.id()));
        let person = self.release.people.named(name).map(|(key, _)| key);
        person.or_else(|| builders.next())
    }

    /// The name under which builds are judged for an environment; none where the policy about builds
    /// has no environments at all, and its rules hold everywhere. A name that it does not know is
    /// handed on all the same: it then refuses, where rules for all would be weaker than was meant.
    pub fn build_environment<'a>(&self, name: &'a Name) -> Option<&'a Name> {
        let mut known = self.builds.policy.environments();
        known.next().map(|_| name)
    }

    /// Makes sure that both policies mean the same environments. A log may hold an older policy that
    /// does not keep this, and is read all the same: what it decides is refused then.
    pub fn check_environments(&self) -> Result<(), Refusal> {
        let policy = &self.builds.policy;
        let ours: Vec<&Name> = self
            .release
            .environments
            .iter()
            .map(|environment| &environment.name)
            .collect();
        let theirs: Vec<&Name> = policy.environments().collect();
        let refuse = |name: &Name, known: &[&Name], place: &str| {
            let known: Vec<&str> = known.iter().map(|name| name.as_str()).collect();
            let known = known.join(", ");
            let saw = format!("the environment {name:?} is missing {place}, which knows {known}");
            Err(Refusal::new(Reason::ReleasePolicyMalformed, saw))
        };
        if let Some(name) = theirs.iter().find(|name| !ours.contains(name)) {
            return refuse(name, &ours, "in the policy about releases");
        }
        match ours.iter().find(|name| !theirs.contains(name)) {
            Some(name) if !theirs.is_empty() => refuse(name, &theirs, "in the policy about builds"),
            _ => Ok(()),
        }
    }

    /// What is asked of builds may only get more from one environment to the next, too.
    fn check_builds(&self) -> Result<(), Refusal> {
        let policy = &self.builds.policy;
        let rules = |name| policy.rules(Some(name)).or_else(|| policy.rules(None));
        for pair in self.release.environments.windows(2) {
            let (before, after) = (rules(&pair[0].name), rules(&pair[1].name));
            let none = Rules::default();
            let (before, after) = (before.unwrap_or(&none), after.unwrap_or(&none));
            if tighten(before, after).ok().as_ref() != Some(after) {
                let saw = format!("`{}` asks for less of builds", pair[1].name);
                return Err(Refusal::new(Reason::ReleasePolicyMalformed, saw));
            }
        }
        Ok(())
    }
}
