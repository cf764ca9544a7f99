//! What is kept of a build that nobody has signed yet, and what is made of it again before a key is asked.
//!
//! The files of a kept run are as good as whoever can write to them. So no statement is kept: it is made
//! again, by the way in which a build makes it, from what was asked for (the [`KeptPlan`]), what the builder
//! saw (the record of the runs, in which alone that is kept), the trees and the logs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use zwieback_model::bake::action::Action;
use zwieback_model::bake::plan::{
    LockProblem, Locked, Plan, PlannedToolchain, Requests as _, Variety,
};
use zwieback_model::bake::record::{Outcome, Record, RunRecord};
use zwieback_model::base64;
use zwieback_model::digest::Digest;
use zwieback_model::enforcement::LockState;
use zwieback_model::json::from_serde::value_of;
use zwieback_model::locked_input::LockedInput;
use zwieback_model::manifest::diagnostic::{Diagnostic, SourceText};
use zwieback_model::manifest::lockfile::{LockedFolder, Lockfile, VERSION};
use zwieback_model::manifest::recipe::Recipe;
use zwieback_model::manifest::toolchain::Toolchain;
use zwieback_model::name::Name;
use zwieback_model::rel_path::RelPath;
use zwieback_model::timestamp::Timestamp;
use zwieback_model::variation::conditions::RunName;
use zwieback_model::variation::profile::Profile;

use super::recheck::manifest;

/// What was to be built: manifests, locks, patches and what other recipes made for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptPlan {
    recipe: Recipe,
    lock: Lockfile,
    profile: Profile,
    toolchains: Vec<KeptToolchain>,
    needs: BTreeMap<Name, Digest>,
    /// The actions of the recipes that it needs: their bundles are named once they are signed.
    actions: BTreeMap<Name, Digest>,
    /// As base64: a patch may hold any bytes.
    patches: BTreeMap<RelPath, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptToolchain {
    toolchain: Toolchain,
    lock: Lockfile,
    made: BTreeMap<Name, Digest>,
}

/// A plan read back, with what belongs to it.
#[derive(Clone, Debug)]
pub struct PlanAgain {
    /// The plan.
    pub plan: Plan,
    /// The actions of the recipes that it needs, each with the tree that it came to.
    pub needed: BTreeMap<Name, NeededAction>,
    /// The content of each patch.
    pub patches: BTreeMap<RelPath, Vec<u8>>,
}

/// A recipe that is needed, as it was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeededAction {
    /// The action.
    pub action: Digest,
    /// The tree of its outputs.
    pub tree: Digest,
}

