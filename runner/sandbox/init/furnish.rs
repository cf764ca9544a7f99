//! The operations of a spec, carried out one by one below the new root.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;
use zwieback_core::sandbox_spec::operation::{FROZEN, Operation};
use zwieback_core::sandbox_spec::spec::SandboxSpec;

use super::bench::Bench;
use super::host::{HostMounts, Rooms};
use crate::call::CallError;
use crate::error::{At as _, Failure, Stage};
use crate::kernel::mount::{self, Attributes};

/// The bench's name for `/sys`, and the folder that tells the number of processors, after all that
/// it lies in.
const SYSTEM: &str = "sys";
const PROCESSORS: [&str; 3] = [
    "sys/devices",
    "sys/devices/system",
    "sys/devices/system/cpu",
];

/// Mounts that are made while the host can still be seen, in order of the operations that lay them
/// into the sandbox.
pub(crate) struct Supplies {
    trees: VecDeque<OwnedFd>,
    places: VecDeque<OwnedFd>,
    /// What is the sandbox's own: shared memory, and what is of the bench.
    own: VecDeque<OwnedFd>,
}

impl Supplies {
    /// Adds to the host's what is made for this spec.
    pub(crate) fn gather(
        spec: &SandboxSpec,
        mounts: HostMounts,
        rooms: &mut Rooms,
        bench: &Bench,
    ) -> Result<Self, Failure> {
        Ok(Self {
            trees: mounts.trees.into_iter().map(|(_, tree)| tree).collect(),
            places: mounts.places.into_iter().map(|(_, tree)| tree).collect(),
            own: made(spec, rooms, bench).at(Stage::Furnish)?,
        })
    }

    /// The tree that is bound at `/`, which is the first.
    pub(crate) fn root(&self) -> Result<&OwnedFd, Failure> {
        let root = self.trees.front();
        root.ok_or_else(|| CallError::new(Errno::ENOENT, "the toolchain"))
            .at(Stage::Root)
    }

    /// Lays everything into the sandbox, in order. The host is out of reach by now, so that a
    /// symlink in a tree leads nowhere but into the sandbox.
    pub(crate) fn furnish(mut self, spec: &SandboxSpec) -> Result<(), Failure> {
        spec.operations
            .iter()
            .try_for_each(|operation| self.carry_out(operation))
            .at(Stage::Furnish)
    }

    fn carry_out(&mut self, operation: &Operation) -> Result<(), CallError> {
        match operation {
            Operation::BindReadOnly { at, .. } => {
                let tree = supplied(&mut self.trees);
                // The root has been changed to the first tree already.
                if at.is_root() {
                    Ok(())
                } else {
                    mount::attach(tree, at.as_str())
                }
            }
            Operation::Writable { at, .. } => {
                mount::attach(supplied(&mut self.places), at.as_str())
            }
            // Devices and processes came along with the root.
            Operation::Devices { .. } => mount::attach(supplied(&mut self.own), "/dev/shm"),
            Operation::Processes => FROZEN.iter().try_for_each(|name| freeze(name)),
            Operation::System { .. } => mount::attach(supplied(&mut self.own), "/sys"),
            Operation::File { at, .. } => mount::attach(supplied(&mut self.own), at.as_str()),
        }
    }
}

fn supplied(supplies: &mut VecDeque<OwnedFd>) -> OwnedFd {
    let supply = supplies.pop_front();
    supply.expect("invariant: every supply was counted from the same operations")
}

/// The mounts of what a spec has made, in order.
fn made(
    spec: &SandboxSpec,
    rooms: &mut Rooms,
    bench: &Bench,
) -> Result<VecDeque<OwnedFd>, CallError> {
    let mut own = VecDeque::new();
    for operation in &spec.operations {
        match operation {
            Operation::Devices { shared } => own.push_back(rooms.shared(*shared)?),
            Operation::System { processors } => {
                system(*processors, bench)?;
                own.push_back(bench.show(SYSTEM)?);
            }
            Operation::File { content, .. } => {
                let name = own.len().to_string();
                bench.file(&name, content)?;
                own.push_back(bench.show(&name)?);
            }
            _ => {}
        }
    }
    Ok(own)
}

/// glibc's `get_nprocs` reads `online`, and falls back to `/proc/stat`.
fn system(processors: Option<u16>, bench: &Bench) -> Result<(), CallError> {
    bench.directory(SYSTEM)?;
    let Some(count) = processors else {
        return Ok(());
    };
    let range = match count {
        0 | 1 => "0\n".to_owned(),
        more => format!("0-{}\n", more - 1),
    };
    for folder in PROCESSORS {
        bench.directory(folder)?;
    }
    for name in ["online", "possible", "present"] {
        bench.file(&format!("{}/{name}", PROCESSORS[2]), &range)?;
    }
    Ok(())
}

/// Kernels differ in what `/proc` holds: what is not there needs no lock.
fn freeze(name: &str) -> Result<(), CallError> {
    let at = format!("/proc/{name}");
    match mount::clone_tree(Path::new(&at), Attributes::INERT) {
        Err(error) if error.errno() == Errno::ENOENT => Ok(()),
        tree => mount::attach(tree?, &at),
    }
}
