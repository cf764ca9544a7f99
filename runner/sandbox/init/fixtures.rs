//! `/dev` and `/proc`: the same in every sandbox, so that they can be made before there is a plan.

use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{Mode, fstatat};
use nix::unistd::symlinkat;
use zwieback_core::sandbox_spec::operation::{DEVICE_LINKS, Device, HIDDEN};

use super::bench::Bench;
use crate::call::{CallError, Named as _};
use crate::error::{At as _, Failure, Stage};
use crate::kernel::file;
use crate::kernel::mount::{self, Attributes};

/// Names on the bench.
const EMPTY_FILE: &str = "empty";
const EMPTY_DIRECTORY: &str = "nothing";
const DEVICES: &str = "dev";

/// Both as mounts of this namespace, where only this process finds them.
pub(crate) struct Fixtures {
    pub(crate) bench: Bench,
    dev: OwnedFd,
    /// On top of the bench, so that `/proc/self` can be used meanwhile.
    proc: OwnedFd,
    /// What is to be hidden and was not there yet.
    unknown: Vec<&'static str>,
}

/// The process table of this namespace, mounted nowhere yet.
pub(crate) fn process_table() -> Result<OwnedFd, CallError> {
    // mount_too_revealing(): a new procfs may show no more than one that is there already,
    // so this comes before the host's is gone.
    mount::create("proc", &[], Attributes::DATA)
}

impl Fixtures {
    /// Makes them of a process table. They hold files, so that this process has to be the one who
    /// all files inside belong to.
    pub(crate) fn make(proc: OwnedFd) -> Result<Self, Failure> {
        let bench = Bench::set_up().at(Stage::HostMounts)?;
        let dev = devices(&bench).at(Stage::HostMounts)?;
        bench.file(EMPTY_FILE, "").at(Stage::HostMounts)?;
        bench.directory(EMPTY_DIRECTORY).at(Stage::HostMounts)?;
        mount::attach(&proc, "/proc").at(Stage::Proc)?;
        let mut fixtures = Self {
            bench,
            dev,
            proc,
            unknown: HIDDEN.to_vec(),
        };
        fixtures.hide_the_rest().at(Stage::Proc)?;
        Ok(fixtures)
    }

    /// Puts something empty wherever the process table tells of the host. A module of the kernel
    /// may have brought more to hide since this was done last.
    pub(crate) fn hide_the_rest(&mut self) -> Result<(), CallError> {
        let mut unknown = Vec::new();
        for name in std::mem::take(&mut self.unknown) {
            match like(&self.proc, name)? {
                Some(empty) => {
                    mount::attach_below(self.bench.show(empty)?, &self.proc, name)?;
                }
                None => unknown.push(name),
            }
        }
        self.unknown = unknown;
        Ok(())
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

/// `/dev`, with room for the file system of shared memory.
fn devices(bench: &Bench) -> Result<OwnedFd, CallError> {
    let inside = |name: &str| format!("{DEVICES}/{name}");
    bench.directory(DEVICES)?;
    for device in Device::ALL {
        bench.file(&inside(device.name()), "")?;
    }
    for (name, to) in DEVICE_LINKS {
        let call = || format!("symlinkat({to:?}, {name:?})");
        symlinkat(to, bench.top(), inside(name).as_str()).named(call)?;
    }
    for name in ["shm", "mqueue"] {
        bench.directory(&inside(name))?;
    }
    let dev = bench.show(DEVICES)?;
    mount::attach_below(&dev, bench.top(), DEVICES)?;
    for device in Device::ALL {
        let on_host = Path::new("/dev").join(device.name());
        let node = mount::clone_tree(&on_host, Attributes::DEVICE)?;
        mount::attach_below(node, &dev, device.name())?;
    }
    queues(&dev)?;
    Ok(dev)
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
