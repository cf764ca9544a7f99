//! `/dev` and `/proc`, which are the same in every sandbox.

use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{Mode, fstatat};
use nix::unistd::symlinkat;
use zwieback_model::sandbox_spec::operation::{DEVICE_LINKS, Device, HIDDEN};

use super::scratch::ScratchFs;
use crate::call::{Attempt as _, CallError};
use crate::error::{At as _, Failure, Stage};
use crate::kernel::file;
use crate::kernel::mount::{self, Attributes};

/// Names on the scratch.
const EMPTY_FILE: &str = "empty";
const EMPTY_DIRECTORY: &str = "nothing";
const DEVICES: &str = "dev";
const NODES: &str = "nodes";

/// Pseudo-terminals of one sandbox. All sandboxes of a machine share what `kernel.pty.max` leaves to those who
/// did not mount the first devpts, and one step may not take them all.
const MOST_TERMINALS: &str = "64";

/// Both as mounts of this namespace, where only this process finds them.
pub(crate) struct BaseMounts {
    pub(crate) scratch: ScratchFs,
    dev: OwnedFd,
    /// On top of the scratch file system, so that `/proc/self` can be used meanwhile.
    proc: OwnedFd,
}

/// The process table of this namespace, mounted nowhere yet.
pub(crate) fn process_table() -> Result<OwnedFd, CallError> {
    // mount_too_revealing(): a new procfs may show no more than one that is there already,
    // so this comes before the host's is gone.
    mount::create("proc", &[], Attributes::DATA)
}

impl BaseMounts {
    /// Makes them of a process table. They hold files, so that this process has to be the one who
    /// all files inside belong to.
    pub(crate) fn make(proc: OwnedFd, nodes: Option<&OwnedFd>) -> Result<Self, Failure> {
        let scratch = ScratchFs::set_up().at(Stage::HostMounts)?;
        let dev = devices(&scratch, nodes).at(Stage::HostMounts)?;
        scratch.file(EMPTY_FILE, "").at(Stage::HostMounts)?;
        scratch.directory(EMPTY_DIRECTORY).at(Stage::HostMounts)?;
        mount::attach(&proc, "/proc").at(Stage::Proc)?;
        let base = Self { scratch, dev, proc };
        HIDDEN
            .iter()
            .try_for_each(|name| base.hide(name))
            .at(Stage::Proc)?;
        Ok(base)
    }

    /// Puts something empty where the process table tells of the host.
    fn hide(&self, name: &str) -> Result<(), CallError> {
        match like(&self.proc, name)? {
            Some(empty) => mount::attach_below(self.scratch.show(empty)?, &self.proc, name),
            None => Ok(()),
        }
    }

    /// Moves both to the working directory, which becomes the root.
    pub(crate) fn move_here(&self) -> Result<(), CallError> {
        for (tree, name) in [(&self.dev, "dev"), (&self.proc, "proc")] {
            let moved = mount::attach(tree, name);
            moved.map_err(|error| {
                CallError::new(error.errno(), format!("move_mount(\"/{name}\")"))
            })?;
        }
        Ok(())
    }

    /// The process table.
    pub(crate) fn proc(&self) -> &OwnedFd {
        &self.proc
    }

    /// The process table as a directory, through which the runner watches.
    pub(crate) fn proc_directory(&self) -> Result<OwnedFd, Failure> {
        file::directory(&self.proc).at(Stage::Proc)
    }

    /// The list of System V memory of this namespace, whoever reads it; nothing in a kernel
    /// that has no such memory.
    pub(crate) fn shared_memory(&self) -> Result<Option<OwnedFd>, Failure> {
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        match openat(&self.proc, "sysvipc/shm", flags, Mode::empty()) {
            Err(Errno::ENOENT) => Ok(None),
            other => other
                .named(|| "openat(\"/proc/sysvipc/shm\")".to_owned())
                .map(Some)
                .at(Stage::Proc),
        }
    }
}

/// `/dev`, with room for the file system of shared memory. The device files are from `nodes`, or else the
/// host's.
fn devices(scratch: &ScratchFs, nodes: Option<&OwnedFd>) -> Result<OwnedFd, CallError> {
    let inside = |name: &str| format!("{DEVICES}/{name}");
    scratch.directory(DEVICES)?;
    for device in Device::ALL {
        scratch.file(&inside(device.name()), "")?;
    }
    for (name, to) in DEVICE_LINKS {
        let call = || format!("symlinkat({to:?}, {name:?})");
        symlinkat(to, scratch.top(), inside(name).as_str()).named(call)?;
    }
    for name in ["pts", "shm", "mqueue"] {
        scratch.directory(&inside(name))?;
    }
    let dev = scratch.show(DEVICES)?;
    mount::attach_below(&dev, scratch.top(), DEVICES)?;
    if let Some(nodes) = nodes {
        // Only what is attached can be cloned.
        scratch.directory(NODES)?;
        mount::attach_below(nodes, scratch.top(), NODES)?;
    }
    for device in Device::ALL {
        let node = if let Some(nodes) = nodes {
            let node = mount::clone_file(nodes, device.name())?;
            mount::restrict(&node, "", Attributes::DEVICE)?;
            node
        } else {
            let on_host = Path::new("/dev").join(device.name());
            mount::clone_tree(&on_host, Attributes::DEVICE)?
        };
        mount::attach_below(node, &dev, device.name())?;
    }
    queues(&dev)?;
    mount::attach_below(terminals()?, &dev, "pts")?;
    Ok(dev)
}

/// The pseudo-terminals of this sandbox: each mount of devpts holds its own (Linux 4.7).
fn terminals() -> Result<OwnedFd, CallError> {
    let options = [
        ("mode", "0620".to_owned()),
        ("ptmxmode", "0666".to_owned()),
        ("max", MOST_TERMINALS.to_owned()),
    ];
    mount::create("devpts", &options, Attributes::DEVICES)
}

/// The file system of this namespace's queues. A kernel without queues has no such file system.
fn queues(dev: &OwnedFd) -> Result<(), CallError> {
    match mount::create("mqueue", &[], Attributes::DATA) {
        Err(error) if error.errno() == Errno::ENODEV => Ok(()),
        other => mount::attach_below(other?, dev, "mqueue"),
    }
}

/// What is of the same kind and empty; nothing for what this kernel does not have.
fn like(proc: &OwnedFd, name: &str) -> Result<Option<&'static str>, CallError> {
    match fstatat(proc, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(CallError::new(errno, format!("fstatat(\"/proc/{name}\")"))),
        Ok(found) if found.st_mode & libc::S_IFMT == libc::S_IFDIR => Ok(Some(EMPTY_DIRECTORY)),
        Ok(_) => Ok(Some(EMPTY_FILE)),
    }
}
