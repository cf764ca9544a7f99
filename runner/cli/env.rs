//! Environment variables: all that are read, and nowhere else.
//!
//! None of them, and nothing else of the caller's environment, reaches a step.

use std::path::PathBuf;

/// The store's folder, in place of the one in the XDG data folder.
pub const STORE: &str = "ZWIEBACK_STORE";
/// `1`: as `--offline`.
pub const OFFLINE: &str = "ZWIEBACK_OFFLINE";
/// `1`: as `--no-progress`.
pub const NO_PROGRESS: &str = "ZWIEBACK_NO_PROGRESS";
/// Prefix of configuration keys: `ZWIEBACK_CONFIG_BUILD_JOBS` sets `build.jobs`.
pub const CONFIG_PREFIX: &str = "ZWIEBACK_CONFIG_";
/// Any value: no colour (no-color.org).
pub const NO_COLOR: &str = "NO_COLOR";

/// Whether a switch is on.
pub fn is_on(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0")
}

/// Whether the variable has any value at all.
pub fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some()
}

/// A variable's text, if it is set.
pub fn text(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A path, if the variable holds one.
pub fn path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// Configuration keys that the environment sets, in dotted form.
pub fn config_keys() -> Vec<(String, String)> {
    std::env::vars()
        .filter_map(|(name, value)| {
            let key = name
                .strip_prefix(CONFIG_PREFIX)?
                .to_lowercase()
                .replacen('_', ".", 1);
            Some((key, value))
        })
        .collect()
}
