//! A statement read backwards: the plan, the patches and the outputs that it tells of.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use zwieback_model::bake::action::{Action, EPOCH};
use zwieback_model::bake::plan::{Locked, Plan, Requests as _, Variety};
use zwieback_model::digest::{Digest, Fingerprint};
use zwieback_model::digest_set::DigestSet;
use zwieback_model::json::canonical;
use zwieback_model::json::from_serde::value_of;
use zwieback_model::json::value::Value;
use zwieback_model::locked_input::LockedInput;
use zwieback_model::manifest::diagnostic::{Diagnostic, SourceText};
use zwieback_model::manifest::lockfile::{LockedFolder, Lockfile};
use zwieback_model::manifest::recipe::Recipe;
use zwieback_model::manifest::source::{Origin, Source};
use zwieback_model::manifest::toolchain::Toolchain;
use zwieback_model::name::Name;
use zwieback_model::rel_path::RelPath;
use zwieback_model::tree::Tree;
use zwieback_model::variation::profile::Profile;

use super::carried::{self, CarriedFolder};
use super::not_repeatable::NotRepeatable;
use super::statement::{BUNDLE_OF, MADE, NEEDS, OUTPUTS, ROOT};
use crate::build_type::{self, FILE, FOLDER, PATCH};
use crate::output_tree::{self, StatedTree};
use crate::provenance::Provenance;
use crate::resource::ResourceDescriptor;
use crate::stated_input::StatedInput;
use crate::statement::Statement;

/// Everything that it takes to build the same again, and to see whether it is the same.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The plan.
    pub plan: Plan,
    /// The patches, by their path in the recipe's folder.
    pub patches: BTreeMap<RelPath, ClaimedPatch>,
    /// The folders of their builder's project, by the source that they are.
    pub folders: BTreeMap<Name, CarriedFolder>,
    /// The recipes whose outputs went in, directly or as a part of a toolchain.
    pub needed: BTreeMap<Name, ClaimedNeed>,
    /// The action: it follows from the plan, the patches and the root.
    pub action: Digest,
    /// The tree that was `/`.
    pub root: Digest,
    /// What each output was; nothing, where they were too many to be listed and the tree is not known.
    pub files: BTreeMap<RelPath, DigestSet>,
    /// The tree of all outputs: executable bits and links stand in no list of files.
    pub outputs: Option<Digest>,
    /// That tree itself, where its file is at hand.
    pub tree: Option<Tree>,
}

/// A patch as a statement names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedPatch {
    /// Its SHA-256.
    pub digest: Digest,
    /// Its bytes, where the statement carries them.
    pub content: Option<Vec<u8>>,
}

/// A recipe whose outputs went in: built again from its own bundle, it must come to that tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimedNeed {
    /// The tree of its outputs.
    pub tree: Digest,
    /// The file of its bundle.
    pub bundle: Digest,
}

/// Reads the claim that a provenance makes about its subjects.
pub fn claim(
    statement: &Statement,
    provenance: &Provenance,
    platform: &str,
) -> Result<Claim, NotRepeatable> {
    check_place(provenance, platform)?;
    let recipe: Recipe = recipe(provenance)?;
    let inputs = Inputs::sort(&provenance.resolved_dependencies)?;
    let plan = plan(provenance, &recipe, &inputs)?;
    check_patches(&recipe, &inputs.patches)?;
    let folders = folders(&plan, inputs.folders)?;
    let needed = needed(&plan, provenance)?;
    let root = inputs.root.ok_or(NotRepeatable::Malformed("toolchain"))?;
    let patches = inputs.patches.iter();
    let digests = patches.map(|(path, patch)| (path.clone(), patch.digest));
    let made = Action::new(&plan, platform, root, digests.collect()).digest();
    let named = parsed(internal(provenance, "action"), "action")?;
    if made != named {
        return Err(NotRepeatable::Action { made, named });
    }
    Ok(Claim {
        plan,
        patches: inputs.patches,
        folders,
        needed,
        action: made,
        root,
        files: files(statement)?,
        outputs: outputs(statement, provenance)?,
        tree: None,
    })
}

impl Claim {
    /// Takes the tree that the statement is about, once its file was found.
    #[must_use]
    pub fn with_tree(mut self, tree: Tree) -> Self {
        if self.files.is_empty() {
            let file = |(path, content): (&RelPath, &Fingerprint)| (path.clone(), content.into());
            self.files = tree.files().map(file).collect();
        }
        self.tree = Some(tree);
        self
    }
}

