//! The operations of a spec: what each mounts is made while the host can still be seen, and then
//! attached below the new root.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;
use zwieback_model::sandbox_spec::operation::{FROZEN, Operation, Place};
use zwieback_model::sandbox_spec::spec::SandboxSpec;

use super::base_mounts::BaseMounts;
use super::host::HostMounts;
use super::kernel_settings;
use super::scratch::{ScratchFs, size_options};
use crate::call::CallError;
use crate::error::{At as _, Failure, Stage};
use crate::kernel::file;
use crate::kernel::mount::{self, Attributes};

/// The scratch file system's name for `/sys`, and the folder that tells the number of processors,
/// after all that it lies in.
const SYSTEM: &str = "sys";
const PROCESSORS: [&str; 3] = [
    "sys/devices",
    "sys/devices/system",
    "sys/devices/system/cpu",
];

/// Where the empty layer lies.
const EMPTY: &str = "layer";

/// A detached mount for each operation that has one, in order.
pub(crate) struct Mounts {
    mounts: VecDeque<(Operation, OwnedFd)>,
    /// Why a tree is shown through the inodes of the host, where one is.
    shared: Option<CallError>,
}

impl Mounts {
    /// Makes what is the sandbox's own, beside what comes from the host.
    pub(crate) fn gather(
        spec: &SandboxSpec,
        mut host: HostMounts,
        base: &BaseMounts,
    ) -> Result<Self, Failure> {
        let mut gathered = Self {
            mounts: VecDeque::new(),
            shared: None,
        };
        base.scratch.directory(EMPTY).at(Stage::HostMounts)?;
        mount::attach_below(host.empty(), base.scratch.top(), EMPTY).at(Stage::HostMounts)?;
        for operation in &spec.operations {
            let made = gathered.make(operation, &mut host, &base.scratch);
            let mount = made.at(Stage::HostMounts)?;
            gathered.mounts.push_back((operation.clone(), mount));
        }
        Ok(gathered)
    }

    /// Why a tree is shown through the inodes of the host, where one is.
    pub(crate) fn shared(&self) -> Option<&CallError> {
        self.shared.as_ref()
    }

    /// The tree that is mounted at `/`, which is the first.
    pub(crate) fn root(&self) -> Result<&OwnedFd, Failure> {
        let first = self.mounts.front().map(|(_, mount)| mount);
        first
            .ok_or_else(|| CallError::new(Errno::ENOENT, "the toolchain"))
            .at(Stage::Root)
    }

    /// The places as directories the runner can work in, in the order of `Place::ALL`.
    pub(crate) fn place_directories(&self) -> Result<Vec<OwnedFd>, Failure> {
        let directory = |wanted: Place| {
            let is_wanted = |operation: &Operation| matches!(operation, Operation::Writable { place, .. } if *place == wanted);
            let found = self
                .mounts
                .iter()
                .find(|(operation, _)| is_wanted(operation));
            let missing = || CallError::new(Errno::ENOENT, format!("the place `{wanted}`"));
            file::directory(&found.ok_or_else(missing)?.1)
        };
        let directories = Place::ALL.into_iter().map(directory);
        directories.collect::<Result<_, _>>().at(Stage::HostMounts)
    }

    /// Mounts everything, in order. The host is out of reach by now, so that a symlink in a tree leads
    /// nowhere but into the sandbox.
    pub(crate) fn attach_all(self, spec: &SandboxSpec) -> Result<(), Failure> {
        for (operation, mount) in self.mounts {
            attach(&operation, mount).at(Stage::Furnish)?;
        }
        if spec.operations.contains(&Operation::Processes) {
            let frozen = FROZEN.iter().try_for_each(|name| freeze(name));
            frozen.at(Stage::Furnish)?;
        }
        Ok(())
    }

    /// The mount of an operation.
    fn make(
        &mut self,
        operation: &Operation,
        host: &mut HostMounts,
        scratch: &ScratchFs,
    ) -> Result<OwnedFd, CallError> {
        match operation {
            Operation::BindReadOnly { .. } => self.tree(host, scratch),
            Operation::Writable { .. } => host.take(),
            Operation::Devices { shared } => {
                mount::create("tmpfs", &size_options(*shared, "1777"), Attributes::DATA)
            }
            Operation::System { processors } => system(*processors, scratch),
            Operation::File { content, .. } => {
                let name = self.mounts.len().to_string();
                scratch.file(&name, content)?;
                scratch.show(&name)
            }
            Operation::Processes => kernel_settings::make(scratch),
        }
    }

    /// A tree through inodes of the sandbox's own, or, where the kernel has none to give, as it is.
    fn tree(&mut self, host: &mut HostMounts, scratch: &ScratchFs) -> Result<OwnedFd, CallError> {
        let layer = host.take()?;
        // Before Linux 6.15, only what is attached can be a layer. It goes with the host's mounts.
        let name = format!("layer-{}", self.mounts.len());
        scratch.directory(&name)?;
        mount::attach_below(&layer, scratch.top(), &name)?;
        match mount::overlay(&layer, host.empty()) {
            Ok(own) => Ok(own),
            Err(error) => {
                self.shared = Some(error);
                mount::clone_file(&layer, "")
            }
        }
    }
}

fn attach(operation: &Operation, mount: OwnedFd) -> Result<(), CallError> {
    match operation {
        // The root has been changed to the first tree already.
        Operation::BindReadOnly { at, .. } if at.is_root() => Ok(()),
        Operation::BindReadOnly { at, .. }
        | Operation::Writable { at, .. }
        | Operation::File { at, .. } => mount::attach(mount, at.as_str()),
        Operation::Devices { .. } => mount::attach(mount, "/dev/shm"),
        Operation::System { .. } => mount::attach(mount, "/sys"),
        Operation::Processes => kernel_settings::attach(&mount),
    }
}

/// glibc's `get_nprocs` reads `online`, and falls back to `/proc/stat`.
fn system(processors: Option<u16>, scratch: &ScratchFs) -> Result<OwnedFd, CallError> {
    scratch.directory(SYSTEM)?;
    if let Some(count) = processors {
        let range = match count {
            0 | 1 => "0\n".to_owned(),
            more => format!("0-{}\n", more - 1),
        };
        for folder in PROCESSORS {
            scratch.directory(folder)?;
        }
        for name in ["online", "possible", "present"] {
            scratch.file(&format!("{}/{name}", PROCESSORS[2]), &range)?;
        }
    }
    scratch.show(SYSTEM)
}

/// Kernels differ in what `/proc` holds: what is not there needs no lock.
fn freeze(name: &str) -> Result<(), CallError> {
    let at = format!("/proc/{name}");
    match mount::clone_tree(Path::new(&at), Attributes::INERT) {
        Err(error) if error.errno() == Errno::ENOENT => Ok(()),
        tree => mount::attach(tree?, &at),
    }
}
