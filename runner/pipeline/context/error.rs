//! Everything that can end a story early.

use std::io;
use std::path::{Path, PathBuf};

use zwieback_attest::build::carried::CarriedError;
use zwieback_attest::build::unsigned::NotSignable;
use zwieback_attest::reason::Refusal;
use zwieback_host::archive::error::ArchiveError;
use zwieback_host::capture::error::CaptureError;
use zwieback_host::deb::apt_state::AptStateError;
use zwieback_host::deb::resolve::ResolveError;
use zwieback_host::ecosystem::error::EcosystemError;
use zwieback_host::fetch::error::FetchError;
use zwieback_host::keys::error::SignError;
use zwieback_host::project::ProjectError;
use zwieback_host::run_folder::RunError;
use zwieback_host::store::error::StoreError;
use zwieback_host::time_stamp::StampError;
use zwieback_host::toolchain::error::AssembleError;
use zwieback_model::bake::completed::{Ending, Incomplete};
use zwieback_model::bake::plan::LockProblem;
use zwieback_model::digest::Digest;
use zwieback_model::manifest::ceilings::CeilingError;
use zwieback_model::manifest::project_folder::ProjectFolder;
use zwieback_model::name::Name;
use zwieback_model::purl::Purl;
use zwieback_model::rel_path::RelPath;
use zwieback_model::secrets::search_budget::SearchEnd;
use zwieback_model::variation::conditions::RunName;
use zwieback_sandbox::call::CallError;
use zwieback_sandbox::error::SandboxError;

use super::explained::Explained;
use super::keyring::KeyringError;

