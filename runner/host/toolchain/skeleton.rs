//! What every toolchain tree has, whatever its packages: places for the sandbox to mount on.

/// Empty directories that something is mounted on.
pub const MOUNT_POINTS: [&str; 6] = ["build", "out", "tmp", "dev", "proc", "sys"];

/// Empty files that the sandbox lays fixed content over.
pub const FIXED_FILES: [&str; 4] = ["etc/passwd", "etc/group", "etc/hosts", "etc/nsswitch.conf"];
