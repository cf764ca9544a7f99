//! What maintainer scripts would have made, and what the sandbox needs to find.

use std::io::Write as _;

use zwieback_model::manifest::toolchain::Fixups;
use zwieback_model::rel_path::RelPath;
use zwieback_model::tree::Tree;
use zwieback_sandbox::call::Attempt as _;

use crate::store::error::StoreError;
use crate::store::writer::{Layer, TreeWriter};
use crate::toolchain::error::AssembleError;
use crate::toolchain::usr_merge;

/// Empty directories that the sandbox mounts something on.
const MOUNT_POINTS: [&str; 6] = ["build", "out", "tmp", "dev", "proc", "sys"];

/// Files that the sandbox lays fixed content over.
const FIXED_FILES: [&str; 4] = ["etc/passwd", "etc/group", "etc/hosts", "etc/nsswitch.conf"];

/// Puts the declared fix-ups and the skeleton of every toolchain, after all packages are unpacked.
pub fn apply(writer: &TreeWriter, fixups: &Fixups) -> Result<(), AssembleError> {
    let declared = writer.layer("[fixups]");
    for (path, text) in &fixups.files {
        put_file(&declared, merged(path)?, text)?;
    }
    for (path, target) in &fixups.links {
        declared.symlink(merged(path)?, target)?;
    }
    put_skeleton(&writer.layer("the skeleton of every toolchain"))?;
    let tree = writer.so_far();
    for (link, target) in &fixups.links {
        if !leads_somewhere(&tree, &merged(link)?, target) {
            let (link, target) = (link.clone(), target.clone());
            return Err(AssembleError::Dangling { link, target });
        }
    }
    let layer = writer.layer("the merged /usr");
    for (path, target) in usr_merge::links(|path| tree.get(path).is_some()) {
        layer.symlink(path, &target)?;
    }
    Ok(())
}

fn put_skeleton(layer: &Layer<'_>) -> Result<(), AssembleError> {
    for name in MOUNT_POINTS {
        layer.directory(&name.parse().expect("a mount point is a path"))?;
    }
    for name in FIXED_FILES {
        let path: RelPath = name.parse().expect("a fixed file is a path");
        if layer.existing(&path).is_none() {
            put_file(layer, path, "")?;
        }
    }
    Ok(())
}

fn put_file(layer: &Layer<'_>, path: RelPath, text: &str) -> Result<(), StoreError> {
    let shown = path.to_string();
    let mut file = layer.file(path, false)?;
    file.write_all(text.as_bytes())
        .attempt("write", shown.as_str())?;
    file.finish()?;
    Ok(())
}

fn merged(path: &RelPath) -> Result<RelPath, AssembleError> {
    usr_merge::rewrite(path).ok_or_else(|| AssembleError::MergedName(path.clone()))
}

/// Follows one step: what the target names must be an entry, whatever it is.
fn leads_somewhere(tree: &Tree, link: &RelPath, target: &str) -> bool {
    // symlink(2): "ENOENT: target is the empty string".
    if target.is_empty() {
        return false;
    }
    let mut parts: Vec<&str> = Vec::new();
    if !target.starts_with('/') {
        parts.extend(link.parts());
    }
    // The link's own name is not part of the folder that a relative target starts from.
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    let Ok(path) = parts.join("/").parse::<RelPath>() else {
        return false;
    };
    usr_merge::rewrite(&path).is_none_or(|path| tree.get(path.as_str()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use zwieback_model::tree::Entry;

    #[test]
    fn targets_are_followed_one_step() {
        let mut tree = Tree::default();
        tree.insert("usr/bin/mawk".parse().unwrap(), Entry::Directory)
            .unwrap();
        let link = "usr/bin/awk".parse().unwrap();
        for good in [
            "mawk",
            "./mawk",
            "../bin/mawk",
            "/usr/bin/mawk",
            "/bin/mawk",
            "../../bin/mawk",
            "/bin",
        ] {
            assert!(leads_somewhere(&tree, &link, good), "{good}");
        }
        for bad in ["gawk", "../mawk", "/mawk", "", "/"] {
            assert!(!leads_somewhere(&tree, &link, bad), "{bad}");
        }
    }
}
