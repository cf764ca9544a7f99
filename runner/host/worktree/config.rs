//! The one line of a configuration that is read: which folder a repository elsewhere says is its checkout.

/// Longer than any that people have.
pub const LONGEST: u64 = 1 << 20;

/// `core.worktree`; the last one counts. What git would read in another way is no path that is there.
pub fn worktree(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut is_core = false;
    let mut found = None;
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        if let Some(section) = line.strip_prefix(b"[") {
            is_core = section.eq_ignore_ascii_case(b"core]");
            continue;
        }
        let Some(at) = line.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        let (key, value) = (line[..at].trim_ascii(), line[at + 1..].trim_ascii());
        if is_core && key.eq_ignore_ascii_case(b"worktree") {
            found = Some(unquoted(value));
        }
    }
    found
}

/// A value without its quotes and its comment (git-config(1), "Syntax").
fn unquoted(value: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let (mut is_quoted, mut end) = (false, 0);
    let mut bytes = value.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'#' | b';' if !is_quoted => break,
            b'\\' => plain.extend(bytes.next()),
            byte => plain.push(byte),
        }
        if is_quoted || !byte.is_ascii_whitespace() {
            end = plain.len();
        }
    }
    // Blanks before a comment are none of it.
    plain.truncate(end);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worktree_of_core_is_read_and_of_nothing_else() {
        for (text, path) in [
            ("[core]\n\tworktree = ../../x\n", Some("../../x")),
            (
                "[core]\nbare = false\n[remote \"core\"]\nworktree = /no\n",
                None,
            ),
            (
                "[CORE]\n WorkTree=\"/with space \\\"#1\" ; why\n",
                Some("/with space \"#1"),
            ),
            (
                "[core]\nworktree = /one\n[a]\n[core]\nworktree = /two\n",
                Some("/two"),
            ),
            ("worktree = /no\n[core \"sub\"]\nworktree = /no", None),
            ("[core]\nworktree", None),
        ] {
            let found = worktree(text.as_bytes());
            assert_eq!(found.as_deref(), path.map(str::as_bytes), "{text}");
        }
    }
}
