//! How much memory a program may hold: a stranger's bytes can have an honest one take any amount.

use std::sync::OnceLock;

/// Enough for the largest repositories and locks that people have.
const USUAL: u64 = 2 << 30;

/// How programs say that they were given no more, in small letters: C, C++, git and V8, GNU, Rust, Python.
const LAST_WORDS: [&str; 6] = [
    "cannot allocate memory",
    "std::bad_alloc",
    "out of memory",
    "memory exhausted",
    "memory allocation of",
    "memoryerror",
];

/// What the user has configured.
static MOST: OnceLock<u64> = OnceLock::new();

/// Has every program that is started from now on hold at most so many bytes.
pub fn allow(most: u64) {
    // The first word stays: there is one user.
    MOST.get_or_init(|| most);
}

/// The most that a program may hold.
pub(super) fn most() -> u64 {
    MOST.get().copied().unwrap_or(USUAL)
}

/// The line by which a program that failed says that it had no memory left. What git hands on from a server
/// is not its own word.
pub(super) fn last_words(said: &[u8]) -> Option<&[u8]> {
    let mut lines = said.split(|byte| *byte == b'\n');
    lines.find(|line| {
        let line = String::from_utf8_lossy(line).to_lowercase();
        !line.starts_with("remote:") && LAST_WORDS.iter().any(|words| line.contains(words))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_not_what_the_program_says() {
        let own = b"x\nfatal: Out of memory, malloc failed\nerror: fetch failed.\n";
        let line = &b"fatal: Out of memory, malloc failed"[..];
        assert_eq!(last_words(own), Some(line));
        let theirs = b"remote: fatal: Out of memory\nfatal: early EOF\n";
        assert_eq!(last_words(theirs), None);
    }
}
