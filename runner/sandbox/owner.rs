//! Whose files the sandbox reads and writes, as the host sees it.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::fchown;

use nix::unistd::{getegid, geteuid};
use serde::{Deserialize, Serialize};

use crate::error::SandboxError;
use crate::kernel::user_ids::Ids;

/// The first id given to sandboxes of root: far from people, services and subordinate ranges.
const PREFERRED: u32 = 0x7A77_0000;

/// The host's ids of everything in a sandbox. Staged files must belong to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// User id on the host.
    pub uid: u32,
    /// Group id on the host.
    pub gid: u32,
    /// How the caller came to it.
    pub kind: OwnerKind,
}

/// How the ids of a sandbox relate to the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OwnerKind {
    /// They are the caller's own; nothing else can be mapped without rights.
    Caller,
    /// The caller is root and gave others, which own nothing on the host. The kernel does not
    /// count the processes of user 0, and a leak to its files would be worth more.
    Stranger,
}

impl Owner {
    /// The owner of sandboxes this process starts.
    pub fn of_this_process() -> io::Result<Self> {
        let caller = Self {
            uid: geteuid().as_raw(),
            gid: getegid().as_raw(),
            kind: OwnerKind::Caller,
        };
        if caller.uid != 0 {
            return Ok(caller);
        }
        let uid = stranger(&fs::read_to_string("/proc/self/uid_map")?);
        let gid = stranger(&fs::read_to_string("/proc/self/gid_map")?);
        Ok(match (uid, gid) {
            (Some(uid), Some(gid)) => Self {
                uid,
                gid,
                kind: OwnerKind::Stranger,
            },
            // The root of a container that maps one id is an ordinary user outside already.
            _ => caller,
        })
    }
}

impl Owner {
    /// Both ids.
    pub(crate) fn ids(self) -> Ids {
        Ids {
            uid: self.uid,
            gid: self.gid,
        }
    }

    /// Gives a pipe or a terminal away, so that steps can open it anew through `/dev/stdout`.
    pub(crate) fn give(&self, stream: impl AsFd) -> Result<(), SandboxError> {
        match self.kind {
            OwnerKind::Caller => Ok(()),
            OwnerKind::Stranger => fchown(stream, Some(self.uid), Some(self.gid))
                .map_err(SandboxError::runner("give a stream to the sandbox's user")),
        }
    }
}

/// An id that is mapped and not 0, by the text of a `uid_map`.
fn stranger(map: &str) -> Option<u32> {
    let ranges = map.lines().filter_map(|line| {
        let mut numbers = line.split_ascii_whitespace().map(str::parse::<u64>);
        let (first, _outside, length) = (numbers.next()?, numbers.next()?, numbers.next()?);
        Some((first.ok()?, length.ok()?))
    });
    let mut best = None;
    for (first, length) in ranges {
        let end = first.saturating_add(length);
        if (first..end).contains(&u64::from(PREFERRED)) {
            return Some(PREFERRED);
        }
        best = best.max(end.checked_sub(1).filter(|last| *last > 0));
    }
    best.and_then(|last| u32::try_from(last).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_is_mapped_and_not_root() {
        assert_eq!(stranger("0 0 4294967295\n"), Some(PREFERRED));
        assert_eq!(stranger("0 1000 1\n1 100000 65536\n"), Some(65536));
        assert_eq!(stranger("0 1000 1\n"), None);
        assert_eq!(stranger("nonsense"), None);
    }
}
