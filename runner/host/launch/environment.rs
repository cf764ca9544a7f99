//! What a program inherits: variables by name, and folders of programs that no present folder can choose.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::error::LaunchError;
use super::rules::{PLACES, Rules, WORDS};

/// Where programs are if `PATH` does not say.
const USUAL: &str = "/usr/local/bin:/usr/bin:/bin";

/// The variables of the caller's that a program may see; `more` names further ones.
pub(super) fn inherited(rules: &Rules, more: &[String]) -> Vec<(OsString, OsString)> {
    let words = rules.words.iter().copied().flatten().copied();
    let words = words.chain(WORDS.iter().copied());
    let words = words.chain(more.iter().map(String::as_str));
    let places = rules.places.iter().chain(PLACES);
    let mut found: Vec<(OsString, OsString)> = words.filter_map(variable).collect();
    let places = places.copied().filter_map(variable);
    found.extend(places.filter(|(_, value)| Path::new(value).is_absolute()));
    let joined = env::join_paths(search_path()).unwrap_or_default();
    found.push(("PATH".into(), joined));
    found
}

/// The file of a program: by its name in `PATH`, or by a path, which may start from `within`.
pub(super) fn find(program: &OsStr, within: Option<&Path>) -> Result<PathBuf, LaunchError> {
    let shown = || program.to_string_lossy().into_owned();
    let absent = || LaunchError::Absent { program: shown() };
    if !program.as_bytes().contains(&b'/') {
        let mut files = search_path().into_iter().map(|folder| folder.join(program));
        return files.find(|file| is_program(file)).ok_or_else(absent);
    }
    let file = match within {
        Some(folder) => folder.join(program),
        None if Path::new(program).is_absolute() => program.into(),
        None => return Err(LaunchError::Relative { program: shown() }),
    };
    Some(file).filter(|file| file.exists()).ok_or_else(absent)
}

/// The user's home, and cargo's: configuration there is the user's own.
pub(super) fn own_folders() -> Vec<PathBuf> {
    let home = variable("HOME").map(|(_, value)| PathBuf::from(value));
    let cargo = variable("CARGO_HOME").map(|(_, value)| PathBuf::from(value));
    let cargo = cargo.and_then(|folder| Some(folder.parent()?.to_owned()));
    home.into_iter().chain(cargo).collect()
}

/// An empty entry of `PATH` is the present folder, and so is `.`: neither is looked into.
fn search_path() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_else(|| USUAL.into());
    let folders = env::split_paths(&path).filter(|folder| folder.is_absolute());
    folders.collect()
}

fn is_program(file: &Path) -> bool {
    let meta = file.metadata();
    meta.is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn variable(name: &str) -> Option<(OsString, OsString)> {
    Some((name.into(), env::var_os(name)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_depends_on_no_present_folder() {
        let relative = find(OsStr::new("./sign"), None).unwrap_err();
        assert!(matches!(relative, LaunchError::Relative { .. }));
        assert!(relative.hint().is_some());
        let folder = tempfile::tempdir().unwrap();
        let absent = find(OsStr::new("./sign"), Some(folder.path())).unwrap_err();
        assert!(matches!(absent, LaunchError::Absent { .. }));
        assert!(find(OsStr::new("sh"), None).unwrap().is_absolute());
    }
}
