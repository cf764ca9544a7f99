//! Pid 1 of a sandbox: makes its mounts, locks itself in, and starts the steps.

pub(crate) mod base_mounts;
pub(crate) mod host;
mod kernel_settings;
pub(crate) mod landlock;
pub(crate) mod limits;
pub(crate) mod machine;
pub(crate) mod mounts;
pub(crate) mod pid_one;
pub(crate) mod privileges;
pub(crate) mod root;
pub(crate) mod scratch;
pub(crate) mod serve;
pub(crate) mod step;
