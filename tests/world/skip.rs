//! Saying that a test cannot run here, so that silence always means success.

use std::io::Write as _;

/// Set by a continuous build, which installs all that the tests call: what is missing there is a failure.
const NO_SKIPS: &str = "ZWIEBACK_NO_SKIPS";

/// Prints that a test lacks a program or a right, and fails it where nothing may be lacking.
#[track_caller]
pub fn skip(test: &str, reason: &str) {
    assert!(
        std::env::var_os(NO_SKIPS).is_none(),
        "{test} is skipped although {NO_SKIPS} is set: {reason}"
    );
    skip_here(test, reason);
}

/// Prints that no program or right would help: the machine, its kernel or its CPU cannot do this.
pub fn skip_here(test: &str, reason: &str) {
    // The test harness swallows what `print!` and `eprint!` write, but not what is written directly.
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "skipped: {test}: {reason}").unwrap();
}

/// Whether this process may do what only root may.
pub fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let uids = status.lines().find(|line| line.starts_with("Uid:"));
    uids.and_then(|line| line.split_whitespace().nth(2)) == Some("0")
}
