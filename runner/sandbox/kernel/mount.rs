//! The mount interface of Linux 5.2 and 5.12: file systems and trees as descriptors.

use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, FromRawFd as _, OwnedFd, RawFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;
use nix::mount::{MntFlags, MsFlags, umount2};

use crate::call::{Attempt as _, CallError};

/// What a mount forbids, in the kernel's bits.
#[derive(Clone, Copy)]
pub(crate) struct Attributes(u64);

impl Attributes {
    /// Nothing is written; no setuid bit and no device file means anything.
    pub(crate) const READ_ONLY: Self =
        Self(libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV);
    /// As above, and nothing is executed either.
    pub(crate) const INERT: Self = Self(Self::READ_ONLY.0 | libc::MOUNT_ATTR_NOEXEC);
    /// Written and executed, but no setuid bit and no device file means anything.
    pub(crate) const WRITABLE: Self = Self(libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV);
    /// Written, never executed.
    pub(crate) const DATA: Self = Self(Self::WRITABLE.0 | libc::MOUNT_ATTR_NOEXEC);
    /// Device files that work.
    pub(crate) const DEVICES: Self = Self(libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC);
    /// A device file that works, and has the times and the mode that it had: it can be written to, but on a
    /// mount like this not changed.
    pub(crate) const DEVICE: Self = Self(Self::DEVICES.0 | libc::MOUNT_ATTR_RDONLY);

    const fn set(self) -> libc::mount_attr {
        libc::mount_attr {
            attr_set: self.0,
            attr_clr: 0,
            propagation: 0,
            userns_fd: 0,
        }
    }
}

/// A new file system that is mounted nowhere yet.
pub(crate) fn create(
    kind: &str,
    options: &[(&str, String)],
    attributes: Attributes,
) -> Result<OwnedFd, CallError> {
    let call = || format!("fsopen({kind:?})");
    let name = text(kind)?;
    // SAFETY: `name` is a C string that outlives the call; the kernel returns a new descriptor.
    let context = unsafe {
        descriptor(libc::syscall(
            libc::SYS_fsopen,
            name.as_ptr(),
            libc::FSOPEN_CLOEXEC,
        ))
    }
    .named(call)?;
    for (key, value) in options {
        set_option(&context, key, value)?;
    }
    configure(&context, libc::FSCONFIG_CMD_CREATE, None)
        .named(|| format!("fsconfig({kind:?}, CMD_CREATE)"))?;
    // SAFETY: plain integers; the kernel returns a new descriptor.
    unsafe {
        descriptor(libc::syscall(
            libc::SYS_fsmount,
            context.as_raw_fd(),
            libc::FSMOUNT_CLOEXEC,
            attributes.0,
        ))
    }
    .named(|| format!("fsmount({kind:?})"))
}

/// The numbers under which the layers of an overlay are open while it is made. The mount table shows
/// them, so that they are the same in every sandbox.
const LAYERS: [RawFd; 2] = [500, 501];

/// A tree shown through inodes of a mount of its own, which nobody else sees: an overlay without a
/// layer to write to. It takes two layers at least, so that an empty one lies below. `/proc` is that
/// of this process. Linux 5.11.
pub(crate) fn overlay(tree: &OwnedFd, empty: &OwnedFd) -> Result<OwnedFd, CallError> {
    let _upper = duplicate_at(tree, LAYERS[0])?;
    let _lower = duplicate_at(empty, LAYERS[1])?;
    let layers = LAYERS.map(|number| format!("/proc/self/fd/{number}"));
    // Each is set, since what holds otherwise is for the machine's administrator to say.
    let off = |name| (name, "off".to_owned());
    let options = [
        ("lowerdir", layers.join(":")),
        // Not `off`, which the kernel does not take from an ordinary user.
        ("redirect_dir", "nofollow".to_owned()),
        off("metacopy"),
        off("index"),
        off("xino"),
    ];
    create("overlay", &options, Attributes::READ_ONLY)
}

fn duplicate_at(fd: &OwnedFd, number: RawFd) -> Result<OwnedFd, CallError> {
    let raw = fd.as_raw_fd();
    // SAFETY: plain integers; nothing of this process is open under so high a number. The kernel
    // returns a new descriptor.
    unsafe { descriptor(libc::syscall(libc::SYS_dup3, raw, number, libc::O_CLOEXEC)) }
        .named(|| format!("dup3({raw}, {number})"))
}

/// A copy of the mounts at `path` that is mounted nowhere yet, with everything below it.
pub(crate) fn clone_tree(path: &Path, attributes: Attributes) -> Result<OwnedFd, CallError> {
    let call = || format!("open_tree(\"{}\", OPEN_TREE_CLONE)", path.display());
    let name = CString::new(path.as_os_str().as_encoded_bytes())
        .map_err(|_| CallError::new(Errno::EINVAL, call()))?;
    let tree = open_tree(libc::AT_FDCWD, &name, libc::AT_RECURSIVE).named(call)?;
    set_attributes(&tree, attributes)?;
    Ok(tree)
}

/// Has the files of a tree that is mounted nowhere belong to others: to those that `ids` gives to
/// their owners on disk. Linux 5.12, and the file system must know how.
pub(crate) fn map_owners(tree: &OwnedFd, ids: &OwnedFd) -> Result<(), CallError> {
    let set = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_IDMAP,
        attr_clr: 0,
        propagation: 0,
        userns_fd: u64::from(ids.as_raw_fd().unsigned_abs()),
    };
    let flags = libc::AT_EMPTY_PATH | libc::AT_RECURSIVE;
    mount_setattr(tree.as_raw_fd(), c"", flags, &set)
        .named(|| "mount_setattr(AT_RECURSIVE, MOUNT_ATTR_IDMAP)".to_owned())
}

