//! The languages that a toolchain's C library speaks.

use std::fs;
use std::path::Path;

/// Where glibc keeps compiled locales, one folder each.
const LOCALES: &str = "usr/lib/locale";
/// Its letters have another order and its months other names than those of English, and `z` stands
/// before `t`: nothing of it is taken for C's.
const FAVOURITE: &str = "et_EE.utf8";

/// A locale of this tree whose order and words are not those of C, as `LC_ALL` takes it.
pub fn foreign(root: &Path) -> Option<String> {
    let entries = fs::read_dir(root.join(LOCALES)).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut foreign: Vec<_> = names
        .filter(|name| {
            name.strip_suffix(".utf8")
                .is_some_and(|language| language != "C")
        })
        .filter(|name| has_order(root, name))
        .collect();
    foreign.sort_by_key(|name| (name != FAVOURITE, name.clone()));
    let name = foreign.into_iter().next()?;
    Some(name.replace(".utf8", ".UTF-8"))
}

fn has_order(root: &Path, name: &str) -> bool {
    let file = root.join(LOCALES).join(name).join("LC_COLLATE");
    file.symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_language_is_found_where_there_is_one() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(foreign(root.path()), None);
        for name in ["C.utf8", "de_DE", "de_DE.utf8", "pt_PT.utf8"] {
            let folder = root.path().join(LOCALES).join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("LC_COLLATE"), "").unwrap();
        }
        assert_eq!(foreign(root.path()).as_deref(), Some("de_DE.UTF-8"));
    }
}
