//! The kernel: executes a [`SandboxSpec`](zwieback_model::sandbox_spec::spec::SandboxSpec) and
//! reports what was enforced. The only unsafe code.
//!
//! Four processes take part. The *runner* calls [`sandbox::Sandbox`]; it never forks once it is large
//! and has threads. The *fork server* ([`fork_server::ForkServer`]) is a copy of the runner from before
//! that, and forks a *supervisor* for each sandbox, which stays outside. That one clones *pid 1*, which
//! makes its namespaces while the runner still makes the plan; then it maps the ids of pid 1, gives it
//! the plan, traces it where the spec asks for that, and ends after it. Pid 1 makes the mounts, locks
//! itself in, and starts the steps one after another. Runner and pid 1 speak over one socket
//! (`protocol`); when it closes, the sandbox ends. Root and ordinary users go the same way.

pub mod call;
pub mod canceller;
pub mod child_memory;
pub mod error;
pub mod fork_server;
pub mod handle;
pub mod owner;
pub mod probe;
pub mod run;
pub mod sandbox;
pub mod starting;
pub mod step;
pub mod terminal;

mod cgroup;
mod id_maps;
mod init;
mod kernel;
mod look;
mod protocol;
mod seccomp;
mod supervise;
mod supervisor;
mod watch;
mod wire;
