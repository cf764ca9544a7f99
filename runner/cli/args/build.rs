//! Arguments of the commands that build.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use zwieback_model::bake::plan::Variety;
use zwieback_model::variation::choice::{Choice, ChoiceError};
use zwieback_model::variation::factor::Factor;
use zwieback_model::variation::profile::Profile;

use crate::pipeline::context::keyring::KeyLocator;

/// How free a build is to resolve and to fetch. The words are cargo's.
#[derive(Clone, Copy, Debug, Args)]
pub struct Frozen {
    /// Fail if a lockfile is missing or stale
    #[arg(long)]
    pub locked: bool,
    /// Do not use the network
    #[arg(long)]
    pub offline: bool,
    /// Both --locked and --offline
    #[arg(long)]
    pub frozen: bool,
}

/// How much differs between the runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProfileArg {
    /// Vary what the sandbox does not fix.
    Hermetic,
    /// Vary everything.
    Strict,
}

/// What differs between the runs.
#[derive(Debug, Args)]
pub struct VarietyArgs {
    /// How much differs between the two runs
    #[arg(long, value_enum)]
    pub profile: Option<ProfileArg>,
    /// Vary a factor that the profile fixes (can be repeated)
    #[arg(long, value_name = "FACTOR")]
    pub vary: Vec<Factor>,
    /// Hold a factor still; the reason is recorded (can be repeated)
    #[arg(long, value_name = "FACTOR=WHY")]
    pub fix: Vec<String>,
}

/// Arguments of `zwieback build`.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own on the command line"
)]
pub struct BuildArgs {
    /// Recipes, by name or by path
    #[arg(required_unless_present = "all", value_name = "RECIPE")]
    pub recipes: Vec<String>,
    /// Every recipe of the project
    #[arg(long, conflicts_with = "recipes")]
    pub all: bool,
    /// How free the build is.
    #[command(flatten)]
    pub frozen: Frozen,
    /// Build even if the store has the result
    #[arg(long)]
    pub rebuild: bool,
    /// Keep the work folders of failed runs
    #[arg(long)]
    pub keep_failed: bool,
    /// Print what the steps print
    #[arg(short = 'L', long)]
    pub print_build_logs: bool,
    /// Point a symbolic link at the outputs; of several recipes, LINK-RECIPE each
    #[arg(short, long, value_name = "LINK")]
    pub out_link: Option<PathBuf>,
    /// Copy artifacts, bundle and SHA256SUMS to a folder; of several recipes, DIR/RECIPE each
    #[arg(long, value_name = "DIR")]
    pub export: Option<PathBuf>,
    /// What differs between the runs.
    #[command(flatten)]
    pub variety: VarietyArgs,
    /// Run once, for a fast inner loop: nothing is compared and nothing is signed
    #[arg(long, conflicts_with_all = ["profile", "key"])]
    pub once: bool,
    /// Sign nothing and open no key: `zwieback sign` does it later, where the key is
    #[arg(long, conflicts_with_all = ["once", "key"])]
    pub unsigned: bool,
    /// If the runs differ, do not test each suspected cause by further runs
    #[arg(long)]
    pub no_confirm: bool,
    /// Begin no other recipe once one has failed
    #[arg(long)]
    pub fail_fast: bool,
    /// CPUs to use, and runs at work at one time, of all recipes together
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Wall-clock limit of each run, such as `10 min`
    #[arg(long, value_name = "TIME")]
    pub timeout: Option<String>,
    /// The private key to sign with: a name, a file, `pkcs11:…` or `exec:…`
    #[arg(long, value_name = "KEY")]
    pub key: Option<KeyLocator>,
}

/// Arguments of `zwieback lock`.
#[derive(Debug, Args)]
pub struct LockArgs {
    /// Recipes and toolchains; all of the project's where none is named
    #[arg(value_name = "RECIPE|TOOLCHAIN")]
    pub names: Vec<String>,
    /// Write nothing; fail if a lockfile is missing or stale
    #[arg(long)]
    pub check: bool,
    /// Resolve anew even if the lock answers its manifest, and print what is another version
    ///
    /// What is named is resolved anew and nothing else; a toolchain moves for all recipes that use it, so it
    /// has to be named, or nothing.
    #[arg(long, conflicts_with = "check")]
    pub update: bool,
}

/// Arguments of `zwieback fetch`.
#[derive(Debug, Args)]
pub struct FetchArgs {
    /// Recipes and toolchains
    #[arg(value_name = "RECIPE|TOOLCHAIN", required_unless_present = "all")]
    pub names: Vec<String>,
    /// Everything that the project's locks name
    #[arg(long, conflicts_with = "names")]
    pub all: bool,
}

/// Arguments of `zwieback plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Recipes
    #[arg(value_name = "RECIPE", required_unless_present = "graph")]
    pub recipes: Vec<String>,
    /// Print which recipe needs which, of those named or of all
    #[arg(long, value_name = "FORM", value_enum, num_args = 0..=1, default_missing_value = "text")]
    pub graph: Option<GraphForm>,
    /// Print the sandbox of each run, operation by operation
    #[arg(long)]
    pub sandbox: bool,
    /// What differs between the runs.
    #[command(flatten)]
    pub variety: VarietyArgs,
}

/// How a graph of recipes is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GraphForm {
    /// One line for each recipe, in the order they are built.
    Text,
    /// For Graphviz.
    Dot,
    /// One JSON object.
    Json,
}

/// Arguments of `zwieback shell`.
#[derive(Debug, Args)]
pub struct ShellArgs {
    /// The recipe whose sources to stage
    #[arg(value_name = "RECIPE")]
    pub recipe: Option<String>,
    /// Toolchains to use in place of the recipe's (can be repeated)
    #[arg(short, long = "toolchain", value_name = "TOOLCHAIN")]
    pub toolchains: Vec<String>,
    /// The command to run in place of a shell
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// Arguments of `zwieback init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// A name for a small program, the package URL of what to build, or a folder of the project
    ///
    /// Without it, a person is asked; elsewhere it is the present folder.
    #[arg(value_name = "NAME|PURL|FOLDER")]
    pub what: Option<String>,
    /// Where a `pkg:generic` or a repository lies (can be repeated)
    #[arg(long, value_name = "URL")]
    pub url: Vec<String>,
}

impl Frozen {
    /// Whether locks must answer their manifests.
    pub fn is_locked(self) -> bool {
        self.locked || self.frozen
    }

    /// Whether the network is off limits.
    pub fn is_offline(self) -> bool {
        self.offline || self.frozen
    }
}

impl VarietyArgs {
    /// What they ask for; a configuration may ask for a stricter profile, not for a laxer one.
    pub fn variety(&self, configured: Option<Profile>) -> Result<Variety, ChoiceError> {
        let mut factors = Choice {
            vary: self.vary.iter().copied().collect(),
            ..Choice::default()
        };
        for text in &self.fix {
            factors.fix_for(text)?;
        }
        factors.check()?;
        Ok(Variety {
            profile: self.profile.map(Into::into).max(configured),
            factors,
        })
    }
}

impl From<ProfileArg> for Profile {
    fn from(given: ProfileArg) -> Self {
        match given {
            ProfileArg::Hermetic => Self::Hermetic,
            ProfileArg::Strict => Self::Strict,
        }
    }
}
