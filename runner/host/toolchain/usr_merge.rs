//! The merged `/usr`: `/bin`, `/lib` and their like are links, and packages that still use them are led there.

use zwieback_model::rel_path::RelPath;

/// The top names that lie below `usr/` on a merged system.
const MERGED: [&str; 6] = ["bin", "sbin", "lib", "lib64", "lib32", "libx32"];
/// Those that every system has; the others are linked only where something lies behind them.
const ALWAYS: [&str; 4] = ["bin", "sbin", "lib", "lib64"];

/// Where a path of a package lies on a merged system; nothing for the merged names themselves, which
/// packages ship as directories up to Debian 12 and as links from 13 on.
///
/// Writing through the links instead would fail: an archive's own entry for `lib/` would meet a link.
pub fn rewrite(path: &RelPath) -> Option<RelPath> {
    let top = path.parts().next().unwrap_or_default();
    if !MERGED.contains(&top) {
        return Some(path.clone());
    }
    let usr: RelPath = "usr".parse().expect("`usr` is a path");
    (path.as_str() != top).then(|| path.under(&usr))
}

/// The links to make, given what lies in the tree.
pub fn links(exists: impl Fn(&str) -> bool) -> Vec<(RelPath, String)> {
    MERGED
        .iter()
        .map(|name| (*name, format!("usr/{name}")))
        .filter(|(name, target)| ALWAYS.contains(name) || exists(target))
        .map(|(name, target)| (name.parse().expect("a merged name is a path"), target))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_below_a_merged_name_moves() {
        for (from, to) in [
            ("bin/sh", Some("usr/bin/sh")),
            ("lib", None),
            ("lib64/ld.so", Some("usr/lib64/ld.so")),
            ("library/x", Some("library/x")),
            ("usr/bin/x", Some("usr/bin/x")),
            ("usr/lib", Some("usr/lib")),
            ("etc/lib/x", Some("etc/lib/x")),
        ] {
            let moved = rewrite(&from.parse().unwrap());
            assert_eq!(moved.as_ref().map(RelPath::as_str), to, "{from}");
        }
    }

    #[test]
    fn four_links_always_and_the_rest_where_needed() {
        assert_eq!(links(|_| false).len(), 4);
        let more = links(|path| path == "usr/lib32");
        let (path, target) = more.last().unwrap();
        assert_eq!((path.as_str(), target.as_str()), ("lib32", "usr/lib32"));
    }
}
