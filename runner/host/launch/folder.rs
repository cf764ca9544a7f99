//! An empty folder for a program to start in.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::environment::own_folders;
use super::error::LaunchError;
use super::rules::Rules;
use crate::dirs::Dirs;

/// Makes the folder where the user keeps what may be deleted: above it are the user's folders and the
/// system's, while anybody may write into the folder of temporary files.
pub(super) fn empty(rules: &Rules) -> Result<TempDir, LaunchError> {
    let own = Dirs::of_user().ok().map(|dirs| dirs.cache.join("launch"));
    let made = own.and_then(|place| {
        fs::create_dir_all(&place).ok()?;
        tempfile::tempdir_in(&place).ok()
    });
    let folder = match made {
        Some(folder) => folder,
        None => tempfile::tempdir().map_err(LaunchError::Folder)?,
    };
    check_above(folder.path(), rules)?;
    Ok(folder)
}

/// Fails if a folder above would steer the program, unless it is where the user's own configuration is.
fn check_above(folder: &Path, rules: &Rules) -> Result<(), LaunchError> {
    let own = own_folders();
    let above = folder
        .ancestors()
        .filter(|above| !own.iter().any(|it| it == above));
    for above in above {
        for name in rules.steered_by {
            let file = above.join(name);
            if file.symlink_metadata().is_ok() {
                return Err(LaunchError::Steered { file });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::rules::{CARGO, NPM};

    #[test]
    fn a_file_in_a_folder_above_steers_nobody() {
        let world = tempfile::tempdir().unwrap();
        let below = world.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        fs::create_dir(world.path().join(".cargo")).unwrap();
        fs::write(world.path().join(".cargo/config.toml"), "").unwrap();
        let error = check_above(&below, &CARGO).unwrap_err();
        assert!(matches!(error, LaunchError::Steered { .. }));
        assert!(error.hint().is_some());
        check_above(&below, &NPM).unwrap();
    }
}
