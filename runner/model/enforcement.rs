//! What the kernel really enforced: data for the screen and for the provenance.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One lock of the sandbox. The names are stable: they are written into provenance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lock {
    /// Ids inside are not the ids outside.
    UserNamespace,
    /// Mounts of its own.
    MountNamespace,
    /// Processes of its own; they end with the sandbox.
    PidNamespace,
    /// No network but a loopback of its own.
    NetworkNamespace,
    /// System V and POSIX queues of its own.
    IpcNamespace,
    /// A host name of its own.
    UtsNamespace,
    /// A control group tree of its own.
    CgroupNamespace,
    /// Monotonic clocks of its own.
    TimeNamespace,
    /// The root is the toolchain, and nobody can write it.
    ReadOnlyRoot,
    /// Locks, leases and watches on files of the toolchain, and on device files, are not seen in another
    /// sandbox.
    PrivateInodes,
    /// `/proc` shows its own processes and little of the host.
    MaskedProc,
    /// No capability in any set, nor any to be had.
    NoCapabilities,
    /// No program gives rights when it is started.
    NoNewPrivileges,
    /// Rules on files and signals that every process carries.
    Landlock,
    /// The system calls that a build does not need answer with an error.
    Seccomp,
    /// A session keyring of its own.
    Keyring,
    /// The sum of memory is bounded.
    MemoryLimit,
    /// The number of processes is bounded.
    ProcessLimit,
    /// The room in every writable place is bounded.
    DiskLimit,
}

/// How far a lock holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockState {
    /// The kernel keeps it.
    Enforced,
    /// Less than all of it is kept, or the runner keeps it by watching.
    Partial,
    /// Nothing keeps it.
    Absent,
}

/// A lock's state and what there is to say about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// How far it holds.
    pub state: LockState,
    /// By what, or why not: a lower-case fragment.
    pub detail: String,
}

/// The true state of every lock of one sandbox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Enforcement {
    locks: BTreeMap<Lock, Held>,
}

impl Lock {
    /// All locks, in the order they are reported.
    pub const ALL: [Self; 19] = [
        Self::UserNamespace,
        Self::MountNamespace,
        Self::PidNamespace,
        Self::NetworkNamespace,
        Self::IpcNamespace,
        Self::UtsNamespace,
        Self::CgroupNamespace,
        Self::TimeNamespace,
        Self::ReadOnlyRoot,
        Self::PrivateInodes,
        Self::MaskedProc,
        Self::NoCapabilities,
        Self::NoNewPrivileges,
        Self::Landlock,
        Self::Seccomp,
        Self::Keyring,
        Self::MemoryLimit,
        Self::ProcessLimit,
        Self::DiskLimit,
    ];

    /// The eight kinds of namespace.
    pub const NAMESPACES: [Self; 8] = [
        Self::UserNamespace,
        Self::MountNamespace,
        Self::PidNamespace,
        Self::NetworkNamespace,
        Self::IpcNamespace,
        Self::UtsNamespace,
        Self::CgroupNamespace,
        Self::TimeNamespace,
    ];

    /// The lock in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserNamespace => "user namespace",
            Self::MountNamespace => "mount namespace",
            Self::PidNamespace => "pid namespace",
            Self::NetworkNamespace => "network namespace",
            Self::IpcNamespace => "ipc namespace",
            Self::UtsNamespace => "uts namespace",
            Self::CgroupNamespace => "cgroup namespace",
            Self::TimeNamespace => "time namespace",
            Self::ReadOnlyRoot => "read-only root",
            Self::PrivateInodes => "private inodes",
            Self::MaskedProc => "masked /proc",
            Self::NoCapabilities => "no capabilities",
            Self::NoNewPrivileges => "no new privileges",
            Self::Landlock => "landlock",
            Self::Seccomp => "seccomp",
            Self::Keyring => "own keyring",
            Self::MemoryLimit => "memory limit",
            Self::ProcessLimit => "process limit",
            Self::DiskLimit => "disk limit",
        }
    }

    /// Whether a build may go on without this lock. What isolates a step is never optional.
    pub const fn is_required(self) -> bool {
        !matches!(
            self,
            Self::TimeNamespace
                | Self::CgroupNamespace
                | Self::Landlock
                | Self::Keyring
                | Self::MemoryLimit
        )
    }
}

/// Begins what is said of [`Lock::PrivateInodes`] where a tree is shown through the inodes of the host.
const SHARED_INODES: &str = "shared-inodes";

impl Enforcement {
    /// Records the state of one lock.
    pub fn record(&mut self, lock: Lock, state: LockState, detail: impl Into<String>) {
        let detail = detail.into();
        self.locks.insert(lock, Held { state, detail });
    }

