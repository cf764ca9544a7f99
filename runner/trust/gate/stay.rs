//! Whether something must not stay where it is: what of it was revoked, by the log and the trust root.
//!
//! Asked of what the log has recorded, and of nothing that could fail first: no expiry, no policy that is
//! missing and no provenance that is not believed any more can hide a revocation.

use std::collections::{BTreeMap, BTreeSet};

use zwieback_attest::bundle::Bundle;
use zwieback_attest::identity::Identities;
use zwieback_attest::key_id::KeyId;
use zwieback_attest::policy::reproduction::{Maker, independent};
use zwieback_attest::reason as attest;
use zwieback_attest::trust_root::TrustRoot;
use zwieback_model::digest::Digest;

use super::decision::Rule;
use super::exceptions;
use super::question::Question;
use crate::policy::in_force::PolicyInForce;
use crate::reason::{Reason, Why};
use crate::state::folded::stamps;
use crate::state::record::{BuildRecord, RevocationRecord};
use crate::statement::revocation::Revoked;

/// One build as the log has it.
#[derive(Clone, Copy)]
struct Build<'a> {
    key: KeyId,
    what: &'a BuildRecord,
    /// Who runs the builder, by the trust root; the builder itself, where that names nobody any more.
    operator: &'a str,
    /// Whether the trust root lets that key speak for that builder, at whatever time.
    is_known: bool,
    /// Whether its key was revoked, and no trusted time saves it.
    is_revoked: bool,
}

/// The builds of one thing, an artifact or a tree.
struct Builds<'a> {
    all: Vec<Build<'a>>,
    known: &'a Identities,
}

/// Everything that something rests on, and the keys whose loss leaves too little of it.
#[derive(Default)]
struct Grounds<'a> {
    builds: Vec<Build<'a>>,
    files: Vec<&'a BTreeSet<Digest>>,
    lost: BTreeSet<KeyId>,
}

/// The rules about revocation: each that denies says that it must not stay.
pub fn rules(question: &Question<'_>) -> Vec<Rule> {
    let state = question.state;
    let grounds = Grounds::of(question);
    let itself = [question.artifact.sha256].into_iter();
    // The tree of all outputs is the whole build: revoked, it takes each of them along.
    let mut itself = itself.chain(Builds::of_artifact(question).trees());
    let artifact = itself.find_map(|digest| state.revocation(&Revoked::Artifact(digest)));
    let mut builders = grounds.builds.iter().map(|build| &build.what.builder);
    let builder = builders.find_map(|id| state.revocation(&Revoked::Builder(id.clone())));
    let inputs = grounds.inputs(state.revocations());
    let mut revoked = state.revocations().iter().filter(|revoked| revoked.alone);
    let source = revoked.find(|revoked| match revoked.revocation.revoked {
        // An artifact that was revoked is no better as an input of another.
        Revoked::Source(digest) | Revoked::Artifact(digest) => inputs.contains(&digest),
        Revoked::Key(_) | Revoked::Builder(_) => false,
    });
    vec![
        rule("artifact", artifact, Reason::ArtifactRevoked),
        rule("builder", builder, Reason::BuilderRevoked),
        rule("sources", source, Reason::SourceRevoked),
        grounds.keys(question),
    ]
}

impl<'a> Grounds<'a> {
    fn of(question: &Question<'a>) -> Self {
        let mut grounds = Self::default();
        let own = Builds::of_artifact(question);
        grounds.lost.extend(own.lost(asked(question)));
        let mut open: Vec<Digest> = grounds.add(&own);
        let mut seen = BTreeSet::new();
        while let Some(tree) = open.pop() {
            if seen.insert(tree) {
                let made = question.state.made(tree);
                grounds
                    .files
                    .extend(made.iter().map(|build| &build.what.files));
                let builds = Builds::of_tree(question, tree);
                grounds.lost.extend(builds.lost(1));
                open.extend(grounds.add(&builds));
            }
        }
        grounds
    }

    /// What those builds need.
    fn add(&mut self, builds: &Builds<'a>) -> Vec<Digest> {
        let builds = builds.believed();
        let needs = builds.iter().flat_map(|build| build.what.needs.keys());
        let needs = needs.copied().collect();
        self.builds.extend(builds);
        needs
    }

    /// The digests of all inputs, and of all files of those that recipes made, at any depth; none where
    /// nothing is looked for.
    fn inputs(&self, revocations: &[RevocationRecord]) -> BTreeSet<Digest> {
        if revocations.is_empty() {
            return BTreeSet::new();
        }
        let inputs = self
            .builds
            .iter()
            .flat_map(|build| build.what.inputs.keys());
        let files = self.files.iter().copied().flatten();
        inputs.chain(files).copied().collect()
    }

    fn keys(&self, question: &Question<'_>) -> Rule {
        let keys: Vec<String> = self
            .lost
            .iter()
            .map(|key| describe(*key, question))
            .collect();
        let saw = match keys.as_slice() {
            [] => "none".to_owned(),
            keys => keys.join("; "),
        };
        let why: Option<Why> = (!keys.is_empty()).then_some(attest::Reason::KeyRevoked.into());
        Rule::new(
            "revoked.keys",
            "no revocation that leaves too little",
            saw,
            why,
        )
    }
}

impl<'a> Builds<'a> {
    fn of_artifact(question: &Question<'a>) -> Self {
        let record = question.state.artifact(question.artifact.sha256);
        let builds = record.map_or(&[][..], |record| &record.builds).iter();
        let builds = builds.enumerate().map(|(at, entered)| {
            let bundle = question.provenance.get(at);
            Build::new(entered.key, &entered.what, bundle, question)
        });
        Self::new(builds.collect(), question)
    }

