//! Where else the same source file lies: a security fix lists the original archive in a pocket that may not hold it.

use zwieback_model::digest::Digest;
use zwieback_model::rel_path::RelPath;

use crate::deb::apt_client::{AptError, HELPER};
use crate::deb::apt_state::AptState;

/// Every place that the indices of sources name for these bytes.
pub fn find(state: &AptState, wanted: &Digest) -> Result<Vec<RelPath>, AptError> {
    let targets = [
        "indextargets",
        "--format",
        "$(FILENAME)",
        "Created-By: Sources",
    ];
    let mut found = Vec::new();
    for index in state.ask("apt-get", &targets)?.lines() {
        collect(
            &state.ask(HELPER, &["cat-file", index])?,
            wanted,
            &mut found,
        );
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// A stanza names its folder once, and its files with three digests each; only SHA-256 is looked at.
fn collect(index: &str, wanted: &Digest, found: &mut Vec<RelPath>) {
    let hex = wanted.to_hex();
    for stanza in index.split("\n\n").filter(|stanza| stanza.contains(&hex)) {
        let field = |name: &str| stanza.lines().find_map(|line| line.strip_prefix(name));
        let line = stanza
            .lines()
            .find(|line| line.trim_start().starts_with(&hex));
        let file = line.and_then(|line| line.split_whitespace().nth(2));
        if let (Some(folder), Some(file)) = (field("Directory: "), file) {
            found.extend(format!("{folder}/{file}").parse::<RelPath>().ok());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_archive_in_two_pockets() {
        let digest = Digest::sha256(b"x");
        let stanza = |folder: &str| {
            format!(
                "Package: a\nDirectory: {folder}\nFiles:\n 00 1 a.orig.tar.gz\nChecksums-Sha256:\n {digest} 1 a.orig.tar.gz\n"
            )
        };
        let index = format!(
            "{}\nPackage: b\nDirectory: pool/b\n\n{}",
            stanza("pool/updates/a"),
            stanza("pool/a")
        );
        let mut found = Vec::new();
        collect(&index, &digest, &mut found);
        let paths: Vec<_> = found.iter().map(RelPath::as_str).collect();
        assert_eq!(
            paths,
            ["pool/updates/a/a.orig.tar.gz", "pool/a/a.orig.tar.gz"]
        );
    }
}
