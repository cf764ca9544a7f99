//! Pid 1 of a sandbox: furnishes it, locks itself in, and starts the steps.

pub(crate) mod bench;
pub(crate) mod fixtures;
pub(crate) mod furnish;
pub(crate) mod host;
pub(crate) mod landlock;
pub(crate) mod limits;
pub(crate) mod machine;
pub(crate) mod pid_one;
pub(crate) mod privileges;
pub(crate) mod root;
pub(crate) mod serve;
pub(crate) mod start;
pub(crate) mod step;
