//! What is said about a build that two runs agreed on: SLSA provenance, made from values alone.

use std::collections::BTreeMap;

use zwieback_model::bake::action::Action;
use zwieback_model::bake::comparison::Reproduced;
use zwieback_model::bake::plan::{Plan, PlannedToolchain};
use zwieback_model::digest::{Digest, Fingerprint};
use zwieback_model::json::from_serde::value_of;
use zwieback_model::json::value::{Object, Value};
use zwieback_model::locked_input::LockedInput;
use zwieback_model::manifest::recipe::Head;
use zwieback_model::name::Name;
use zwieback_model::rel_path::RelPath;
use zwieback_model::timestamp::Timestamp;
use zwieback_model::variation::factor::{Factor, FactorState};

use super::carried::{Carried, CarriedFolder};
use crate::build_type::{self, FOLDER, PATCH};
use crate::bundle;
use crate::output_tree;
use crate::provenance::{Builder, Metadata, Provenance};
use crate::resource::{ResourceDescriptor, TREE};
use crate::statement::Statement;

/// Before the name of a recipe whose outputs went in.
pub const NEEDS: &str = "needs ";
/// Before the name of a recipe whose outputs are part of a toolchain.
pub const MADE: &str = "outputs of ";
/// Before the names of the toolchains, in the name of the tree that was `/`.
pub const ROOT: &str = "toolchain/";
/// Before the name of a needed recipe, in the name of the byproduct that is its bundle.
pub const BUNDLE_OF: &str = "bundle of ";
/// The name of the byproduct that is the tree of all outputs.
pub const OUTPUTS: &str = "output tree";
/// The name of the byproduct that tells of factors and locks.
pub const SANDBOX: &str = "sandbox report";
/// A statement carries whole the patches that are smaller: in-toto keeps `content` below 1 KB.
const SMALL_PATCH: usize = 1024;

/// What tells one invocation from another. None of it is part of `buildDefinition`.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// A URI for the builder in this mode.
    pub builder_id: String,
    /// Zwieback's own version.
    pub version: String,
    /// A name that no other invocation has.
    pub id: String,
    /// When it started.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
    /// The bundles of the needed recipes. Their bytes hold times, so they are no build parameter.
    pub needed: BTreeMap<Name, Digest>,
    /// What became of each factor.
    pub factors: BTreeMap<Factor, FactorState>,
    /// The true state of every lock, as JSON.
    pub enforcement: Value,
    /// Logs and reports by name.
    pub byproducts: BTreeMap<String, Fingerprint>,
}

/// The statement about the outputs of a build. Only what was reproduced has one.
pub fn statement(
    plan: &Plan,
    action: &Action,
    carried: &Carried<'_>,
    made: &Reproduced,
    invocation: Invocation,
) -> Statement {
    let subject = subjects(&plan.recipe.recipe, made);
    let byproducts = byproducts(made, &invocation);
    let provenance = Provenance {
        build_type: build_type::BUILD_TYPE.to_owned(),
        external_parameters: external(plan),
        internal_parameters: internal(action),
        resolved_dependencies: dependencies(plan, action, carried),
        builder: Builder {
            id: invocation.builder_id,
            version: BTreeMap::from([("zwieback".to_owned(), invocation.version)]),
            builder_dependencies: Vec::new(),
        },
        metadata: Metadata {
            invocation_id: Some(invocation.id),
            started_on: Some(invocation.started),
            finished_on: Some(invocation.finished),
        },
        byproducts,
    };
    provenance.into_statement(subject)
}

/// What a statement about those outputs is about.
pub(super) fn subjects(head: &Head, made: &Reproduced) -> Vec<ResourceDescriptor> {
    let release = bundle::release(&head.name, &head.version);
    output_tree::subjects(made.outputs(), &release)
}

/// All that a user could choose: the recipe and its toolchains, whole.
fn external(plan: &Plan) -> Object {
    let toolchains = plan.toolchains.iter();
    let toolchain = |it: &PlannedToolchain| (it.toolchain.name().to_string(), json(&it.toolchain));
    build_type::external_parameters(json(&plan.recipe), toolchains.map(toolchain).collect())
}

/// What the builder set by itself.
pub(super) fn internal(action: &Action) -> Object {
    Object::from([
        (
            "action".to_owned(),
            action.digest().to_hex().as_str().into(),
        ),
        ("epoch".to_owned(), i64::from(action.epoch).into()),
        ("platform".to_owned(), action.platform.as_str().into()),
        ("profile".to_owned(), action.profile.as_str().into()),
    ])
}

