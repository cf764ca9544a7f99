//! Reading a tree's canonical bytes back.

use crate::digest::{Digest, Fingerprint};
use crate::rel_path::RelPath;
use crate::tree::{Entry, Tree};

/// The tree with this digest, or `None` if the bytes are not its canonical form.
pub fn parse(digest: &Digest, bytes: &[u8]) -> Option<Tree> {
    if Digest::sha256(bytes) != *digest {
        return None;
    }
    let mut lines = std::str::from_utf8(bytes).ok()?.lines();
    // The digest vouches for the bytes; the first line only names their grammar.
    lines.next()?;
    let mut tree = Tree::default();
    for (before, line) in lines.enumerate() {
        let (path, entry) = parse_entry(line)?;
        tree.insert(path, entry).ok()?;
        // The canonical form has each folder before what lies in it. One path of 4 KiB could imply two thousand,
        // with 4 MiB of names.
        if tree.len() != before + 1 {
            return None;
        }
    }
    Some(tree)
}

/// The paths of the tree with this digest, in order, and nothing else of it.
pub fn paths<'t>(digest: &Digest, bytes: &'t [u8]) -> Option<Vec<&'t str>> {
    if Digest::sha256(bytes) != *digest {
        return None;
    }
    let lines = std::str::from_utf8(bytes).ok()?.lines().skip(1);
    let path = |line: &'t str| line.split_once(' ')?.1.split('\0').next();
    lines.map(path).collect()
}

fn parse_entry(line: &str) -> Option<(RelPath, Entry)> {
    let (kind, rest) = line.split_once(' ')?;
    let (path, rest) = rest.split_once('\0').unwrap_or((rest, ""));
    let entry = match kind {
        "d" => Entry::Directory,
        "l" => Entry::Symlink {
            target: unescape(rest)?,
        },
        "f" | "x" => Entry::File {
            content: parse_content(rest)?,
            executable: kind == "x",
        },
        _ => return None,
    };
    Some((path.parse().ok()?, entry))
}

fn parse_content(text: &str) -> Option<Fingerprint> {
    let mut words = text.split(' ');
    Some(Fingerprint {
        sha256: words.next()?.parse().ok()?,
        blake3: words.next()?.parse().ok()?,
        size: words.next()?.parse().ok()?,
    })
}

/// Undoes [`str::escape_default`].
fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(next) = rest.next() {
        if next != '\\' {
            plain.push(next);
            continue;
        }
        plain.push(match rest.next()? {
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'u' => {
                let (hex, after) = rest.as_str().strip_prefix('{')?.split_once('}')?;
                rest = after.chars();
                char::from_u32(u32::from_str_radix(hex, 16).ok()?)?
            }
            quoted => quoted,
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn other_bytes_are_no_manifest() {
        let digest = Tree::default().digest();
        assert_eq!(parse(&digest, b"zwieback-tree v1\n"), Some(Tree::default()));
        assert_eq!(parse(&digest, b"zwieback-tree v1\nd a\n"), None);
    }

    #[test]
    fn no_path_implies_a_folder() {
        let parsed = |entries: &str| {
            let bytes = format!("zwieback-tree v1\n{entries}");
            parse(&Digest::sha256(bytes.as_bytes()), bytes.as_bytes())
        };
        assert_eq!(parsed("d a\nd a/b\n").map(|tree| tree.len()), Some(2));
        assert_eq!(parsed("d a/b\n"), None);
        assert_eq!(parsed(&format!("d {}x\n", "a/".repeat(2000))), None);
        assert_eq!(parsed("d a\nd a\n"), None);
    }

    proptest! {
        #[test]
        fn canonical_bytes_round_trip(
            entries in prop::collection::vec(("[a-cä]{1,2}(/[a-c]{1,2}){0,2}", 0..4_u8, any::<String>()), 0..12)
        ) {
            let mut tree = Tree::default();
            for (path, kind, text) in entries {
                let entry = match kind {
                    0 => Entry::Directory,
                    1 => Entry::Symlink { target: text },
                    kind => Entry::File { content: Fingerprint::of(text.as_bytes()), executable: kind == 2 },
                };
                let _taken_is_fine = tree.insert(path.parse().unwrap(), entry);
            }
            prop_assert_eq!(parse(&tree.digest(), tree.canonical().as_bytes()), Some(tree));
        }
    }
}