/// The inputs of a statement, by what they are for.
#[derive(Default)]
struct Inputs {
    sources: Vec<LockedInput>,
    packages: BTreeMap<Name, Vec<LockedInput>>,
    patches: BTreeMap<RelPath, ClaimedPatch>,
    folders: carried::Claimed,
    needs: BTreeMap<Name, Digest>,
    made: BTreeMap<Name, Digest>,
    root: Option<Digest>,
}

impl Inputs {
    fn sort(all: &[ResourceDescriptor]) -> Result<Self, NotRepeatable> {
        let mut inputs = Self::default();
        let mut seen = BTreeSet::new();
        for one in all {
            let role = one.annotations.get("role").and_then(Value::as_str);
            let stray = || NotRepeatable::StrayInput(one.label().to_owned());
            if !seen.insert((role, one.uri.as_deref(), one.name.as_deref())) {
                return Err(stray());
            }
            inputs.add(role, one).ok_or_else(stray)?;
        }
        Ok(inputs)
    }

    fn add(&mut self, role: Option<&str>, one: &ResourceDescriptor) -> Option<()> {
        let digest = one.digest.get_sha256()?;
        let name = one.name.as_deref()?;
        if role.is_some() {
            match StatedInput::of(one)? {
                StatedInput::Source(input) => self.sources.push(input),
                StatedInput::Package(of, package) => {
                    self.packages.entry(of).or_default().push(package);
                }
            }
        } else if let Some(path) = name.strip_prefix(PATCH) {
            let content = one.content.clone();
            // Bytes that are not the named ones would be applied without having been named.
            let differ = |bytes: &Vec<u8>| Digest::sha256(bytes) != digest;
            if content.as_ref().is_some_and(differ) {
                return None;
            }
            let patch = ClaimedPatch { digest, content };
            self.patches.insert(path.parse().ok()?, patch);
        } else if name.starts_with(FOLDER) || name.starts_with(FILE) {
            self.folders.add(one)?;
        } else if let Some(recipe) = name.strip_prefix(NEEDS) {
            self.needs.insert(recipe.parse().ok()?, digest);
        } else if let Some(recipe) = name.strip_prefix(MADE) {
            self.made.insert(recipe.parse().ok()?, digest);
        } else if name.starts_with(ROOT) && self.root.is_none() {
            self.root = Some(digest);
        } else {
            return None;
        }
        Some(())
    }
}

fn check_place(provenance: &Provenance, platform: &str) -> Result<(), NotRepeatable> {
    let epoch = match provenance.internal_parameters.get("epoch") {
        Some(Value::Integer(epoch)) => *epoch,
        _ => return Err(NotRepeatable::Malformed("epoch")),
    };
    let theirs = internal(provenance, "platform").ok_or(NotRepeatable::Malformed("platform"))?;
    if epoch == i64::from(EPOCH) && theirs == platform {
        return Ok(());
    }
    let name = |platform: &str, epoch: i64| format!("{platform}, epoch {epoch}");
    let (theirs, ours) = (name(theirs, epoch), name(platform, EPOCH.into()));
    Err(NotRepeatable::Elsewhere(theirs, ours))
}

fn plan(provenance: &Provenance, recipe: &Recipe, inputs: &Inputs) -> Result<Plan, NotRepeatable> {
    let has_source = |it: &&LockedInput| match &it.source {
        Some(name) => recipe.sources.contains_key(name),
        None => false,
    };
    let named = &recipe.recipe.toolchains;
    let stray = inputs.sources.iter().find(|source| !has_source(source));
    let unused = inputs.packages.iter().find(|(of, _)| !named.contains(of));
    if let Some(stray) = stray.or(unused.and_then(|(_, packages)| packages.first())) {
        return Err(NotRepeatable::StrayInput(stray.file.to_string()));
    }
    let mut sources = Lockfile::new(recipe.requests(), inputs.sources.clone());
    sources.folders = locked_folders(recipe, &inputs.folders)?;
    let toolchains = named
        .iter()
        .map(|name| toolchain(provenance, name, inputs))
        .collect::<Result<Vec<_>, _>>()?;
    let locked: Vec<_> = toolchains.iter().map(|(it, lock)| both(it, lock)).collect();
    let profile = match internal(provenance, "profile") {
        Some("hermetic") => Profile::Hermetic,
        Some("strict") => Profile::Strict,
        _ => return Err(NotRepeatable::Malformed("profile")),
    };
    let variety = Variety {
        profile: Some(profile),
        ..Variety::default()
    };
    let plan = Plan::new(&both(recipe, &sources), &locked, &variety)?;
    with_needed(plan, inputs)
}

