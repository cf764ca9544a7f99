//! Events: all that a user interface ever learns. As JSON, one a line, they are the machine interface.

use serde::{Deserialize, Serialize};

use crate::bake::completed::Ending;
use crate::digest::Digest;
use crate::name::Name;
use crate::variation::conditions::RunName;
use crate::variation::factor::Factor;

/// Something that happened. Consumers ignore events and members they do not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A lockfile was written.
    Locked {
        /// `recipe` or `toolchain`.
        kind: String,
        /// Its name.
        name: Name,
        /// What is another version than before; nothing if there was no lock.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        changes: Vec<String>,
    },
    /// A lock was resolved anew and came out as it was.
    LockKept {
        /// `recipe` or `toolchain`.
        kind: String,
        /// Its name.
        name: Name,
    },
    /// A recipe and its locks were read and agree.
    Planned {
        /// The recipe.
        recipe: Name,
        /// Its version.
        version: String,
        /// How many steps there are.
        steps: usize,
        /// How many sources there are.
        sources: usize,
        /// The toolchains and how many packages each is made of.
        toolchains: Vec<(Name, usize)>,
    },
    /// Inputs that are not in the store are about to be fetched.
    FetchStarted {
        /// How many.
        inputs: usize,
        /// How many bytes.
        bytes: u64,
    },
    /// What is asked for comes through a proxy: which addresses it connects to is not checked.
    BehindProxy,
    /// More bytes came in.
    FetchProgress {
        /// How many since the last event.
        bytes: u64,
    },
    /// All inputs are in the store.
    Fetched {
        /// How many came from outside.
        inputs: usize,
        /// How many bytes came from outside.
        bytes: u64,
        /// How many had been there before.
        reused: usize,
    },
    /// A toolchain's tree is being put together.
    AssemblyStarted {
        /// Its name.
        toolchain: Name,
        /// How many packages it is made of.
        packages: usize,
    },
    /// The tree that becomes `/` is ready.
    Assembled {
        /// The toolchains it holds.
        toolchains: Vec<Name>,
        /// Its digest.
        tree: Digest,
    },
    /// The sandbox stands; what it enforces in a few words.
    Sandboxed {
        /// A line for people.
        summary: String,
        /// The locks that are not fully enforced, each with the reason.
        weaker: Vec<String>,
    },
    /// A run's steps begin.
    RunStarted {
        /// Which run.
        run: RunName,
        /// How many steps it has.
        steps: usize,
        /// What differs from the other run.
        varied: Vec<Factor>,
    },
    /// A step begins.
    StepStarted {
        /// Which run.
        run: RunName,
        /// The step's number, from 1.
        index: usize,
        /// The step.
        step: Name,
    },
    /// A step printed a line.
    StepOutput {
        /// Which run.
        run: RunName,
        /// The step.
        step: Name,
        /// The line, without its end.
        line: String,
    },
    /// A step ended.
    StepFinished {
        /// Which run.
        run: RunName,
        /// The step.
        step: Name,
        /// How.
        ending: Ending,
        /// Wall-clock milliseconds.
        wall_ms: u64,
    },
    /// A run ended.
    RunFinished {
        /// Which run.
        run: RunName,
        /// Wall-clock milliseconds.
        wall_ms: u64,
    },
    /// The outputs were compared.
    Compared {
        /// How many files and links.
        files: usize,
        /// How many differ.
        differing: usize,
    },
    /// The runs differ, and further runs test each suspect alone.
    Confirming {
        /// At most so many.
        runs: u32,
    },
    /// Something that would be signed looks like a secret. Nothing of it is told.
    Secret {
        /// Where: an output and its members, a log, a text of the recipe.
        path: String,
        /// The line of a text, or the byte of anything else.
        place: String,
        /// The rule that found it.
        rule: String,
        /// What the rule finds.
        title: String,
        /// What an entry names that allows it.
        sha256: Digest,
    },
    /// The statement was signed.
    Signed {
        /// The file name of the bundle.
        bundle: String,
        /// The first digits of the key's digest.
        key: String,
    },
    /// A result was found in the store: nothing had to be built.
    Reused {
        /// The action.
        action: Digest,
        /// The run that built it.
        run: String,
    },
    /// Files were copied out of the store.
    Exported {
        /// The folder.
        folder: String,
        /// How many files.
        files: usize,
    },
    /// Several recipes are to be built.
    Scheduled {
        /// How many.
        recipes: usize,
        /// How many runs may be at work at one time.
        runs: usize,
    },
    /// A recipe is done.
    Finished {
        /// The recipe.
        recipe: Name,
        /// Its version.
        version: String,
        /// How it ended.
        verdict: Verdict,
        /// Whether the store had the result.
        #[serde(default)]
        reused: bool,
        /// The action.
        action: Digest,
        /// The tree of outputs.
        outputs: Digest,
        /// Where the store keeps them.
        path: String,
        /// The signed bundle, where there is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        bundle: Option<String>,
        /// Wall-clock milliseconds.
        wall_ms: u64,
    },
    /// A recipe is not built; others go on.
    GaveUp {
        /// The recipe.
        recipe: Name,
        /// What is wrong and where.
        message: String,
    },
    /// Several recipes are over.
    Settled {
        /// What became of each, in an order that builds.
        recipes: Vec<Settled>,
        /// Wall-clock milliseconds.
        wall_ms: u64,
    },
    /// A command failed: the last event there is.
    Failed {
        /// The exit code.
        code: u8,
        /// What is wrong and where.
        message: String,
        /// What to do about it.
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
    /// Something a person should know.
    Notice {
        /// A sentence.
        message: String,
    },
}

/// What became of one recipe among several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The recipe.
    pub recipe: Name,
    /// How it ended.
    pub fate: Fate,
    /// Where the store keeps its outputs, if it was asked for by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// How one recipe among several ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It was built now.
    Built,
    /// The store had its result.
    Found,
    /// It is not built.
    Failed,
    /// It was not begun: a recipe that it needs is missing, or nothing more was to begin.
    Skipped {
        /// The recipe that is missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        needs: Option<Name>,
    },
}

/// What is known of a finished build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Two runs gave the same bytes.
    Reproducible,
    /// There was one run only, so nothing is known and nothing is signed.
    BuiltOnce,
    /// Two runs agree, and nobody has signed that yet.
    Unsigned,
}
