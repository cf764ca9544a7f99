//! What the sandbox takes from the host, as detached mounts.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;

use nix::errno::Errno;
use zwieback_core::sandbox_spec::identity::Identity;
use zwieback_core::sandbox_spec::limits::{Limits, Quota};
use zwieback_core::sandbox_spec::operation::{Medium, Operation, Place, Source};

use crate::call::{CallError, Named as _};
use crate::error::{At as _, Failure, Stage};
use crate::kernel::file;
use crate::kernel::mount::{self, Attributes};
use crate::kernel::user_ids::{self, Ids};
use crate::owner::OwnerKind;
use crate::protocol::Plan;

/// Trees and places, opened while the host can still be seen.
pub(crate) struct HostMounts {
    pub(crate) trees: Vec<(Source, OwnedFd)>,
    pub(crate) places: Vec<(Place, OwnedFd)>,
    /// Why the files of a tree belong to nobody inside, where they do.
    pub(crate) unowned: Option<CallError>,
}

/// File systems in memory that were made before it was known what is needed, of the size that most
/// sandboxes have.
#[derive(Default)]
pub(crate) struct Rooms {
    places: Vec<(Place, OwnedFd)>,
    shared: Option<OwnedFd>,
}

impl Rooms {
    /// One for each place, and one for shared memory.
    pub(crate) fn of_the_usual_size(identity: &Identity) -> Result<Self, CallError> {
        let (usual, ids) = (Limits::default(), (identity.uid, identity.gid));
        let mut places = Vec::new();
        for place in Place::ALL {
            places.push((place, memory(place, usual.quota(place), ids)?));
        }
        let shared = Some(shared_memory(usual.shared())?);
        Ok(Self { places, shared })
    }

    /// The place of this size, or a new one.
    fn place(&mut self, place: Place, quota: Quota, ids: (u32, u32)) -> Result<OwnedFd, CallError> {
        let at = self.places.iter().position(|(known, _)| *known == place);
        match at.filter(|_| quota == Limits::default().quota(place)) {
            Some(at) => Ok(self.places.swap_remove(at).1),
            None => memory(place, quota, ids),
        }
    }

    /// What holds POSIX shared memory: the one of this size, or a new one.
    pub(crate) fn shared(&mut self, quota: Quota) -> Result<OwnedFd, CallError> {
        let is_usual = quota == Limits::default().shared();
        match self.shared.take_if(|_| is_usual) {
            Some(room) => Ok(room),
            None => shared_memory(quota),
        }
    }
}

impl HostMounts {
    /// Opens all that the plan names. New places belong to these ids, as this process sees them.
    pub(crate) fn open(plan: &Plan, ids: (u32, u32), rooms: &mut Rooms) -> Result<Self, Failure> {
        let mut mounts = Self {
            trees: Vec::new(),
            places: Vec::new(),
            unowned: None,
        };
        for operation in &plan.spec.operations {
            mounts
                .open_one(operation, plan, ids, rooms)
                .at(Stage::HostMounts)?;
        }
        Ok(mounts)
    }

    /// The places as directories the runner can work in, in the order of `Place::ALL`.
    pub(crate) fn place_directories(&self) -> Result<Vec<OwnedFd>, Failure> {
        let mut directories = Vec::new();
        for place in Place::ALL {
            let found = self.places.iter().find(|(known, _)| *known == place);
            let (_, tree) = found
                .ok_or_else(|| CallError::new(Errno::ENOENT, format!("the place `{place}`")))
                .at(Stage::HostMounts)?;
            directories.push(file::directory(tree).at(Stage::HostMounts)?);
        }
        Ok(directories)
    }

    fn open_one(
        &mut self,
        operation: &Operation,
        plan: &Plan,
        ids: (u32, u32),
        rooms: &mut Rooms,
    ) -> Result<(), CallError> {
        match operation {
            Operation::BindReadOnly { source, .. } => {
                let path = tree_path(plan, source)?;
                let tree = mount::clone_tree(path, Attributes::READ_ONLY)?;
                if plan.owner.kind == OwnerKind::Stranger {
                    self.unowned = give(&tree, path, ids).err().or(self.unowned.take());
                }
                self.trees.push((source.clone(), tree));
            }
            Operation::Writable {
                place,
                medium,
                quota,
                ..
            } => {
                let tree = match medium {
                    Medium::Memory => rooms.place(*place, *quota, ids)?,
                    Medium::Disk => disk(plan, *place)?,
                };
                self.places.push((*place, tree));
            }
            _ => {}
        }
        Ok(())
    }
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

/// Has a tree show as the step's own, as it does where the caller is an ordinary user: programs
/// that ask for owners, such as `tar`, must give the same bytes whoever runs the build.
fn give(tree: &OwnedFd, path: &Path, ids: (u32, u32)) -> Result<(), CallError> {
    let metadata = fs::metadata(path).named(|| format!("stat(\"{}\")", path.display()))?;
    let on_disk = Ids {
        uid: metadata.uid(),
        gid: metadata.gid(),
    };
    let owner = Ids {
        uid: ids.0,
        gid: ids.1,
    };
    // SAFETY: a stranger's mounts are opened by the zygote, which has one thread.
    let namespace = unsafe { user_ids::namespace(on_disk, owner) }?;
    mount::map_owners(tree, &namespace)
}

fn memory(place: Place, quota: Quota, ids: (u32, u32)) -> Result<OwnedFd, CallError> {
    let mode = match place {
        Place::Tmp => "1777",
        Place::Work | Place::Out => "0755",
    };
    let mut options = size_options(quota, mode);
    options.push(("uid", ids.0.to_string()));
    options.push(("gid", ids.1.to_string()));
    mount::create("tmpfs", &options, Attributes::WRITABLE)
}

fn shared_memory(quota: Quota) -> Result<OwnedFd, CallError> {
    mount::create("tmpfs", &size_options(quota, "1777"), Attributes::DATA)
}

/// The options of a tmpfs. Without `nr_inodes` it would hold one file for each two pages of the
/// machine, which is another machine's other number.
pub(crate) fn size_options(quota: Quota, mode: &str) -> Vec<(&'static str, String)> {
    vec![
        ("mode", mode.to_owned()),
        ("size", quota.bytes.to_string()),
        ("nr_inodes", quota.inodes.to_string()),
    ]
}

fn disk(plan: &Plan, place: Place) -> Result<OwnedFd, CallError> {
    let Some(path) = plan.disks.get(&place) else {
        let call = format!("the directory of the place `{place}`");
        return Err(CallError::new(Errno::ENOENT, call));
    };
    if plan.owner.kind == OwnerKind::Stranger {
        let (uid, gid) = (plan.owner.uid, plan.owner.gid);
        chown(path, Some(uid), Some(gid))
            .named(|| format!("chown(\"{}\", {uid}, {gid})", path.display()))?;
    }
    let call = || format!("lstat(\"{}\")", path.display());
    let metadata = fs::symlink_metadata(path).named(call)?;
    if !metadata.is_dir() {
        return Err(CallError::new(Errno::ENOTDIR, call()));
    }
    mount::clone_tree(path, Attributes::WRITABLE)
}
