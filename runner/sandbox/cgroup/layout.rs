//! Where this process may make control groups, read from two files of `/proc`. Pure.

use std::path::{Path, PathBuf};

/// One hierarchy, and the groups in it from this process's own upwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hierarchy {
    pub(crate) version: Version,
    /// The group this process is in, as a directory.
    pub(crate) own: PathBuf,
    /// Where the hierarchy is mounted.
    pub(crate) mount: PathBuf,
}

/// The two interfaces of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// One hierarchy for all controllers.
    Unified,
    /// A hierarchy of the memory controller. Entering any group of the older interface waits for
    /// all processors to pass a quiet point, milliseconds each time, and for processes the
    /// limit of the user namespace does as well.
    Memory,
}

/// The hierarchies that can limit memory and processes, by `/proc/self/cgroup` and
/// `/proc/self/mountinfo`.
pub(crate) fn hierarchies(groups: &str, mounts: &str) -> Vec<Hierarchy> {
    let mut found = Vec::new();
    for line in groups.lines() {
        // cgroups(7): hierarchy-id:controllers:path
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
            continue;
        };
        let version = if controllers.is_empty() {
            Version::Unified
        } else if controllers.split(',').any(|name| name == "memory") {
            Version::Memory
        } else {
            continue;
        };
        found.extend(mount_of(version, mounts).and_then(|(root, mount)| {
            let below = Path::new(path).strip_prefix(root).ok()?;
            let own = mount.join(below);
            Some(Hierarchy {
                version,
                own,
                mount,
            })
        }));
    }
    found
}

/// The root and the mount point of a hierarchy.
fn mount_of(version: Version, mounts: &str) -> Option<(PathBuf, PathBuf)> {
    mounts.lines().find_map(|line| {
        // proc_pid_mountinfo(5): id parent dev root point options… - type source super-options
        let (front, back) = line.split_once(" - ")?;
        let mut front = front.split(' ').skip(3);
        let (root, point) = (front.next()?, front.next()?);
        let mut back = back.split(' ');
        let (kind, options) = (back.next()?, back.nth(1)?);
        let fits = match version {
            Version::Unified => kind == "cgroup2",
            Version::Memory => kind == "cgroup" && options.split(',').any(|o| o == "memory"),
        };
        fits.then(|| (PathBuf::from(root), PathBuf::from(point)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEGACY: &str = "\
31 25 0:27 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
32 25 0:28 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
33 25 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

    #[test]
    fn a_hybrid_machine_has_two() {
        let groups = "9:name=systemd:/
8:pids:/
4:memory:/a/b
0::/
";
        let found = hierarchies(groups, LEGACY);
        let own: Vec<_> = found.iter().map(|h| h.own.to_str().unwrap()).collect();
        assert_eq!(
            own,
            ["/sys/fs/cgroup/memory/a/b", "/sys/fs/cgroup/unified/"]
        );
    }

    #[test]
    fn a_session_of_systemd_has_one() {
        let groups = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope\n";
        let mounts = "25 1 0:22 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
        let found = hierarchies(groups, mounts);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].version, Version::Unified);
        assert!(found[0].own.starts_with("/sys/fs/cgroup/user.slice"));
    }

    #[test]
    fn nonsense_is_no_hierarchy() {
        assert_eq!(hierarchies("x\n::\n", "a b c\n - \n"), []);
    }
}