/// A copy of the mount of one file below `dir`, or of `dir` itself. It keeps what its mount forbids.
pub(crate) fn clone_file(dir: impl AsFd, name: &str) -> Result<OwnedFd, CallError> {
    let path = text(name)?;
    open_tree(dir.as_fd().as_raw_fd(), &path, libc::AT_EMPTY_PATH)
        .named(|| format!("open_tree({name:?})"))
}

/// Mounts a tree, or moves it here from where it was.
pub(crate) fn attach(tree: impl AsFd, at: &str) -> Result<(), CallError> {
    attach_below(tree, AT_FDCWD, at)
}

/// The same at a path below `dir`. A symlink there is not followed, but for those on the way.
pub(crate) fn attach_below(tree: impl AsFd, dir: impl AsFd, at: &str) -> Result<(), CallError> {
    let path = text(at)?;
    // SAFETY: both paths are C strings that outlive the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            tree.as_fd().as_raw_fd(),
            c"".as_ptr(),
            dir.as_fd().as_raw_fd(),
            path.as_ptr(),
            libc::MOVE_MOUNT_F_EMPTY_PATH,
        )
    };
    Errno::result(result)
        .map(drop)
        .named(|| format!("move_mount({at:?})"))
}

/// Takes rights from the mount at a path below `dir`, or from `dir` itself. Rights taken before
/// stay taken.
pub(crate) fn restrict(dir: impl AsFd, at: &str, attributes: Attributes) -> Result<(), CallError> {
    let path = text(at)?;
    let dir = dir.as_fd().as_raw_fd();
    mount_setattr(dir, &path, libc::AT_EMPTY_PATH, &attributes.set())
        .named(|| format!("mount_setattr({at:?})"))
}

/// Cuts every mount of this namespace off from the one it was copied from.
pub(crate) fn make_private() -> Result<(), CallError> {
    let flags = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    nix::mount::mount(None::<&str>, "/", None::<&str>, flags, None::<&str>)
        .named(|| "mount(\"/\", MS_REC | MS_PRIVATE)".to_owned())
}

/// Makes the working directory the root, and lets go of everything that was there before.
pub(crate) fn pivot_to_working_directory() -> Result<(), CallError> {
    // pivot_root(2), NOTES: with both arguments the same, the old root lies on top of the new
    // one, so that no directory is needed to hold it.
    nix::unistd::pivot_root(".", ".").named(|| "pivot_root(\".\", \".\")".to_owned())?;
    umount2(".", MntFlags::MNT_DETACH).named(|| "umount2(\".\", MNT_DETACH)".to_owned())?;
    nix::unistd::chdir("/").named(|| "chdir(\"/\")".to_owned())
}

fn open_tree(dir: RawFd, path: &CString, flags: i32) -> nix::Result<OwnedFd> {
    let flags = flags.cast_unsigned()
        | libc::OPEN_TREE_CLONE
        | libc::OPEN_TREE_CLOEXEC
        | libc::AT_NO_AUTOMOUNT.cast_unsigned();
    // SAFETY: `path` is a C string that outlives the call; the kernel returns a new descriptor.
    unsafe {
        descriptor(libc::syscall(
            libc::SYS_open_tree,
            dir,
            path.as_ptr(),
            flags,
        ))
    }
}

fn set_attributes(tree: &OwnedFd, attributes: Attributes) -> Result<(), CallError> {
    let flags = libc::AT_EMPTY_PATH | libc::AT_RECURSIVE;
    mount_setattr(tree.as_raw_fd(), c"", flags, &attributes.set())
        .named(|| format!("mount_setattr(AT_RECURSIVE, {:#x})", attributes.0))
}

fn mount_setattr(
    dir: RawFd,
    path: &std::ffi::CStr,
    flags: i32,
    set: &libc::mount_attr,
) -> nix::Result<()> {
    // SAFETY: `path` and `set` outlive the call, and the size is that of `set`.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            dir,
            path.as_ptr(),
            flags,
            std::ptr::from_ref(set),
            size_of::<libc::mount_attr>(),
        )
    };
    Errno::result(result).map(drop)
}

fn set_option(context: &OwnedFd, key: &str, value: &str) -> Result<(), CallError> {
    let (option, setting) = (text(key)?, text(value)?);
    configure(
        context,
        libc::FSCONFIG_SET_STRING,
        Some((&option, &setting)),
    )
    .named(|| format!("fsconfig({key:?}, {value:?})"))
}

fn configure(
    context: &OwnedFd,
    command: libc::c_uint,
    option: Option<(&CString, &CString)>,
) -> nix::Result<()> {
    let (key, value) = option.map_or((std::ptr::null(), std::ptr::null()), |(key, value)| {
        (key.as_ptr(), value.as_ptr())
    });
    // SAFETY: both pointers are null or C strings that outlive the call, as the command wants.
    let result = unsafe {
        libc::syscall(
            libc::SYS_fsconfig,
            context.as_raw_fd(),
            command,
            key,
            value,
            0,
        )
    };
    Errno::result(result).map(drop)
}

fn text(content: &str) -> Result<CString, CallError> {
    CString::new(content)
        .map_err(|_| CallError::new(Errno::EINVAL, format!("a zero byte in {content:?}")))
}

/// # Safety
/// `result` is what a system call returned that makes a new descriptor.
unsafe fn descriptor(result: libc::c_long) -> nix::Result<OwnedFd> {
    let raw = Errno::result(result)?;
    let raw = RawFd::try_from(raw).map_err(|_| Errno::EBADF)?;
    // SAFETY: the caller says that the kernel has just made it; nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}
