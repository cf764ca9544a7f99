//! Which file a key's name or path means.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use zwieback_host::dirs::Dirs;
use zwieback_host::keys::key_directory::KeyDirectory;
use zwieback_model::name::Name;

/// What was named is no key of the user's folder.
#[derive(Debug, thiserror::Error)]
#[error("there is no key `{name}`")]
pub struct UnknownKey {
    name: String,
    is_here: bool,
}

impl UnknownKey {
    /// What to do about it.
    pub fn hint(&self) -> String {
        if self.is_here {
            let name = &self.name;
            return format!(
                "a name is that of a key in your own folder; the file in this folder is `./{name}`"
            );
        }
        "`zwieback key generate NAME` makes one; a file is named with a path, such as `./FILE`"
            .into()
    }
}

/// A word without a slash is the name of a key in the user's folder and nothing else: whoever fills the folder at
/// hand does not decide which key signs.
pub(super) fn file_of(dirs: &Dirs, place: &Path) -> Result<PathBuf, UnknownKey> {
    if place.as_os_str().as_bytes().contains(&b'/') {
        return Ok(place.to_owned());
    }
    let name = place.to_str().and_then(|text| text.parse().ok());
    let file = name.map(|name: Name| KeyDirectory::new(dirs.keys()).private_path(&name));
    file.filter(|file| file.exists()).ok_or_else(|| UnknownKey {
        name: place.display().to_string(),
        is_here: place.is_file(),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_word_is_the_name_of_a_key_and_a_path_has_a_slash() {
        let home = tempfile::tempdir().unwrap();
        let dirs = Dirs {
            config: home.path().join("config"),
            data: home.path().join("data"),
            cache: home.path().join("cache"),
            state: home.path().join("state"),
        };
        // Beside this test lies a file of that name, as in a project that a stranger has filled.
        let refused = file_of(&dirs, Path::new("Cargo.toml")).unwrap_err();
        assert!(refused.hint().contains("`./Cargo.toml`"), "{refused}");
        let here = Path::new("./Cargo.toml");
        assert_eq!(file_of(&dirs, here).unwrap(), here);
        let refused = file_of(&dirs, Path::new("mine")).unwrap_err();
        assert!(refused.hint().contains("key generate"), "{refused}");
        fs::create_dir_all(dirs.keys()).unwrap();
        let mine = KeyDirectory::new(dirs.keys()).private_path(&"mine".parse().unwrap());
        fs::write(&mine, "").unwrap();
        assert_eq!(file_of(&dirs, Path::new("mine")).unwrap(), mine);
    }
}
