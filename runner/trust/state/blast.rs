//! What a revocation would reach: to be seen before it is signed.

use std::collections::BTreeSet;

use zwieback_attest::key_id::KeyId;
use zwieback_model::digest::Digest;
use zwieback_model::name::Name;

use super::folded::State;
use super::record::{ArtifactRecord, BuildRecord};
use crate::statement::revocation::Revoked;

/// Everything that rests on one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlastRadius {
    /// Artifacts that were built by, from or with it, with what they are called.
    pub artifacts: Vec<(Digest, String)>,
    /// Where those are deployed now: environment and generation.
    pub deployed: Vec<(Name, u64, Digest)>,
    /// Approvals, tests and exceptions that would count no more, by entry.
    pub statements: BTreeSet<u64>,
    /// Everything that counts and that the key signed, whatever it is, by entry.
    pub signed: BTreeSet<u64>,
    /// For whom the key speaks: a person, the gate, the log.
    pub speaks_for: Vec<String>,
}

impl State {
    /// What would be reached if that were revoked now.
    pub fn blast_radius(&self, revoked: &Revoked) -> BlastRadius {
        let mut radius = BlastRadius::default();
        for (digest, record) in &self.artifacts {
            if self.is_reached(*digest, record, revoked) {
                radius.artifacts.push((*digest, record.name.clone()));
            }
            if let Revoked::Key(key) = revoked {
                let approvals = record
                    .approvals
                    .iter()
                    .map(|approval| (approval.key, approval.index));
                let tests = record.tests.iter().map(|test| (test.key, test.index));
                let exceptions = record
                    .exceptions
                    .iter()
                    .map(|exception| (exception.key, exception.index));
                let all = approvals.chain(tests).chain(exceptions);
                let of_key = all.filter(|(by, _)| key.names(*by)).map(|(_, index)| index);
                radius.statements.extend(of_key);
            }
        }
        let reached: BTreeSet<Digest> = radius.artifacts.iter().map(|(it, _)| *it).collect();
        for (name, history) in &self.environments {
            let current = history.current().filter(|generation| {
                // What the gate's key put there is there on its word alone.
                let words = [Some(generation.key), generation.returned_by()];
                let is_said = matches!(revoked, Revoked::Key(key)
                    if words.into_iter().flatten().any(|word| key.names(word)));
                is_said || reached.contains(&generation.artifact)
            });
            let deployed = current.map(|current| (name.clone(), current.number, current.artifact));
            radius.deployed.extend(deployed);
        }
        radius
    }

    /// Whether an artifact is what is revoked, or rests on it at any depth.
    fn is_reached(&self, digest: Digest, record: &ArtifactRecord, revoked: &Revoked) -> bool {
        let mut seen = BTreeSet::new();
        let mut open: Vec<Digest> = Vec::new();
        for build in &record.builds {
            if rests_on(build.key, &build.what, revoked) {
                return true;
            }
            open.extend(build.what.needs.keys().copied());
        }
        while let Some(tree) = open.pop() {
            if !seen.insert(tree) {
                continue;
            }
            for made in self.made(tree) {
                let (build, files) = (&made.what.build, &made.what.files);
                let file = matches!(revoked, Revoked::Artifact(it) | Revoked::Source(it) if files.contains(it));
                if file || rests_on(made.key, build, revoked) {
                    return true;
                }
                open.extend(build.needs.keys().copied());
            }
        }
        *revoked == Revoked::Artifact(digest)
    }
}

fn rests_on(key: KeyId, build: &BuildRecord, revoked: &Revoked) -> bool {
    match revoked {
        Revoked::Key(name) => name.names(key),
        Revoked::Builder(builder) => build.builder == *builder,
        Revoked::Artifact(input) | Revoked::Source(input) => {
            let of_all = build.tree == Some(*input);
            of_all || build.inputs.contains_key(input) || build.needs.contains_key(input)
        }
    }
}
