//! The kernel: executes a [`SandboxSpec`](zwieback_core::sandbox_spec::spec::SandboxSpec) and
//! reports what was enforced. The only unsafe code.
//!
//! Four processes take part. The *runner* calls [`sandbox::Sandbox`]; it never forks once it is
//! large and has threads. The *nursery* is the same program started afresh ([`nursery::main`]);
//! it is small and has one thread, and forks a seed for each sandbox, one ahead. For an ordinary
//! user that is *pid 1* itself. Where steps are traced, where a control group counts them, and for
//! root, it is a *zygote*, which clones pid 1, maps its ids, and looks after it. Pid 1 furnishes the
//! sandbox, locks itself in, and then starts the steps one after another. Runner and pid 1 speak
//! over one socket (`protocol`); when it closes, the sandbox ends.
//!
//! What needs no plan comes before it: an ordinary user's namespaces are made, the loopback is up,
//! `/dev` and `/proc` are as they will be. Each seed is used for one sandbox.

pub mod call;
pub mod canceller;
pub mod error;
pub mod nursery;
pub mod owner;
pub mod probe;
pub mod processes;
pub mod run;
pub mod sandbox;
pub mod starting;
pub mod step;
pub mod terminal;

mod cgroup;
mod id_maps;
mod init;
mod kernel;
mod protocol;
mod seccomp;
mod seed;
mod supervise;
mod watch;
mod wire;
mod zygote;
