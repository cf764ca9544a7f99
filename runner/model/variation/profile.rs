//! Which factors each profile varies.

use super::factor::Factor;
use crate::manifest::recipe::Profile;

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
        BuildPath, Columns, CpuModel, Env, Home, Hostname, Locale, ParentDir, SourceMtime,
        Timezone, Tmpdir, Umask, User,
    };
    matches!(
        factor,
        SourceMtime
            | CpuModel
            | BuildPath
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