/// Why a kept run is not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSignable {
    /// The run does not wait for a signature.
    #[error("run `{0}` does not wait for a signature")]
    NotWaiting(String),
    /// It was kept in the form of an earlier version.
    #[error(
        "run `{0}` was kept by an earlier version of zwieback, with a statement that is not believed now"
    )]
    Earlier(String),
    /// What was kept does not read.
    #[error("its {0} cannot be read")]
    Unreadable(&'static str),
    /// A lock that was kept is not what its manifest claims.
    #[error(transparent)]
    Lock(#[from] LockProblem),
    /// The record says something else than what is found.
    #[error("its record's {0} is not what plan, trees and logs give")]
    Differs(&'static str),
    /// The two trees that were kept are not the same.
    #[error("the two trees of run `{0}` are not the same")]
    TwoTrees(String),
    /// It would speak for another builder than this user's configuration can be.
    #[error("it would speak for the builder {0:?}")]
    Builder(String),
    /// What it needs has no signature by this key.
    #[error("recipe `{0}`, which it needs, is not signed by this key yet")]
    Needed(Name),
    /// The key is yet to be made, and a policy asks whose it is.
    #[error("the key that is to sign is yet to be made")]
    NoKey,
    /// It was built by another version of the program.
    #[error("it was built by zwieback {0}")]
    Version(String),
    /// The statement is not the one that the builder kept or told.
    #[error("what was kept makes a statement with the sha256 {found}, {asked} is asked for")]
    OtherStatement {
        /// What was kept, or is asked for.
        asked: Digest,
        /// What there is.
        found: Digest,
    },
}

impl KeptPlan {
    /// What is kept of a plan.
    pub fn of(
        plan: &Plan,
        actions: &BTreeMap<Name, Digest>,
        patches: &BTreeMap<RelPath, Vec<u8>>,
    ) -> Self {
        let toolchain = |it: &PlannedToolchain| KeptToolchain {
            toolchain: it.toolchain.clone(),
            lock: lock(it.toolchain.requests(), &it.inputs, &[]),
            made: it.made.clone(),
        };
        let patch = |(path, bytes): (&RelPath, &Vec<u8>)| (path.clone(), base64::encode(bytes));
        Self {
            recipe: plan.recipe.clone(),
            lock: lock(plan.recipe.requests(), &plan.inputs, &plan.folders),
            profile: plan.profile,
            toolchains: plan.toolchains.iter().map(toolchain).collect(),
            needs: plan.needs.clone(),
            actions: actions.clone(),
            patches: patches.iter().map(patch).collect(),
        }
    }

    /// The plan again: manifests by the rules for their files, and locks by what these claim.
    pub fn read(self) -> Result<PlanAgain, NotSignable> {
        let unreadable = NotSignable::Unreadable;
        let recipe = reread(&self.recipe, Recipe::parse).ok_or(unreadable("recipe"))?;
        let named = self.toolchains.iter().map(|locked| locked.toolchain.name());
        same(named, &recipe.recipe.toolchains, "toolchains")?;
        let mut toolchains = Vec::new();
        for kept in &self.toolchains {
            let manifest = reread(&kept.toolchain, Toolchain::parse);
            toolchains.push((manifest.ok_or(unreadable("toolchain"))?, &kept.lock));
        }
        let locks: Vec<_> = toolchains.iter().map(|(it, lock)| both(it, lock)).collect();
        let variety = Variety {
            profile: Some(self.profile),
            ..Variety::default()
        };
        let mut plan = Plan::new(&both(&recipe, &self.lock), &locks, &variety)?;
        for (planned, kept) in plan.toolchains.iter_mut().zip(&self.toolchains) {
            same(kept.made.keys(), planned.toolchain.recipe.keys(), "needs")?;
            planned.made.clone_from(&kept.made);
        }
        same(self.needs.keys(), &recipe.recipe.needs, "needs")?;
        plan.needs = self.needs;
        let needed = needed(&plan, &self.actions)?;
        let asked = recipe.sources.values().flat_map(|source| &source.patches);
        same(self.patches.keys(), asked, "patches")?;
        let patch = |(path, text): (RelPath, String)| Some((path, base64::decode(&text).ok()?));
        let patches: Option<_> = self.patches.into_iter().map(patch).collect();
        Ok(PlanAgain {
            plan,
            needed,
            patches: patches.ok_or(unreadable("patches"))?,
        })
    }
}

/// Holds the record of a pair of runs against the action that follows from plan and inputs.
pub fn check(record: &Record, action: &Action, version: &str) -> Result<Timestamp, NotSignable> {
    let head = &action.recipe.recipe;
    must(record.action == action.digest(), "action")?;
    must(record.recipe == head.name, "recipe")?;
    must(record.version == head.version, "version")?;
    must(record.profile == action.profile, "profile")?;
    let built_by = record.program.as_deref().unwrap_or_default();
    if built_by != version {
        return Err(NotSignable::Version(built_by.to_owned()));
    }
    let finished = record.finished.ok_or(NotSignable::Differs("time"))?;
    must(record.started <= finished, "time")?;
    let [a, b] = record.runs.as_slice() else {
        return Err(NotSignable::Differs("pair of runs"));
    };
    must((a.run, b.run) == (RunName::A, RunName::B), "pair of runs")?;
    must(
        a.conditions.run == RunName::A && b.conditions.run == RunName::B,
        "pair of runs",
    )?;
    let (from, to) = (record.started.as_unix(), finished.as_unix());
    let is_within =
        |run: &RunRecord| from <= run.began && run.began <= run.ended && run.ended <= to;
    must(is_within(a) && is_within(b), "time")?;
    Ok(finished)
}

impl NotSignable {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotWaiting(_) => Some("`zwieback build --unsigned` keeps one that does".into()),
            Self::Builder(_) => {
                Some("`sign.builder_id` and `sandbox.allow_absent` must be as for the build".into())
            }
            Self::Needed(name) => Some(format!("sign it first: zwieback sign {name}")),
            Self::OtherStatement { .. } => Some(
                "somebody has changed what was kept, or `sign.builder_id` is not as for the build: build again".into(),
            ),
            Self::NoKey => Some("make it: zwieback key generate".into()),
            Self::Version(_) => Some("sign with the same version".into()),
            Self::Earlier(_) => Some("build again with `zwieback build --unsigned`".into()),
            _ => Some("somebody has changed what was kept: build again".into()),
        }
    }
}