/// The plan with what other recipes made for it: exactly what its manifests ask for.
fn with_needed(mut plan: Plan, inputs: &Inputs) -> Result<Plan, NotRepeatable> {
    let tree = |from: &BTreeMap<Name, Digest>, name: &Name| {
        let tree = from.get(name).copied();
        let tree = tree.ok_or_else(|| NotRepeatable::NoNeed(name.clone()))?;
        Ok((name.clone(), tree))
    };
    let needs = plan.recipe.recipe.needs.iter();
    plan.needs = needs
        .map(|name| tree(&inputs.needs, name))
        .collect::<Result<_, NotRepeatable>>()?;
    let mut made = BTreeSet::new();
    for planned in &mut plan.toolchains {
        let recipes = planned.toolchain.recipe.keys();
        planned.made = recipes
            .map(|name| tree(&inputs.made, name))
            .collect::<Result<_, NotRepeatable>>()?;
        made.extend(planned.made.keys().cloned());
    }
    let stray = inputs.needs.keys().find(|it| !plan.needs.contains_key(*it));
    let stray = stray.map(|name| format!("{NEEDS}{name}"));
    let unused = inputs.made.keys().find(|it| !made.contains(*it));
    match stray.or_else(|| unused.map(|name| format!("{MADE}{name}"))) {
        Some(stray) => Err(NotRepeatable::StrayInput(stray)),
        None => Ok(plan),
    }
}

/// What to build first, each with the bundle that says how.
fn needed(
    plan: &Plan,
    provenance: &Provenance,
) -> Result<BTreeMap<Name, ClaimedNeed>, NotRepeatable> {
    let made = plan.toolchains.iter().flat_map(|toolchain| &toolchain.made);
    let mut needed = BTreeMap::new();
    for (name, tree) in plan.needs.iter().chain(made) {
        let label = format!("{BUNDLE_OF}{name}");
        let mut byproducts = provenance.byproducts.iter();
        let bundle = byproducts.find(|byproduct| byproduct.label() == label);
        let bundle = bundle.and_then(|bundle| bundle.digest.get_sha256());
        let need = ClaimedNeed {
            tree: *tree,
            bundle: bundle.ok_or_else(|| NotRepeatable::NoBundle(name.clone()))?,
        };
        // One bundle is of one tree: two trees of one recipe were not made by one build.
        if needed
            .insert(name.clone(), need)
            .is_some_and(|it| it != need)
        {
            return Err(NotRepeatable::Malformed("needs"));
        }
    }
    Ok(needed)
}

fn both<'a, T>(manifest: &'a T, lock: &'a Lockfile) -> Locked<'a, T> {
    let lock = Some(lock);
    Locked { manifest, lock }
}

fn toolchain(
    provenance: &Provenance,
    name: &Name,
    inputs: &Inputs,
) -> Result<(Toolchain, Lockfile), NotRepeatable> {
    let missing = || NotRepeatable::NoToolchain(name.clone());
    let value = build_type::toolchain(provenance, name.as_str()).ok_or_else(missing)?;
    let what = format!("toolchain {name}");
    let toolchain = manifest(value, &what, Toolchain::parse)?;
    let packages = inputs.packages.get(name).cloned().unwrap_or_default();
    let lock = Lockfile::new(toolchain.requests(), packages);
    Ok((toolchain, lock))
}

fn recipe(provenance: &Provenance) -> Result<Recipe, NotRepeatable> {
    let value = build_type::recipe(provenance).ok_or(NotRepeatable::Malformed("recipe"))?;
    manifest(value, "recipe", Recipe::parse)
}