    fn of_tree(question: &Question<'a>, tree: Digest) -> Self {
        let bundles = question.needed.get(&tree);
        let builds = question.state.made(tree).iter().enumerate();
        let builds = builds.map(|(at, entered)| {
            let bundle = bundles.and_then(|bundles| bundles.get(at));
            Build::new(entered.key, &entered.what.build, bundle, question)
        });
        Self::new(builds.collect(), question)
    }

    fn new(all: Vec<Build<'a>>, question: &Question<'a>) -> Self {
        let known = question.state.people().of_builders();
        Self { all, known }
    }

    /// Those that vouch for it. If there is none, what anybody says counts against it: nothing that is
    /// believed says that it was built otherwise.
    fn believed(&self) -> Vec<Build<'a>> {
        let only = |of: fn(&Build<'_>) -> bool| -> Vec<Build<'a>> {
            self.all.iter().copied().filter(|build| of(build)).collect()
        };
        let mut found = only(|build| build.is_known && !build.is_revoked);
        if found.is_empty() {
            found = only(|build| build.is_known || build.is_revoked);
        }
        if found.is_empty() {
            found = only(|_| true);
        }
        found
    }

    /// The trees of all outputs of the builds that vouch for it.
    fn trees(&self) -> Vec<Digest> {
        let builds = self.believed();
        builds.iter().filter_map(|build| build.what.tree).collect()
    }

    /// The keys that were revoked, where fewer independent builders are left than asked for, and fewer
    /// than there were.
    fn lost(&self, asked: usize) -> BTreeSet<KeyId> {
        let revoked = self.all.iter().filter(|build| build.is_revoked);
        let revoked: BTreeSet<KeyId> = revoked.map(|build| build.key).collect();
        if revoked.is_empty() {
            return revoked;
        }
        let before = self.independent(|build| build.is_known || build.is_revoked);
        let left = self.independent(|build| build.is_known && !build.is_revoked);
        if left < asked.min(before) {
            revoked
        } else {
            BTreeSet::new()
        }
    }

    /// How many of them agree and share neither operator nor key.
    fn independent(&self, counts: impl Fn(&Build<'_>) -> bool) -> usize {
        let mut groups: BTreeMap<Vec<&Digest>, Vec<Maker<'_>>> = BTreeMap::new();
        for build in self.all.iter().filter(|build| counts(build)) {
            let inputs = build.what.inputs.keys().collect();
            groups.entry(inputs).or_default().push(Maker {
                operator: Some(build.operator),
                key: build.key,
            });
        }
        let counts = groups
            .values()
            .map(|group| independent(group, Some(self.known)));
        counts.max().unwrap_or(0)
    }
}

impl<'a> Build<'a> {
    fn new(
        key: KeyId,
        what: &'a BuildRecord,
        bundle: Option<&Vec<u8>>,
        question: &Question<'a>,
    ) -> Self {
        let builders = root(question).map_or(&[][..], |root| &root.builders).iter();
        let mut speaks =
            builders.filter(|builder| builder.key.id() == key && builder.builder == what.builder);
        let entry = speaks.next_back();
        Self {
            key,
            what,
            operator: entry.map_or(&what.builder, |entry| &entry.operator),
            is_known: entry.is_some(),
            is_revoked: is_revoked(key, bundle, question),
        }
    }
}

/// Whether a key was revoked, in the log or by the trust root. What it signed before counts if an
/// authority says so that is trusted now.
fn is_revoked(key: KeyId, bundle: Option<&Vec<u8>>, question: &Question<'_>) -> bool {
    let (state, root) = (question.state, root(question));
    let by_root = || root.into_iter().flat_map(|root| root.revocations(key));
    if state.key_revoked(key, None).is_none() && by_root().next().is_none() {
        return false;
    }
    let bundle = bundle.and_then(|bytes| Bundle::parse(bytes).ok());
    let stamps = bundle.map(|bundle| stamps(&bundle, root));
    let stamped = stamps.and_then(|stamps| state.stamped_at(&stamps));
    state.key_revoked(key, stamped).is_some()
        || root.is_some_and(|root| root.revocation_at(key, stamped).is_some())
}

fn root<'a>(question: &Question<'a>) -> Option<&'a TrustRoot> {
    question.state.policy().ok().map(|policy| &policy.root)
}

/// How many independent builders are asked for there. An exception that lets fewer pass leaves one.
fn asked(question: &Question<'_>) -> usize {
    let asked = |policy: &PolicyInForce| {
        let place = policy.build_environment(question.environment);
        policy.builds.policy.rules(place)?.builders
    };
    let asked = question.state.policy().ok().and_then(asked);
    let asked = asked.unwrap_or(1).max(1);
    if asked > 1 && exceptions::lets_pass(question, "builds.builders") {
        return 1;
    }
    asked
}

fn describe(key: KeyId, question: &Question<'_>) -> String {
    let short = key.short();
    let root = root(question);
    let mut by_root = root.into_iter().flat_map(|root| root.revocations(key));
    match (question.state.key_revoked(key, None), by_root.next()) {
        (Some(record), _) => format!("key {short}, {}", saw(record)),
        (None, Some(revocation)) => format!("key {short}, {:?}", revocation.reason),
        (None, None) => format!("key {short}"),
    }
}

fn saw(record: &RevocationRecord) -> String {
    format!("entry {}, {:?}", record.index, record.revocation.reason)
}

/// The rule that something has not been revoked.
fn rule(what: &str, found: Option<&RevocationRecord>, reason: Reason) -> Rule {
    let why: Option<Why> = found.map(|_| reason.into());
    let saw = found.map_or("none".to_owned(), saw);
    Rule::new(format!("revoked.{what}"), "no revocation", saw, why)
}
