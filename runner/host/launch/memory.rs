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

/// Whether a program that failed says that it had no memory left. What git hands on from a server is not
/// its own word.
pub(super) fn ran_out(said: &[u8]) -> bool {
    let said = String::from_utf8_lossy(said).to_lowercase();
    let mut own = said.lines().filter(|line| !line.starts_with("remote:"));
    own.any(|line| LAST_WORDS.iter().any(|words| line.contains(words)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_not_what_the_program_says() {
        assert!(ran_out(
            b"x\nfatal: Out of memory, malloc failed (tried to allocate 9 bytes)\n"
        ));
        assert!(!ran_out(
            b"remote: fatal: Out of memory\nfatal: early EOF\n"
        ));
    }
}
