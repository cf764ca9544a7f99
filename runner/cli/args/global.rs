//! The top of the command line and the options every command takes.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, ValueEnum};

use super::command::Command;

/// The commands by what they are for, which clap cannot group by itself.
const TEMPLATE: &str = "\
{about}

{usage-heading} {usage}

Build:
  build            Build recipes twice, compare every byte and sign the result
  lock             Pin every input of recipes and toolchains by digest
  fetch            Fetch what the locks name into the store
  plan             Show what a build would do
  shell            Enter the sandbox as a step sees it, or run a command in it
  init             Write a new recipe

Inspect:
  show             Show what is known of a recipe's last build
  diff             Compare two trees, runs or folders
  explain          Explain why a build was not reproducible
  logs             Print what the steps of a run printed

Trust:
  sign             Sign what was built with --unsigned, after comparing it once more
  verify           Verify artifacts against their signed provenance
  recheck          Build again what a bundle says, on this machine, and compare
  key              Make signing keys and say whom to trust
  policy           Sign or test a policy, show how it decides, or put one in force
  bundle           Take over what other tools signed, or write it in their form

Release:
  status           Show every environment: what is there, whether it may stay, what is pending
  trace            Show where an artifact comes from and where it went
  approve          Approve one artifact for one environment
  promote          Let an artifact into an environment, if its policy agrees
  rollback         Return an environment to the newest release that verifies now
  revoke           Stop believing in a key, an artifact, a builder or a source
  break-glass      Let rules pass for one artifact, for a reason and for a while
  attest           State how tests ended, or who changed a source
  submit           Put what others have signed into the log
  watch            Look at what is deployed, and roll back what must not stay
  explain-decision Repeat a decision from the log alone
  log              Look after the log of all that was said

Machine:
  doctor           Check what this machine can enforce
  store            Look after the store
  completions      Print completions for a shell

{options}{after-help}";

/// Hermetic builds, baked twice: build, compare every byte, explain, sign
#[derive(Debug, Parser)]
#[command(
    name = "zwieback",
    help_template = TEMPLATE,
    version,
    about,
    max_term_width = 100,
    disable_help_subcommand = true
)]
#[command(after_help = "\
Exit codes: 0 done, 1 user or configuration error, 2 bad arguments, 3 this machine cannot sandbox,
4 verification failed, 5 denied by policy, 100 a step failed, 101 timeout or a resource limit,
102 digest mismatch, 104 not reproducible, 130 interrupted, 255 bug")]
pub struct Cli {
    /// Options that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Output for people or for programs
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,
    /// Show no progress bars
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// Run as if started in DIR
    #[arg(short = 'C', long = "directory", global = true, value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// Set a configuration key (can be repeated)
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub config: Vec<String>,
    /// Say more
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Say nothing but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// For whom the output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Sentences on stderr, data on stdout.
    Human,
    /// JSON on stdout, one value a line.
    Json,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_template_lists_every_command_with_its_own_words() {
        let command = Cli::command();
        command.clone().debug_assert();
        for listed in command.get_subcommands() {
            let about = listed.get_about().expect("every command says what it does");
            let line = format!("  {:<16} {about}\n", listed.get_name());
            assert!(TEMPLATE.contains(&line), "{line}");
        }
    }

    /// Its arguments have a description too, which may not take the place of the command's.
    #[test]
    fn the_help_of_a_command_begins_with_those_words() {
        let mut built = Cli::command();
        built.build();
        for listed in Cli::command().get_subcommands() {
            let own = built.find_subcommand(listed.get_name()).unwrap();
            assert_eq!(own.get_about(), listed.get_about());
        }
    }
}
