//! Capabilities, given up for good.

use std::fmt::Write as _;

use caps::CapSet;
use nix::errno::Errno;

use super::file;
use crate::call::CallError;

/// The sets, as `/proc/self/status` calls them (`proc_pid_status(5)`).
const SETS: [&str; 5] = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];

/// Empties the bounding set: no program gives what is not in it. Needs `CAP_SETPCAP`.
pub(crate) fn empty_bounding_set() -> Result<(), CallError> {
    empty(CapSet::Bounding)
}

/// Empties the other four sets.
pub(crate) fn empty_own_sets() -> Result<(), CallError> {
    // The ambient set survives the start of a program; what is effective is permitted, so that one
    // goes last.
    let sets = [
        CapSet::Ambient,
        CapSet::Inheritable,
        CapSet::Effective,
        CapSet::Permitted,
    ];
    sets.into_iter().try_for_each(empty)
}

/// Fails with the names of the sets that hold anything. A kernel may know more capabilities than the
/// library that empties the sets.
pub(crate) fn confirm_empty() -> Result<(), CallError> {
    const STATUS: &str = "/proc/self/status";
    let text = file::read(STATUS);
    let text = text.map_err(|error| {
        let errno = error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
        CallError::new(errno, format!("read(\"{STATUS}\")"))
    })?;
    match left(&text) {
        None => Ok(()),
        Some(left) => Err(CallError::new(Errno::EPERM, format!("emptying {left}"))),
    }
}

fn empty(set: CapSet) -> Result<(), CallError> {
    caps::clear(None, set).map_err(|error| {
        // The library passes the error on as text alone.
        CallError::new(Errno::last(), format!("emptying {set:?}: {error}"))
    })
}

/// The sets in the text of a `status` file that are not empty, or not there.
fn left(status: &str) -> Option<String> {
    let mut left = String::new();
    for set in SETS {
        let value = status.lines().find_map(|line| {
            let rest = line.strip_prefix(set)?;
            rest.strip_prefix(':').map(str::trim)
        });
        match value {
            Some(digits) if !digits.is_empty() && digits.bytes().all(|digit| digit == b'0') => {}
            other => drop(write!(left, "{set}={} ", other.unwrap_or("(absent)"))),
        }
    }
    Some(left.trim_end().to_owned()).filter(|left| !left.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "Name:\tx\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n\
        CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\n";

    #[test]
    fn a_capability_that_the_library_does_not_know_is_found() {
        assert_eq!(left(EMPTY), None);
        for set in SETS {
            let kept = EMPTY.replace(&format!("{set}:\t0"), &format!("{set}:\t8"));
            assert_eq!(left(&kept), Some(format!("{set}=8000000000000000")));
        }
    }

    #[test]
    fn a_set_that_is_not_told_of_is_not_empty() {
        let without = EMPTY.replace("CapAmb:\t0000000000000000\n", "");
        assert_eq!(left(&without).as_deref(), Some("CapAmb=(absent)"));
        assert!(left("").is_some());
    }
}
