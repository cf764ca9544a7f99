//! Which factors each profile varies.

use serde::{Deserialize, Serialize};

use super::factor::Factor;

/// How much differs between the two runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// What the sandbox fixes on every machine stays fixed; the rest is varied.
    #[default]
    Hermetic,
    /// Everything is varied: the claim then holds without zwieback too.
    Strict,
}

impl Profile {
    /// The word for it, in files and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hermetic => "hermetic",
            Self::Strict => "strict",
        }
    }
}

/// Whether a profile varies a factor. `hermetic` leaves alone what the sandbox makes the same on
/// every machine: no machine could show there.
pub const fn varies(profile: Profile, factor: Factor) -> bool {
    match profile {
        Profile::Strict => true,
        Profile::Hermetic => !fixed_by_the_sandbox(factor),
    }
}

const fn fixed_by_the_sandbox(factor: Factor) -> bool {
    use Factor::{
        BuildPath, Columns, CpuModel, Env, Home, Hostname, Locale, OutPath, ParentDir, SourceMtime,
        Timezone, Tmpdir, Umask, User,
    };
    matches!(
        factor,
        SourceMtime
            | CpuModel
            | BuildPath
            | OutPath
            | Home
            | Tmpdir
            | Umask
            | User
            | Hostname
            | Timezone
            | Locale
            | Columns
            | Env
            | ParentDir
    )
}