    /// Records that a tree is shown through the inodes of the host, and why.
    pub fn record_shared_inodes(&mut self, why: impl fmt::Display) {
        let detail = format!("{SHARED_INODES}: {why}");
        self.record(Lock::PrivateInodes, LockState::Partial, detail);
    }

    /// Whether two sandboxes of one tree have its inodes in common.
    pub fn shares_inodes(&self) -> bool {
        let held = self.locks.get(&Lock::PrivateInodes);
        held.is_some_and(|held| held.detail.starts_with(SHARED_INODES))
    }

    /// Takes over what `other` knows.
    pub fn merge(&mut self, other: Self) {
        self.locks.extend(other.locks);
    }

    /// The state of one lock; one that nobody recorded is absent.
    pub fn state(&self, lock: Lock) -> LockState {
        self.locks
            .get(&lock)
            .map_or(LockState::Absent, |held| held.state)
    }

    /// Every lock that was recorded.
    pub fn iter(&self) -> impl Iterator<Item = (Lock, &Held)> {
        self.locks.iter().map(|(lock, held)| (*lock, held))
    }

    /// The first lock without which no build may run, and which is absent.
    pub fn missing(&self) -> Option<Lock> {
        Lock::ALL
            .into_iter()
            .find(|lock| lock.is_required() && self.state(*lock) == LockState::Absent)
    }

    fn namespaces(&self) -> usize {
        let enforced = |lock: &&Lock| self.state(**lock) == LockState::Enforced;
        Lock::NAMESPACES.iter().filter(enforced).count()
    }
}

/// Locks that are named on the screen when they hold; that the others hold goes without saying.
const SHOWN: [Lock; 3] = [Lock::Landlock, Lock::Seccomp, Lock::NoCapabilities];

const LIMITS: [(Lock, &str); 3] = [
    (Lock::MemoryLimit, "memory"),
    (Lock::ProcessLimit, "process"),
    (Lock::DiskLimit, "disk"),
];

/// One line: what holds, then whatever does not.
impl fmt::Display for Enforcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holds = |lock: Lock| self.state(lock) == LockState::Enforced;
        if holds(Lock::NetworkNamespace) {
            f.write_str("no network, ")?;
        }
        write!(f, "{} namespaces", self.namespaces())?;
        for lock in SHOWN.into_iter().filter(|lock| holds(*lock)) {
            write!(f, ", {}", lock.as_str())?;
        }
        let limits: Vec<_> = LIMITS
            .iter()
            .filter(|(lock, _)| holds(*lock))
            .map(|(_, word)| *word)
            .collect();
        if let Some((last, rest)) = limits.split_last() {
            let and = if rest.is_empty() {
                String::new()
            } else {
                format!("{} and ", rest.join(", "))
            };
            write!(f, ", {and}{last} limits")?;
        }
        for (lock, held) in self.iter() {
            match held.state {
                LockState::Enforced => {}
                LockState::Partial => write!(f, ", {} in part", lock.as_str())?,
                LockState::Absent => write!(f, ", without {}", lock.as_str())?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_stable() {
        let mut enforcement = Enforcement::default();
        enforcement.record(Lock::Seccomp, LockState::Enforced, "91 calls");
        let json = serde_json::to_string(&enforcement).unwrap();
        assert_eq!(
            json,
            r#"{"seccomp":{"state":"enforced","detail":"91 calls"}}"#
        );
    }

    #[test]
    fn shared_inodes_are_known_from_other_reasons() {
        let mut enforcement = Enforcement::default();
        assert!(!enforcement.shares_inodes());
        enforcement.record(Lock::PrivateInodes, LockState::Partial, "device files");
        assert!(!enforcement.shares_inodes());
        enforcement.record_shared_inodes("EINVAL");
        assert!(enforcement.shares_inodes());
        assert_eq!(enforcement.state(Lock::PrivateInodes), LockState::Partial);
    }

    #[test]
    fn what_nobody_recorded_is_missing() {
        let mut enforcement = Enforcement::default();
        assert_eq!(enforcement.missing(), Some(Lock::UserNamespace));
        for lock in Lock::ALL {
            enforcement.record(lock, LockState::Enforced, "");
        }
        assert_eq!(enforcement.missing(), None);
        enforcement.record(Lock::MemoryLimit, LockState::Absent, "no cgroup");
        assert_eq!(enforcement.missing(), None);
        assert!(
            enforcement
                .to_string()
                .starts_with("no network, 8 namespaces, ")
        );
        assert!(enforcement.to_string().contains("without memory limit"));
    }
}