/// Whether a run waits for a signature.
pub fn check_waits(record: &Record) -> Result<(), NotSignable> {
    if record.outcome == Outcome::Unsigned {
        Ok(())
    } else {
        Err(NotSignable::NotWaiting(record.id.clone()))
    }
}

/// Whether a lock of the sandbox was absent in one of the runs.
pub fn is_weak<'r>(runs: impl IntoIterator<Item = &'r RunRecord>) -> bool {
    let mut locks = runs.into_iter().flat_map(|run| run.enforcement.iter());
    locks.any(|(_, held)| held.state == LockState::Absent)
}

/// Every recipe that is needed, with its action: one action has one tree.
fn needed(
    plan: &Plan,
    actions: &BTreeMap<Name, Digest>,
) -> Result<BTreeMap<Name, NeededAction>, NotSignable> {
    let made = plan.toolchains.iter().flat_map(|toolchain| &toolchain.made);
    let mut needed = BTreeMap::new();
    for (name, tree) in plan.needs.iter().chain(made) {
        let action = actions.get(name).copied();
        let action = action.ok_or(NotSignable::Differs("needs"))?;
        let one = NeededAction {
            action,
            tree: *tree,
        };
        let before = needed.insert(name.clone(), one);
        must(before.is_none_or(|known| known == one), "needs")?;
    }
    same(needed.keys(), actions.keys(), "needs")?;
    Ok(needed)
}

fn reread<T: Serialize>(kept: &T, parse: fn(SourceText<'_>) -> Result<T, Diagnostic>) -> Option<T> {
    manifest(&value_of(kept).ok()?, "plan", parse).ok()
}

/// As it was read: the order of its entries is the order of the statement's.
fn lock(requests: Digest, inputs: &[LockedInput], folders: &[LockedFolder]) -> Lockfile {
    Lockfile {
        version: VERSION,
        requests,
        inputs: inputs.to_vec(),
        folders: folders.to_vec(),
    }
}

fn both<'a, T>(manifest: &'a T, lock: &'a Lockfile) -> Locked<'a, T> {
    let lock = Some(lock);
    Locked { manifest, lock }
}

fn same<'n, T: Ord + 'n>(
    some: impl IntoIterator<Item = &'n T>,
    others: impl IntoIterator<Item = &'n T>,
    what: &'static str,
) -> Result<(), NotSignable> {
    let some: BTreeSet<_> = some.into_iter().collect();
    let others: BTreeSet<_> = others.into_iter().collect();
    must(some == others, what)
}

fn must(holds: bool, what: &'static str) -> Result<(), NotSignable> {
    if holds {
        Ok(())
    } else {
        Err(NotSignable::Differs(what))
    }
}
