//! A command of gate.toml: it belongs to the operator, starts where gate.toml lies, and has a time.

use std::path::PathBuf;
use std::time::Duration;

use zwieback_host::launch::launched::Launch;
use zwieback_host::launch::rules::OPERATOR;
use zwieback_model::name::Name;

/// A command that an operator has written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetCommand {
    /// The command with its arguments; a path starts from `folder`.
    pub words: Vec<String>,
    /// The folder of the file that names it.
    pub folder: PathBuf,
    /// How long it may take.
    pub limit: Duration,
    /// Variables of the caller's that it sees, besides the few that every command does.
    pub variables: Vec<String>,
}

impl TargetCommand {
    /// The command about one environment; nothing if it has no words.
    pub(super) fn launch(&self, environment: &Name) -> Option<Launch> {
        let (program, arguments) = self.words.split_first()?;
        let launch = Launch::new(program, &OPERATOR)
            .arguments(arguments)
            .within(&self.folder)
            .limit(self.limit)
            .pass(&self.variables)
            .set("ZWIEBACK_ENVIRONMENT", environment.as_str());
        Some(launch)
    }
}