/// Every input: a hermetic build has no other.
fn dependencies(plan: &Plan, action: &Action, carried: &Carried<'_>) -> Vec<ResourceDescriptor> {
    let sources = plan.inputs.iter().map(|input| {
        let role = input
            .source
            .as_ref()
            .map_or_else(String::new, |source| format!("source {source}"));
        dependency(input, &role)
    });
    let packages = plan.toolchains.iter().flat_map(|planned| {
        let name = planned.toolchain.name();
        let role = move |part: Option<&Name>| match part {
            None => format!("toolchain {name}"),
            Some(part) => format!("toolchain {name} {part}"),
        };
        let inputs = planned.inputs.iter();
        inputs.map(move |input| dependency(input, &role(input.source.as_ref())))
    });
    // Two toolchains may be made of one recipe.
    let made: BTreeMap<_, _> = plan
        .toolchains
        .iter()
        .flat_map(|toolchain| &toolchain.made)
        .collect();
    let made = made
        .into_iter()
        .map(|(name, tree)| tree_named(&format!("{MADE}{name}"), *tree));
    let patches = carried.patches.iter().map(patch);
    let folders = carried.folders.iter();
    let files = folders.flat_map(|(name, folder)| folder.inputs(name));
    let trees = action.folders.iter().map(|(name, tree)| {
        let mut folder = tree_named(&format!("{FOLDER}{name}"), *tree);
        folder.content = carried.folders.get(name).map(CarriedFolder::content);
        folder
    });
    let needs = action
        .needs
        .iter()
        .map(|(name, tree)| tree_named(&format!("{NEEDS}{name}"), *tree));
    sources
        .chain(packages)
        .chain(patches)
        .chain(trees)
        .chain(files)
        .chain(needs)
        .chain(made)
        .chain([root(plan, action)])
        .collect()
}

fn dependency(input: &LockedInput, role: &str) -> ResourceDescriptor {
    let mut descriptor = ResourceDescriptor::located(input.purl.as_str(), input.digest_set());
    descriptor.name = Some(input.file.to_string());
    let locations: Vec<_> = input
        .locations
        .iter()
        .map(|path| Value::from(path.as_str()))
        .collect();
    descriptor.annotations = Object::from([
        ("role".to_owned(), role.into()),
        (
            "size".to_owned(),
            i64::try_from(input.size).unwrap_or(i64::MAX).into(),
        ),
        ("locations".to_owned(), Value::Array(locations)),
    ]);
    descriptor
}

/// A patch lies beside the recipe and nowhere else: without its bytes nobody could build again.
fn patch((path, bytes): (&&RelPath, &&[u8])) -> ResourceDescriptor {
    let mut descriptor = sha256_named(&format!("{PATCH}{path}"), Digest::sha256(bytes));
    descriptor.content = (bytes.len() < SMALL_PATCH).then(|| bytes.to_vec());
    descriptor
}

/// The tree that was `/`. It follows from the packages; its digest lets a stranger check that.
fn root(plan: &Plan, action: &Action) -> ResourceDescriptor {
    let names: Vec<_> = plan
        .toolchains
        .iter()
        .map(|toolchain| toolchain.toolchain.name().as_str())
        .collect();
    tree_named(&format!("{ROOT}{}", names.join("+")), action.toolchain)
}

fn tree_named(name: &str, digest: Digest) -> ResourceDescriptor {
    let mut descriptor = sha256_named(name, digest);
    descriptor.media_type = Some(TREE.to_owned());
    descriptor
}

fn byproducts(made: &Reproduced, invocation: &Invocation) -> Vec<ResourceDescriptor> {
    let outputs = tree_named(OUTPUTS, made.outputs().digest());
    let needed = invocation
        .needed
        .iter()
        .map(|(name, digest)| sha256_named(&format!("{BUNDLE_OF}{name}"), *digest));
    let mut sandbox = sha256_named(SANDBOX, Digest::sha256(report(invocation).as_bytes()));
    sandbox.annotations = Object::from([
        ("enforcement".to_owned(), invocation.enforcement.clone()),
        ("factors".to_owned(), json(&invocation.factors)),
    ]);
    let named =
        |(name, print): (&String, &Fingerprint)| ResourceDescriptor::named(name.as_str(), print);
    invocation
        .byproducts
        .iter()
        .map(named)
        .chain(needed)
        .chain([outputs, sandbox])
        .collect()
}

/// The bytes behind the digest of the sandbox report: its annotations, canonically.
fn report(invocation: &Invocation) -> String {
    let value = Value::object([
        ("enforcement", invocation.enforcement.clone()),
        ("factors", json(&invocation.factors)),
    ]);
    zwieback_model::json::canonical::to_string(&value)
}

fn sha256_named(name: &str, digest: Digest) -> ResourceDescriptor {
    ResourceDescriptor::named(name, zwieback_model::digest_set::DigestSet::sha256(digest))
}

fn json(value: &impl serde::Serialize) -> Value {
    value_of(value).expect("manifests and reports hold only text, whole numbers and tables")
}
