//! Whether what was deployed works: a command that has some time to say so.

use zwieback_host::launch::error::LaunchError;
use zwieback_model::name::Name;

use super::command::TargetCommand;

/// A command whose success means health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The command.
    pub command: TargetCommand,
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
    /// Runs the command about an environment and waits for it.
    pub fn check(&self, environment: &Name) -> Result<(), Unhealthy> {
        let empty = || Unhealthy::NotRun("it is empty".to_owned());
        let launch = self.command.launch(environment).ok_or_else(empty)?;
        match launch.hand(None) {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Unhealthy::Failed(status.to_string())),
            Err(LaunchError::TooSlow { limit, .. }) => Err(Unhealthy::TooSlow(limit.as_secs())),
            Err(error) => Err(Unhealthy::NotRun(error.to_string())),
        }
    }
}
