//! What the runner, the supervisor and pid 1 say to each other.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zwieback_model::enforcement::Enforcement;
use zwieback_model::name::Name;
use zwieback_model::sandbox_spec::operation::Place;
use zwieback_model::sandbox_spec::spec::SandboxSpec;
use zwieback_model::supervision::Supervision;
use zwieback_model::variation::sighting::Sighting;

use crate::call::CallError;
use crate::error::Failure;
use crate::owner::Owner;
use crate::step::Command;
use crate::supervise::verdict::Verdict;

/// All that is carried out, sent once.
#[derive(Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) spec: SandboxSpec,
    pub(crate) toolchain: PathBuf,
    pub(crate) empty: PathBuf,
    pub(crate) trees: BTreeMap<Name, PathBuf>,
    pub(crate) disks: BTreeMap<Place, PathBuf>,
    pub(crate) owner: Owner,
    /// The locks that the runner keeps. Pid 1 adds its own, and serves nobody if one is missing.
    pub(crate) enforcement: Enforcement,
}

/// From the supervisor to pid 1, whose ids are mapped by now.
#[derive(Serialize, Deserialize)]
pub(crate) struct Admission {
    pub(crate) plan: Plan,
    /// Whether the supervisor traces: without a tracer, a call that is to stop would fail.
    pub(crate) is_traced: bool,
    /// What was noticed when the trees of the host were opened, which come along; nothing where pid 1
    /// is to open them.
    pub(crate) opened: Option<Seen>,
}

/// What was noticed when the trees of the host were opened.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Why the files of a tree belong to nobody inside, where they do.
    pub(crate) unowned: Option<CallError>,
    /// Why the device files are the host's, where they are.
    pub(crate) host_devices: Option<CallError>,
}

/// From the runner to pid 1.
#[derive(Serialize, Deserialize)]
pub(crate) enum Request {
    /// Start a step. One descriptor comes along for captured output, three otherwise.
    Run(StepPlan),
    /// Kill the step that is running.
    Kill,
}

/// One step.
#[derive(Serialize, Deserialize)]
pub(crate) struct StepPlan {
    pub(crate) argv: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) dir: String,
    pub(crate) streams: Streams,
    pub(crate) look: Look,
}

impl StepPlan {
    /// What becomes of a command in a sandbox.
    pub(crate) fn new(spec: &SandboxSpec, command: &Command, streams: Streams, look: Look) -> Self {
        let mut env = spec.environment.clone();
        env.extend(command.env.clone());
        Self {
            argv: command.argv.clone(),
            env,
            dir: command.dir.clone(),
            streams,
            look,
        }
    }
}

/// Whether a step tells what it sees around it before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Look {
    Around,
    Nowhere,
}

/// Where a step's standard streams lead.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Streams {
    /// Input is empty, output and errors go into the descriptor that comes along.
    Captured,
    /// The three descriptors that come along.
    Passed,
    /// As above; the one with this number is a terminal, which becomes the controlling one.
    Terminal(i32),
}

/// From the supervisor to the runner.
#[derive(Serialize, Deserialize)]
pub(crate) enum Report {
    /// Pid 1 exists and is supervised, if it should be; its descriptor comes along.
    Cloned(Supervision),
    /// Something failed; this is the last word.
    Failed(Failure),
    /// Pid 1 has ended, and every other process of the sandbox before it.
    Ended(Verdict),
}

/// From pid 1 to the runner.
#[derive(Serialize, Deserialize)]
pub(crate) enum Reply {
    /// Every mount and every lock is in place. The places and `/proc` come along as directories,
    /// and the list of System V memory where there is one.
    Ready(Enforcement),
    /// Something failed; before `Ready`, this is the last word.
    Failed(Failure),
    /// What a step saw around it; it begins now.
    Saw(Sighting),
    /// The step's first process ended, and every other has been killed.
    Ended(StepEnd),
}

/// How a step ended.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct StepEnd {
    /// In the form of `waitpid`.
    pub(crate) status: i32,
    pub(crate) cpu: Duration,
    pub(crate) max_rss: u64,
}

impl StepEnd {
    /// The end of a step that nobody was left to tell of.
    pub(crate) const KILLED: Self = Self {
        status: libc::SIGKILL,
        cpu: Duration::ZERO,
        max_rss: 0,
    };
}
