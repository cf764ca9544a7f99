//! From the host's root to the toolchain's.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{Mode, fstatat};
use zwieback_core::sandbox_spec::inside_path::InsidePath;
use zwieback_core::sandbox_spec::limits::Quota;
use zwieback_core::sandbox_spec::operation::{Operation, Source};
use zwieback_core::sandbox_spec::spec::SandboxSpec;

use super::host::{HostMounts, size_options};
use crate::call::{CallError, Named as _};
use crate::error::{At as _, Failure, Stage};
use crate::kernel::file;
use crate::kernel::mount::{self, Attributes};

/// Mounts for the `File`s and the `Mask`s of a spec.
type Supplies = (VecDeque<OwnedFd>, VecDeque<Option<OwnedFd>>);

/// Names in the file system that holds them.
const EMPTY_FILE: &str = "empty";
const EMPTY_DIRECTORY: &str = "nothing";

/// Files of fixed content and masks are this large together at most.
const FILES: Quota = Quota {
    bytes: 16 << 20,
    inodes: 1024,
};

/// What can only be made while the host's mounts are still there.
pub(crate) struct Host {
    /// The process table.
    pub(crate) proc: OwnedFd,
    /// One mount for each `File` of the spec, in order.
    pub(crate) files: VecDeque<OwnedFd>,
    /// For each `Mask` of the spec, in order, a mount of something empty; nothing for what this
    /// kernel does not have.
    pub(crate) masks: VecDeque<Option<OwnedFd>>,
}

impl Host {
    /// Makes every file of fixed content.
    pub(crate) fn prepare(spec: &SandboxSpec, proc: OwnedFd) -> Result<Self, Failure> {
        settings(spec, &proc).at(Stage::Proc)?;
        let (files, masks) = fixed_files(spec, &proc).at(Stage::Furnish)?;
        Ok(Self { proc, files, masks })
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

/// The process table of this namespace.
pub(crate) fn process_table() -> Result<OwnedFd, CallError> {
    // mount_too_revealing(): a new procfs may show no more than one that is there already,
    // so this comes before the host's is gone.
    mount::create("proc", &[], Attributes::DATA)
}

/// Makes the toolchain the root.
pub(crate) fn change(mounts: &HostMounts) -> Result<(), CallError> {
    let root = mounts
        .trees
        .iter()
        .find(|(source, _)| *source == Source::Toolchain);
    let Some((_, root)) = root else {
        return Err(CallError::new(Errno::ENOENT, "the toolchain"));
    };
    mount::attach(root, "/")?;
    nix::unistd::fchdir(root).named(|| "fchdir(toolchain)".to_owned())?;
    mount::pivot_to_working_directory()
}

/// Settings of the new namespaces. They are made while the process table is mounted nowhere.
fn settings(spec: &SandboxSpec, proc: &OwnedFd) -> Result<(), CallError> {
    // A second wall behind seccomp: no further user namespace below this one.
    set(proc, "sys/user/max_user_namespaces", "0")?;
    if let Some(pid) = spec.machine.first_pid {
        set(
            proc,
            "sys/kernel/ns_last_pid",
            &pid.saturating_sub(1).to_string(),
        )?;
    }
    Ok(())
}

fn set(proc: &OwnedFd, name: &str, value: &str) -> Result<(), CallError> {
    let call = || format!("write(\"/proc/{name}\", {value:?})");
    let flags = OFlag::O_WRONLY | OFlag::O_CLOEXEC;
    let fd = openat(proc, name, flags, Mode::empty()).named(call)?;
    nix::unistd::write(fd, value.as_bytes())
        .map(drop)
        .named(call)
}

/// Every file lies in one small file system, which goes away with the host's mounts; what is
/// bound from it stays. Before Linux 6.15 only what is attached can be bound.
fn fixed_files(spec: &SandboxSpec, proc: &OwnedFd) -> Result<Supplies, CallError> {
    let scratch = mount::create("tmpfs", &size_options(FILES, "0755"), Attributes::DATA)?;
    mount::attach(&scratch, "/proc")?;
    file::create_at(&scratch, EMPTY_FILE, "")?;
    file::make_directory_at(&scratch, EMPTY_DIRECTORY)?;
    let mut names = Vec::new();
    for operation in &spec.operations {
        if let Operation::File { content, .. } = operation {
            let name = names.len().to_string();
            file::create_at(&scratch, &name, content)?;
            names.push(name);
        }
    }
    mount::restrict("/proc", Attributes::INERT)?;
    let files = names.iter().map(|name| mount::clone_file(&scratch, name));
    let masks = spec
        .operations
        .iter()
        .filter_map(|operation| match operation {
            Operation::Mask { at } => Some(mask(&scratch, proc, at)),
            _ => None,
        });
    Ok((
        files.collect::<Result<_, _>>()?,
        masks.collect::<Result<_, _>>()?,
    ))
}

/// Something empty of the same kind as what it is to hide.
fn mask(scratch: &OwnedFd, proc: &OwnedFd, at: &InsidePath) -> Result<Option<OwnedFd>, CallError> {
    let name = at.as_str().trim_start_matches("/proc/");
    match fstatat(proc, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(CallError::new(errno, format!("fstatat(\"{at}\")"))),
        Ok(found) => {
            let is_directory = found.st_mode & libc::S_IFMT == libc::S_IFDIR;
            let empty = if is_directory {
                EMPTY_DIRECTORY
            } else {
                EMPTY_FILE
            };
            mount::clone_file(scratch, empty).map(Some)
        }
    }
}
