//! What is run in a sandbox, and what comes of it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zwieback_model::sandbox_spec::environment::Environment;

/// A program to run inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments; without a slash it is looked up in `PATH`.
    pub argv: Vec<String>,
    /// Variables in addition to those of the spec, which they replace.
    pub env: Environment,
    /// The directory it starts in.
    pub dir: String,
}

impl Command {
    /// A program with arguments that starts in `/build`.
    pub fn new<T: Into<String>>(argv: impl IntoIterator<Item = T>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            env: Environment::new(),
            dir: "/build".to_owned(),
        }
    }
}

/// What came of a step. That it failed is a result, not an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepOutcome {
    /// How it ended.
    pub ending: Ending,
    /// What it used.
    pub usage: StepUsage,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Its first process exited with this code.
    Exited(u8),
    /// Its first process was killed by this signal.
    Signalled(i32),
    /// It was killed because it reached a limit.
    LimitReached(Limit),
    /// It was killed because the caller wished so.
    Cancelled,
}

/// A limit that ends a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// All processes together use too much memory.
    Memory,
    /// There are too many processes and threads.
    Processes,
    /// A writable place is full.
    Disk,
    /// The sandbox has run for too long.
    Time,
    /// The step has written too much to its output.
    Log,
}

/// What a step used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepUsage {
    /// Processor time of all its processes.
    pub cpu: Duration,
    /// Wall-clock time.
    pub wall: Duration,
    /// The largest resident size of a single process, in bytes.
    pub max_rss: u64,
    /// Bytes written to the output.
    pub log: u64,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Memory,
        Self::Processes,
        Self::Disk,
        Self::Time,
        Self::Log,
    ];
}

impl StepOutcome {
    /// Whether the step did what it was to do.
    pub fn is_success(&self) -> bool {
        self.ending == Ending::Exited(0)
    }
}

impl Ending {
    /// The ending that `waitpid` tells.
    pub(crate) fn from_status(status: i32) -> Self {
        if libc::WIFSIGNALED(status) {
            Self::Signalled(libc::WTERMSIG(status))
        } else {
            let code = u8::try_from(libc::WEXITSTATUS(status));
            Self::Exited(code.expect("invariant: an exit status has eight bits"))
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exited with {code}"),
            Self::Signalled(number) => match nix::sys::signal::Signal::try_from(*number) {
                Ok(signal) => write!(f, "was killed by {signal}"),
                Err(_) => write!(f, "was killed by signal {number}"),
            },
            Self::LimitReached(limit) => write!(f, "reached the limit of {limit}"),
            Self::Cancelled => f.pad("was cancelled"),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Memory => "memory",
            Self::Processes => "processes",
            Self::Disk => "disk",
            Self::Time => "time",
            Self::Log => "log",
        })
    }
}
