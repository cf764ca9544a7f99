//! Whether what was deployed works: a command that has some time to say so.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// A command whose success means health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The command with its arguments.
    pub command: Vec<String>,
    /// How long it may take.
    pub timeout: Duration,
}

/// Why a release is not taken to work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unhealthy {
    /// The command could not be run.
    #[error("the health command cannot be run: {0}")]
    NotRun(String),
    /// The command said no.
    #[error("the health command ended with {0}")]
    Failed(String),
    /// The command said nothing in time.
    #[error("the health command took longer than {0} seconds")]
    TooSlow(u64),
}

impl Health {
    /// Runs the command and waits for it.
    pub fn check(&self) -> Result<(), Unhealthy> {
        let not_run = |error: &dyn std::fmt::Display| Unhealthy::NotRun(error.to_string());
        let Some((program, arguments)) = self.command.split_first() else {
            return Err(not_run(&"it is empty"));
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .process_group(0);
        let mut child = command.spawn().map_err(|it| not_run(&it))?;
        let end = Instant::now() + self.timeout;
        loop {
            match child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(Unhealthy::Failed(status.to_string())),
                Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(5)),
                Ok(None) => {
                    end_group(&mut child);
                    return Err(Unhealthy::TooSlow(self.timeout.as_secs()));
                }
                Err(error) => return Err(not_run(&error)),
            }
        }
    }
}

/// Ends the command and all that it started: a shell's children would live on without it.
fn end_group(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // The group's leader has not been waited for, so its number is no one else's yet.
    let killed = group.map(|group| kill_process_group(group, Signal::KILL));
    debug_assert!(killed.is_none_or(|it| it.is_ok()));
    drop(child.wait());
}