/// Why a story did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The project cannot be read.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// A lock is missing or stale.
    #[error(transparent)]
    Lock(#[from] LockProblem),
    /// Several locks are missing or stale.
    #[error("{} locks are missing or stale:\n{}", .0.len(), lines(.0))]
    Locks(Vec<LockProblem>),
    /// A folder of the project that is a link, which could lead to any folder of the user's.
    #[error("{} is a symbolic link: nothing is written through it", folder.display())]
    Linked {
        /// The link.
        folder: PathBuf,
    },
    /// The recipe asks for more than it may have.
    #[error(transparent)]
    Ceiling(#[from] CeilingError),
    /// Packages cannot be resolved.
    #[error(transparent)]
    AptState(#[from] AptStateError),
    /// Packages cannot be resolved.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// A source cannot be pinned or staged.
    #[error("source `{name}`")]
    Source {
        /// The source.
        name: Name,
        /// Why.
        source: Box<EcosystemError>,
    },
    /// A locked commit of a repository cannot be had again.
    #[error("{purl}")]
    Repository {
        /// The repository and its commit.
        purl: Purl,
        /// Why.
        source: Box<EcosystemError>,
    },
    /// A source is a folder that changed since it was locked.
    #[error("source `{name}` changed since it was locked: {path} is another tree now")]
    FolderChanged {
        /// The source.
        name: Name,
        /// The folder.
        path: ProjectFolder,
        /// The recipe to lock again.
        recipe: Name,
    },
    /// A folder that is to be a source lies elsewhere.
    #[error("{} is no folder of this project", folder.display())]
    OutsideProject {
        /// The folder.
        folder: PathBuf,
    },
    /// None of its files says how a source is built.
    #[error("no file of the source says how it is built")]
    UnknownSystem {
        /// The ways that are known.
        known: String,
    },
    /// Recipes need each other in a circle.
    #[error("recipes need each other in a circle: {}", circle(.0))]
    Circle(Vec<Name>),
    /// Inputs cannot be had.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A source that no chapter knows how to pin.
    #[error("source `{name}` is {purl}, which cannot be locked yet")]
    UnsupportedSource {
        /// The source.
        name: Name,
        /// Its package URL.
        purl: Purl,
    },
    /// The network is needed and forbidden.
    #[error("the network is off limits (--offline), and it takes one to {what}")]
    NeedsNetwork {
        /// What it is needed for.
        what: &'static str,
    },
    /// A file that was in the store a moment ago is not.
    #[error("{file} vanished from the store while it was needed")]
    Vanished {
        /// The file.
        file: String,
    },
    /// A step did not succeed.
    #[error("step `{step}` of run {run} {}", ending.describe())]
    StepFailed {
        /// Which run.
        run: RunName,
        /// The step.
        step: Name,
        /// How it ended.
        ending: Ending,
        /// The end of what it printed.
        tail: Vec<String>,
        /// What is likely to mend it, and where the whole log is.
        hint: String,
    },
    /// A run's outputs are not what was declared.
    #[error("run {run}: {source}")]
    Incomplete {
        /// Which run.
        run: RunName,
        /// What is missing.
        source: Incomplete,
    },
    /// A file of the user's cannot be read or written.
    #[error("{}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder of the user's cannot be read or written.
    #[error(transparent)]
    Folder(#[from] CallError),
    /// An archive cannot be unpacked.
    #[error("source `{name}`")]
    Unpack {
        /// The source.
        name: Name,
        /// Why.
        source: ArchiveError,
    },
    /// The sources alone exceed the room that the run has.
    #[error("the sources do not fit into the work place: a run reached its limit of disk")]
    SourcesTooLarge,
    /// A patch does not apply.
    #[error("{path} does not apply to source `{name}`:\n{said}")]
    Patch {
        /// The source.
        name: Name,
        /// The patch.
        path: RelPath,
        /// What `patch` said.
        said: String,
    },
    /// A toolchain cannot be put together.
    #[error(transparent)]
    Toolchain(#[from] AssembleError),
    /// A run's folder cannot be used.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The sandbox cannot be had or broke.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// A lock is absent, and the user's configuration does not allow that.
    #[error("this machine cannot enforce the {lock}: {detail}")]
    LockAbsent {
        /// The lock.
        lock: &'static str,
        /// Why it is absent.
        detail: String,
    },
    /// What a run wrote cannot be an output.
    #[error("run {run}{}", of_step(step.as_ref()))]
    Outputs {
        /// Which run.
        run: RunName,
        /// The step after which it lay there, where that is known.
        step: Option<Name>,
        /// Why.
        source: Box<CaptureError>,
    },
    /// What a step left cannot be looked at.
    #[error("cannot look at what a step left")]
    Look(#[source] CallError),
    /// The log cannot be written.
    #[error("cannot write the log of run {id}")]
    Log {
        /// The run.
        id: String,
        /// Why.
        source: io::Error,
    },
    /// The kernel has no descriptor left.
    #[error("cannot duplicate a descriptor")]
    Descriptor(#[source] io::Error),
    /// There is no key.
    #[error(transparent)]
    Key(#[from] KeyringError),
    /// The key does not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// What was kept of a build is not signed.
    #[error(transparent)]
    NotSignable(#[from] NotSignable),
    /// The time of a signature cannot be had.
    #[error("no time stamp: {0}")]
    Stamp(#[from] StampError),
    /// Something is not believed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What would be signed holds secrets. Nothing of them is told.
    #[error("{recipe} {version} holds {}: nothing was signed", secrets(.lines.len()))]
    Secrets {
        /// What was built.
        recipe: Name,
        /// Its version.
        version: String,
        /// Each with its place and rule, and the entry that would allow it.
        lines: Vec<String>,
        /// Where the outputs are kept, for their owner's eyes alone, if anything was built.
        kept: Option<PathBuf>,
    },
    /// What would be signed could not be looked through for secrets as a whole.
    #[error(
        "{recipe} {version} was not looked through for secrets to its end, {end}: nothing was signed"
    )]
    Unsearched {
        /// What was built.
        recipe: Name,
        /// Its version.
        version: String,
        /// Why the search ended.
        end: SearchEnd,
        /// Where the outputs are kept, for their owner's eyes alone, if anything was built.
        kept: Option<PathBuf>,
    },
    /// The two runs differ.
    #[error("{recipe} {version} is not reproducible")]
    NotReproducible {
        /// What was built.
        recipe: Name,
        /// Its version.
        version: String,
        /// What differs and why, ready to be shown.
        explained: Box<Explained>,
    },
    /// What came out here is not what somebody else signed.
    #[error("{recipe} {version} does not come out as it was signed")]
    RebuiltDiffers {
        /// What was rebuilt.
        recipe: Name,
        /// Its version.
        version: String,
        /// Every file that differs, with both digests.
        lines: Vec<String>,
        /// Why, as far as their files are at hand.
        explained: Option<Box<Explained>>,
    },
    /// The toolchain's tree does not come out as it was signed.
    #[error("the toolchain comes out as tree {ours} here, the statement names {theirs}")]
    OtherRoot {
        /// What the statement names.
        theirs: Digest,
        /// What came out here.
        ours: Digest,
    },
    /// A folder in the store is not what its digest names.
    #[error("source `{name}` was changed in the store")]
    NotTheFolder {
        /// The source.
        name: Name,
        /// What is wrong with it.
        source: CarriedError,
    },
    /// A patch that the statement names and does not carry.
    #[error("the statement does not carry the patch {path}, sha256 {sha256}")]
    NoPatch {
        /// Its path in the recipe's folder.
        path: RelPath,
        /// Its digest.
        sha256: Digest,
    },
    /// A bundle of a needed recipe that is neither given nor in the store.
    #[error("the bundle of `{name}`, whose outputs went in, is not at hand: sha256 {sha256}")]
    NoNeeded {
        /// The recipe.
        name: Name,
        /// The digest of the bundle.
        sha256: Digest,
    },
    /// A bundle that is of another build than the one it is named for.
    #[error("bundle {} is not of recipe `{name}` with outputs {}", bundle.short(), tree.short())]
    OtherNeeded {
        /// The recipe.
        name: Name,
        /// The bundle.
        bundle: Digest,
        /// The tree that went in.
        tree: Digest,
    },
    /// Something stands where a folder or a link was to be made, and it is not one that may be replaced.
    #[error("{} {why}", path.display())]
    InTheWay {
        /// The place.
        path: PathBuf,
        /// What stands there; names are escaped.
        why: String,
        /// What to do about it.
        way_out: &'static str,
    },
    /// What was run in a shell reached a limit.
    #[error("it reached its limit of {limit}")]
    ShellLimited {
        /// The limit.
        limit: String,
    },
    /// A run has no trees that could be compared.
    #[error("run {id} kept no pair of trees: it failed, or there was one run only")]
    NothingKept {
        /// The run.
        id: String,
    },
    /// A file that would have been written is there.
    #[error("{} is there already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Some of several recipes are not built.
    #[error("{} of {total} recipes {} not built: {}", failures.len() + skipped.len(), were(failures.len() + skipped.len()), unbuilt(failures, skipped))]
    Several {
        /// Why each failed, in an order that builds.
        failures: Vec<(Name, Self)>,
        /// What was not begun, and the recipe that is missing for it.
        skipped: Vec<(Name, Option<Name>)>,
        /// How many recipes there were.
        total: usize,
    },
    /// The user wants to stop.
    #[error("interrupted")]
    Interrupted,
}

fn secrets(count: usize) -> String {
    match count {
        1 => "what looks like a secret".to_owned(),
        count => format!("{count} places that look like secrets"),
    }
}

fn of_step(step: Option<&Name>) -> String {
    step.map_or_else(String::new, |step| format!(", step `{step}`"))
}

fn circle(names: &[Name]) -> String {
    let names: Vec<_> = names.iter().map(Name::as_str).collect();
    names.join(" -> ")
}

fn lines(problems: &[LockProblem]) -> String {
    let lines: Vec<_> = problems
        .iter()
        .map(|problem| format!("  {problem}"))
        .collect();
    lines.join("\n")
}

fn were(count: usize) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

fn unbuilt(failures: &[(Name, PipelineError)], skipped: &[(Name, Option<Name>)]) -> String {
    let failed = failures.iter().map(|(name, _)| format!("{name} failed"));
    let skipped = skipped.iter().map(|(name, needs)| match needs {
        Some(needs) => format!("{name} needs {needs}"),
        None => format!("{name} was not begun"),
    });
    failed.chain(skipped).collect::<Vec<_>>().join(", ")
}

impl PipelineError {
    /// An error about a file of the user's.
    pub fn io(file: &Path) -> impl FnOnce(io::Error) -> Self {
        let file = file.to_owned();
        move |source| Self::Io { file, source }
    }

    /// An error about one source.
    pub fn source(name: &Name) -> impl FnOnce(EcosystemError) -> Self {
        let name = name.clone();
        move |source| match source {
            EcosystemError::Cancelled => Self::Interrupted,
            source => Self::Source {
                name,
                source: Box::new(source),
            },
        }
    }
}
