//! What the sandbox takes from the host, as detached mounts.

use std::collections::VecDeque;
use std::fs;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;

use nix::errno::Errno;
use nix::sys::stat::{FchmodatFlags, Mode, SFlag, fchmodat, makedev, mknodat};
use zwieback_model::sandbox_spec::limits::Quota;
use zwieback_model::sandbox_spec::operation::{Device, Medium, Operation, Place, Source};

use super::scratch::size_options;
use crate::call::{Attempt as _, CallError};
use crate::error::{At as _, Failure, Stage};
use crate::kernel::mount::{self, Attributes};
use crate::kernel::user_ids::{self, Ids};
use crate::owner::{Owner, OwnerKind};
use crate::protocol::{Plan, Seen};

/// Trees and places, opened while the host can still be seen, in the order of the operations that
/// mount them.
pub(crate) struct HostMounts {
    mounts: VecDeque<OwnedFd>,
    /// An empty directory in the file system of the trees.
    empty: OwnedFd,
    /// Device files of the sandbox's own, which nobody but root can make.
    devices: Option<OwnedFd>,
    seen: Seen,
}

/// Has trees show as the step's own, as they do where the caller is an ordinary user: programs that ask
/// for owners, such as `tar`, must give the same bytes whoever runs the build.
pub(crate) struct Shown {
    /// The sandbox's user, by ids of this process.
    owner: Ids,
    /// The mapping for who owns trees on disk.
    mapping: Option<(Ids, OwnedFd)>,
}

impl Shown {
    /// For trees that are to be this user's.
    pub(crate) fn to(owner: Ids) -> Self {
        let mapping = None;
        Self { owner, mapping }
    }

    /// Where this process is root, with the mapping for trees of root's made before there is a plan.
    pub(crate) fn prepare() -> Option<Self> {
        let owner = Owner::of_this_process().ok()?;
        let mut shown = (owner.kind == OwnerKind::Stranger).then(|| Self::to(owner.ids()))?;
        // What cannot be made is tried again, and reported, with the plan.
        drop(shown.mapping_of(Ids { uid: 0, gid: 0 }));
        Some(shown)
    }

    fn show(&mut self, tree: &OwnedFd, path: &Path) -> Result<(), CallError> {
        let metadata = fs::metadata(path).named(|| format!("stat(\"{}\")", path.display()))?;
        let on_disk = Ids {
            uid: metadata.uid(),
            gid: metadata.gid(),
        };
        mount::map_owners(tree, self.mapping_of(on_disk)?)
    }

    fn mapping_of(&mut self, on_disk: Ids) -> Result<&OwnedFd, CallError> {
        let known = self.mapping.take_if(|(known, _)| *known == on_disk);
        let mapping = match known {
            Some(known) => known,
            // SAFETY: neither a supervisor nor a pid 1 has a second thread.
            None => (on_disk, unsafe {
                user_ids::namespace(on_disk, self.owner)
            }?),
        };
        Ok(&self.mapping.insert(mapping).1)
    }
}

impl HostMounts {
    /// Opens all that the plan names. New places belong to the sandbox's user, and root's trees show as
    /// such.
    pub(crate) fn open(plan: &Plan, mut shown: Shown) -> Result<Self, Failure> {
        let empty = mount::clone_tree(&plan.empty, Attributes::READ_ONLY);
        let devices = match plan.owner.kind {
            OwnerKind::Stranger => own_devices(),
            OwnerKind::Caller => Err(CallError::new(Errno::EPERM, "mknodat()")),
        };
        let mut opened = Self {
            mounts: VecDeque::new(),
            empty: empty.at(Stage::HostMounts)?,
            seen: Seen {
                host_devices: devices.as_ref().err().cloned(),
                ..Seen::default()
            },
            devices: devices.ok(),
        };
        if plan.owner.kind == OwnerKind::Stranger {
            // Where it cannot be, the trees cannot either, and one of them says so.
            drop(shown.show(&opened.empty, &plan.empty));
        }
        for operation in &plan.spec.operations {
            let mount = match operation {
                Operation::BindReadOnly { source, .. } => opened.tree(plan, source, &mut shown),
                Operation::Writable {
                    place,
                    medium,
                    quota,
                    ..
                } => match medium {
                    Medium::Memory => memory(*place, *quota, shown.owner),
                    Medium::Disk => disk(plan, *place),
                },
                _ => continue,
            };
            opened.mounts.push_back(mount.at(Stage::HostMounts)?);
        }
        Ok(opened)
    }

