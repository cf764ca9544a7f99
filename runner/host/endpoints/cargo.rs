//! Where cargo gets crates from on this machine: its own cache, and the registries it has spoken to.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::endpoints::template::Template;
use crate::fs::given_file;

/// What a registry says of itself (the Cargo Book, "Index Format"); cargo keeps it beside the index.
#[derive(Deserialize)]
struct Registry {
    dl: String,
}

/// Every place that may have a crate; what lies on this machine comes first.
///
/// The registries are those whose description cargo itself has fetched: this obeys source replacement
/// without repeating cargo's rules for it.
pub fn templates(home: &Path) -> Vec<Template> {
    let registry = home.join("registry");
    let cached = folders(&registry.join("cache"))
        .into_iter()
        .filter_map(|folder| Template::local(folder.to_str()?, "{crate}-{version}.crate").ok());
    cached.chain(spoken_to(home)).collect()
}

/// Whether cargo has asked any registry yet.
pub fn has_spoken(home: &Path) -> bool {
    !spoken_to(home).is_empty()
}

fn spoken_to(home: &Path) -> Vec<Template> {
    folders(&home.join("registry/index"))
        .into_iter()
        .filter_map(|folder| {
            // cargo calls the folder `HOST-DIGEST`.
            let (host, _) = folder.file_name()?.to_str()?.rsplit_once('-')?;
            Some(described(&folder.join("config.json"))?.told_by(host))
        })
        .collect()
}

fn described(file: &Path) -> Option<Template> {
    let bytes = given_file::read(file, given_file::DOCUMENT).ok()?;
    let registry: Registry = serde_json::from_slice(&bytes).ok()?;
    registry.dl.parse().ok()
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut folders: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_says_of_itself_names_no_place_of_the_users() {
        let home = tempfile::tempdir().unwrap();
        let described = |name: &str, dl: &str| {
            let index = home.path().join("registry/index").join(name);
            fs::create_dir_all(&index).unwrap();
            let text = format!(r#"{{"dl":"{dl}"}}"#);
            fs::write(index.join("config.json"), text).unwrap();
            let found = templates(home.path());
            fs::remove_dir_all(index).unwrap();
            found[0].configured().is_some()
        };
        assert!(described("m.example-1", "https://m.example/dl"));
        assert!(described("127.0.0.1-1", "http://127.0.0.1:8000/dl"));
        for (name, dl) in [
            ("m.example-1", "file:///home/u/.ssh/{crate}"),
            ("-1", "file:///home/u/.ssh/{crate}"),
            ("m.example-1", "http://127.0.0.1:8000/dl"),
            ("m.example-1", "http://169.254.169.254/{crate}"),
        ] {
            assert!(!described(name, dl), "{dl}");
        }
    }

    #[test]
    fn what_cargo_keeps_is_what_is_asked() {
        let home = tempfile::tempdir().unwrap();
        let index = home.path().join("registry/index/m.example-1");
        fs::create_dir_all(&index).unwrap();
        fs::write(index.join("config.json"), r#"{"dl":"http://m.example/dl"}"#).unwrap();
        fs::create_dir_all(home.path().join("registry/index/broken")).unwrap();
        fs::create_dir_all(home.path().join("registry/cache/m.example-1")).unwrap();
        let found = templates(home.path());
        assert_eq!(found.len(), 2);
        assert_eq!(found[1], "http://m.example/dl".parse().unwrap());
        assert!(has_spoken(home.path()));
        fs::remove_dir_all(index).unwrap();
        assert!(!has_spoken(home.path()));
        assert!(templates(Path::new("/nowhere")).is_empty());
    }
}