/// Reads a manifest through its own file format, so that every rule for files holds here too.
pub(super) fn manifest<T: Serialize>(
    value: &Value,
    what: &str,
    parse: fn(SourceText<'_>) -> Result<T, Diagnostic>,
) -> Result<T, NotRepeatable> {
    let spelling = || NotRepeatable::Spelling(what.to_owned());
    let plain: serde_json::Value =
        serde_json::from_str(&canonical::to_string(value)).map_err(|_| spelling())?;
    let text = toml::to_string(&plain).map_err(|_| spelling())?;
    let source = SourceText {
        path: what,
        text: &text,
    };
    let read = parse(source).map_err(|error| NotRepeatable::Manifest(Box::new(error)))?;
    // What reading dropped would be built without, though it was signed.
    let same = value_of(&read).is_ok_and(|read| read == *value);
    if same { Ok(read) } else { Err(spelling()) }
}

/// What the lock said of folders: each is a source of the recipe, and the place is in the recipe.
fn locked_folders(
    recipe: &Recipe,
    claimed: &carried::Claimed,
) -> Result<Vec<LockedFolder>, NotRepeatable> {
    let stray = |source: &Name| NotRepeatable::StrayInput(format!("{FOLDER}{source}"));
    let one = |(source, (tree, _)): (&Name, &(Digest, _))| {
        let origin = recipe.sources.get(source).map(Source::origin);
        match origin {
            Some(Ok(Origin::Folder(path))) => Ok(LockedFolder {
                source: source.clone(),
                path: path.clone(),
                tree: *tree,
            }),
            _ => Err(stray(source)),
        }
    };
    claimed.trees.iter().map(one).collect()
}

/// The bytes of every folder, each checked against the tree that the action names.
fn folders(
    plan: &Plan,
    mut claimed: carried::Claimed,
) -> Result<BTreeMap<Name, CarriedFolder>, NotRepeatable> {
    let mut folders = BTreeMap::new();
    for LockedFolder { source, path, tree } in &plan.folders {
        let not_carried = || NotRepeatable::NotCarried {
            source_name: source.clone(),
            path: path.clone(),
            tree: *tree,
        };
        let content = claimed.take_tree(source).ok_or_else(not_carried)?;
        let files = claimed.take_files(source);
        let folder = CarriedFolder::read(tree, &content, files);
        let folder = folder.map_err(|error| NotRepeatable::Folder(source.clone(), error))?;
        folders.insert(source.clone(), folder);
    }
    match claimed.left_over() {
        Some(source) => Err(NotRepeatable::StrayInput(format!("{FILE}{source}"))),
        None => Ok(folders),
    }
}

fn check_patches(
    recipe: &Recipe,
    patches: &BTreeMap<RelPath, ClaimedPatch>,
) -> Result<(), NotRepeatable> {
    let sources = recipe.sources.values();
    let asked: BTreeSet<_> = sources.flat_map(|source| &source.patches).collect();
    let there: BTreeSet<_> = patches.keys().collect();
    match asked.symmetric_difference(&there).next() {
        Some(odd) => Err(NotRepeatable::StrayInput(format!("{PATCH}{odd}"))),
        None => Ok(()),
    }
}

/// The digest of the output tree: a subject, and in older statements a byproduct alone.
fn outputs(
    statement: &Statement,
    provenance: &Provenance,
) -> Result<Option<Digest>, NotRepeatable> {
    let malformed = || NotRepeatable::Malformed(OUTPUTS);
    let stated = StatedTree::of(statement).map_err(|_| malformed())?;
    let mut beside = provenance.byproducts.iter();
    let beside = beside.find(|it| it.label() == OUTPUTS);
    let beside = beside.and_then(|beside| beside.digest.get_sha256());
    match (stated.map(|stated| stated.digest), beside) {
        (Some(stated), Some(beside)) if stated != beside => Err(malformed()),
        (stated, beside) => Ok(stated.or(beside)),
    }
}

fn files(statement: &Statement) -> Result<BTreeMap<RelPath, DigestSet>, NotRepeatable> {
    let mut files = BTreeMap::new();
    for subject in output_tree::outputs(statement) {
        let wrong = || NotRepeatable::Subject(subject.label().to_owned());
        let path: RelPath = subject.label().parse().map_err(|_| wrong())?;
        subject.digest.get_sha256().ok_or_else(wrong)?;
        if files.insert(path, subject.digest.clone()).is_some() {
            return Err(wrong());
        }
    }
    Ok(files)
}

fn internal<'p>(provenance: &'p Provenance, name: &str) -> Option<&'p str> {
    provenance.internal_parameters.get(name)?.as_str()
}

fn parsed(text: Option<&str>, what: &'static str) -> Result<Digest, NotRepeatable> {
    let digest = text.and_then(|text| text.parse().ok());
    digest.ok_or(NotRepeatable::Malformed(what))
}

#[cfg(test)]
#[path = "recheck_tests.rs"]
mod tests;
