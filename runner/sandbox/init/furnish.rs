//! The operations of a spec, carried out one by one below the new root.

use std::fs::{DirBuilder, File};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, symlink};
use std::path::Path;

use nix::errno::Errno;
use zwieback_core::sandbox_spec::inside_path::InsidePath;
use zwieback_core::sandbox_spec::limits::Quota;
use zwieback_core::sandbox_spec::operation::Operation;
use zwieback_core::sandbox_spec::spec::SandboxSpec;

use super::host::{HostMounts, size_options};
use super::root::Host;
use crate::call::{CallError, Named as _};
use crate::error::{At as _, Failure, Stage};
use crate::kernel::file;
use crate::kernel::mount::{self, Attributes};

/// Lays everything into the sandbox, in order. The host is out of reach by now, so that a
/// symlink in a tree leads nowhere but into the sandbox.
pub(crate) fn furnish(spec: &SandboxSpec, mounts: HostMounts, host: Host) -> Result<(), Failure> {
    let mut supplies = Supplies {
        host,
        trees: mounts.trees.into_iter().map(|(_, tree)| tree).collect(),
        places: mounts.places.into_iter().map(|(_, tree)| tree).collect(),
        devices: mounts.devices.into_iter().map(|(_, node)| node).collect(),
    };
    for list in [
        &mut supplies.trees,
        &mut supplies.places,
        &mut supplies.devices,
    ] {
        list.reverse();
    }
    spec.operations
        .iter()
        .try_for_each(|operation| supplies.carry_out(operation))
        .at(Stage::Furnish)
}

/// Mounts that were made beforehand, each list last first.
struct Supplies {
    host: Host,
    trees: Vec<OwnedFd>,
    places: Vec<OwnedFd>,
    devices: Vec<OwnedFd>,
}

impl Supplies {
    fn carry_out(&mut self, operation: &Operation) -> Result<(), CallError> {
        match operation {
            Operation::BindReadOnly { at, .. } => {
                let tree = supplied(self.trees.pop());
                // The root has been changed to the first tree already.
                if at.is_root() {
                    Ok(())
                } else {
                    mount::attach(tree, at.as_str())
                }
            }
            Operation::Writable { at, .. } => {
                mount::attach(supplied(self.places.pop()), at.as_str())
            }
            Operation::Device { device } => {
                touch(device.path())?;
                mount::attach(supplied(self.devices.pop()), device.path())
            }
            Operation::File { at, .. } => {
                prepare_target(at)?;
                mount::attach(supplied(self.host.files.pop_front()), at.as_str())
            }
            Operation::Mask { at } => match supplied(self.host.masks.pop_front()) {
                Some(empty) => mount::attach(empty, at.as_str()),
                None => Ok(()),
            },
            Operation::Proc { at } => mount::attach(&self.host.proc, at.as_str()),
            Operation::Tmpfs { at, mode, quota } => tmpfs(at, *mode, *quota),
            Operation::Queues { at } => queues(at),
            Operation::ReadOnly { at } => read_only(at.as_str()),
            Operation::NewFile { at, content } => file::create(at.as_str(), content),
            Operation::Directory { at } => make_directory(at.as_str()),
            Operation::Symlink { at, to } => {
                symlink(to, at.as_str()).named(|| format!("symlink({to:?}, \"{at}\")"))
            }
        }
    }
}

fn supplied<T>(supply: Option<T>) -> T {
    supply.expect("invariant: every supply was counted from the same operations")
}

fn tmpfs(at: &InsidePath, mode: u32, quota: Quota) -> Result<(), CallError> {
    let options = size_options(quota, &format!("{mode:o}"));
    let tree = mount::create("tmpfs", &options, Attributes::DATA)?;
    mount::attach(tree, at.as_str())
}

/// The file system of this namespace's queues. A kernel without queues has no such file system.
fn queues(at: &InsidePath) -> Result<(), CallError> {
    match mount::create("mqueue", &[], Attributes::DATA) {
        Err(error) if error.errno() == Errno::ENODEV => Ok(()),
        other => mount::attach(other?, at.as_str()),
    }
}

/// Kernels differ in what `/proc` holds: what is not there needs no lock.
fn read_only(at: &str) -> Result<(), CallError> {
    match mount::restrict(at, Attributes::INERT) {
        Err(error) if error.errno() == Errno::ENOENT => Ok(()),
        // Not a mount of its own yet.
        Err(error) if error.errno() == Errno::EINVAL => {
            mount::attach(mount::clone_tree(Path::new(at), Attributes::INERT)?, at)
        }
        other => other,
    }
}

/// A file to mount on: the one that is there, or a new one where the sandbox owns the directory.
fn prepare_target(at: &InsidePath) -> Result<(), CallError> {
    if Path::new(at.as_str()).exists() {
        return Ok(());
    }
    for parent in at.parents() {
        make_directory(parent.as_str())?;
    }
    touch(at.as_str())
}

fn make_directory(at: &str) -> Result<(), CallError> {
    match DirBuilder::new().mode(0o755).create(at) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other.named(|| format!("mkdir({at:?})")),
    }
}

fn touch(at: &str) -> Result<(), CallError> {
    File::create_new(at)
        .map(drop)
        .named(|| format!("creat({at:?})"))
}
