//! Settings of this machine that explain why a sandbox fails.

use std::fs;

/// What was read from `/proc`; absent where the kernel has no such setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// `kernel.apparmor_restrict_unprivileged_userns` of Ubuntu.
    pub apparmor_restricts: Option<u64>,
    /// `kernel.unprivileged_userns_clone` of Debian.
    pub userns_clone: Option<u64>,
    /// `user.max_user_namespaces`.
    pub max_user_namespaces: Option<u64>,
    /// Whether this process is itself under a seccomp filter, as in a container.
    pub is_filtered: bool,
    /// Whether this process is root.
    pub is_root: bool,
    /// The program that needs the permission.
    pub program: String,
}

impl Facts {
    /// Reads them.
    pub fn gather() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let seccomp = status
            .lines()
            .find_map(|line| line.strip_prefix("Seccomp:"));
        let program = fs::read_link("/proc/self/exe");
        Self {
            apparmor_restricts: setting("kernel/apparmor_restrict_unprivileged_userns"),
            userns_clone: setting("kernel/unprivileged_userns_clone"),
            max_user_namespaces: setting("user/max_user_namespaces"),
            is_filtered: seccomp.is_some_and(|mode| mode.trim() != "0"),
            is_root: nix::unistd::geteuid().is_root(),
            program: program.map_or_else(
                |_| "zwieback".to_owned(),
                |path| path.to_string_lossy().into_owned(),
            ),
        }
    }
}

fn setting(name: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/sys/{name}")).ok()?;
    text.trim().parse().ok()
}