    /// What another process has opened for the same plan, in the order of [`Self::descriptors`].
    pub(crate) fn received(mounts: Vec<OwnedFd>, seen: Seen) -> Result<Self, Failure> {
        let mut mounts = VecDeque::from(mounts);
        let empty = take(&mut mounts).at(Stage::HostMounts)?;
        let devices = match seen.host_devices {
            None => Some(take(&mut mounts).at(Stage::HostMounts)?),
            Some(_) => None,
        };
        Ok(Self {
            mounts,
            empty,
            devices,
            seen,
        })
    }

    /// For the process that will mount them.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        std::iter::once(&self.empty)
            .chain(&self.devices)
            .chain(&self.mounts)
            .map(OwnedFd::as_fd)
    }

    /// What was noticed.
    pub(crate) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Device files of the sandbox's own, where there are some.
    pub(crate) fn devices(&self) -> Option<&OwnedFd> {
        self.devices.as_ref()
    }

    /// The mount of the next operation.
    pub(crate) fn take(&mut self) -> Result<OwnedFd, CallError> {
        take(&mut self.mounts)
    }

    /// The empty directory.
    pub(crate) fn empty(&self) -> &OwnedFd {
        &self.empty
    }

    fn tree(
        &mut self,
        plan: &Plan,
        source: &Source,
        shown: &mut Shown,
    ) -> Result<OwnedFd, CallError> {
        let path = tree_path(plan, source)?;
        let tree = mount::clone_tree(path, Attributes::READ_ONLY)?;
        if plan.owner.kind == OwnerKind::Stranger {
            let given = shown.show(&tree, path);
            self.seen.unowned = given.err().or(self.seen.unowned.take());
        }
        Ok(tree)
    }
}

/// Device files that no other sandbox has: those of the host carry locks and watches from one to another.
/// In a user namespace the kernel lets nobody make one.
fn own_devices() -> Result<OwnedFd, CallError> {
    let room = Quota {
        bytes: 64 << 10,
        inodes: 64,
    };
    let folder = mount::create("tmpfs", &size_options(room, "0755"), Attributes::DEVICES)?;
    for device in Device::ALL {
        let name = device.name();
        let (major, minor) = device.numbers();
        let (kind, mode) = (SFlag::S_IFCHR, Mode::from_bits_retain(0o666));
        mknodat(&folder, name, kind, mode, makedev(major, minor))
            .named(|| format!("mknodat({name:?})"))?;
        // Whatever the caller's umask is.
        fchmodat(&folder, name, mode, FchmodatFlags::FollowSymlink)
            .named(|| format!("fchmodat({name:?})"))?;
    }
    Ok(folder)
}

fn take(mounts: &mut VecDeque<OwnedFd>) -> Result<OwnedFd, CallError> {
    let missing = || CallError::new(Errno::ENOENT, "a tree or place of the plan");
    mounts.pop_front().ok_or_else(missing)
}

fn tree_path<'a>(plan: &'a Plan, source: &Source) -> Result<&'a Path, CallError> {
    match source {
        Source::Toolchain => Ok(&plan.toolchain),
        Source::Tree(name) => match plan.trees.get(name) {
            Some(path) => Ok(path),
            None => Err(CallError::new(Errno::ENOENT, format!("the {source}"))),
        },
    }
}

fn memory(place: Place, quota: Quota, owner: Ids) -> Result<OwnedFd, CallError> {
    let mode = match place {
        Place::Tmp => "1777",
        Place::Work | Place::Out => "0755",
    };
    let mut options = size_options(quota, mode);
    options.push(("uid", owner.uid.to_string()));
    options.push(("gid", owner.gid.to_string()));
    mount::create("tmpfs", &options, Attributes::WRITABLE)
}

/// Gives the directories of places on disk to the user of the sandbox.
pub(crate) fn give_disks(plan: &Plan) -> Result<(), Failure> {
    let Owner { uid, gid, .. } = plan.owner;
    for path in plan.disks.values() {
        chown(path, Some(uid), Some(gid))
            .named(|| format!("chown(\"{}\", {uid}, {gid})", path.display()))
            .at(Stage::HostMounts)?;
    }
    Ok(())
}

fn disk(plan: &Plan, place: Place) -> Result<OwnedFd, CallError> {
    let Some(path) = plan.disks.get(&place) else {
        let call = format!("the directory of the place `{place}`");
        return Err(CallError::new(Errno::ENOENT, call));
    };
    let call = || format!("lstat(\"{}\")", path.display());
    let metadata = fs::symlink_metadata(path).named(call)?;
    if !metadata.is_dir() {
        return Err(CallError::new(Errno::ENOTDIR, call()));
    }
    mount::clone_tree(path, Attributes::WRITABLE)
}
