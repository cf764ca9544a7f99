//! No new namespace, no mount, no way back to the host's files.

use nix::errno::Errno::{
    self, EACCES, EBADF, EBUSY, EINVAL, ENOENT, ENOSYS, EOPNOTSUPP, EPERM, EROFS,
};

use crate::attempt::{Attempt, Forbidden, all_fail, call, io, just, text};
use crate::harness::Trial;
use crate::world::World;

const NO: &[Errno] = &[EPERM];
const UNKNOWN: &[Errno] = &[ENOSYS];
const HIDDEN: &[Errno] = &[EACCES, EPERM, ENOENT];

/// Attempts that must fail.
pub(crate) const FORBIDDEN: &[Forbidden] = &[
    ("unshare-user", || unshare(libc::CLONE_NEWUSER), NO),
    (
        "unshare-all",
        || unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS | libc::CLONE_NEWNET),
        NO,
    ),
    ("unshare-time", || unshare(0x80), NO),
    ("unshare-cgroup", || unshare(libc::CLONE_NEWCGROUP), NO),
    ("clone-user", || clone(libc::CLONE_NEWUSER), NO),
    (
        "clone-pid",
        || clone(libc::CLONE_NEWPID | libc::CLONE_NEWUSER),
        NO,
    ),
    ("clone-net", || clone(libc::CLONE_NEWNET), NO),
    ("clone3-user", clone3, UNKNOWN),
    ("setns-user", || setns(c"/proc/1/ns/user"), HIDDEN),
    ("setns-mnt", || setns(c"/proc/1/ns/mnt"), HIDDEN),
    ("setns-net", || setns(c"/proc/1/ns/net"), HIDDEN),
    ("setns-pid", || setns(c"/proc/1/ns/pid"), HIDDEN),
    ("setns-ipc", || setns(c"/proc/1/ns/ipc"), HIDDEN),
    ("setns-uts", || setns(c"/proc/1/ns/uts"), HIDDEN),
    ("setns-cgroup", || setns(c"/proc/1/ns/cgroup"), HIDDEN),
    ("setns-time", || setns(c"/proc/1/ns/time"), HIDDEN),
    ("setns-own", || setns(c"/proc/self/ns/user"), NO),
    ("mount-tmpfs", || mount(c"tmpfs", c"/build", 0), NO),
    ("mount-proc", || mount(c"proc", c"/build", 0), NO),
    ("mount-overlay", || mount(c"overlay", c"/build", 0), NO),
    (
        "remount-root",
        || mount(c"none", c"/", libc::MS_REMOUNT | libc::MS_BIND),
        NO,
    ),
    (
        "bind-proc",
        || mount(c"/proc/1/root", c"/build", libc::MS_BIND),
        NO,
    ),
    ("umount-mask", || umount(c"/proc/kallsyms"), NO),
    ("umount-sys", || umount(c"/proc/sys"), NO),
    ("umount-build", || umount(c"/build"), NO),
    (
        "fsopen",
        || just(libc::SYS_fsopen, &[text(c"tmpfs"), 0]),
        NO,
    ),
    (
        "fspick",
        || just(libc::SYS_fspick, &[at(), text(c"/"), 0]),
        NO,
    ),
    ("fsmount", || just(libc::SYS_fsmount, &[0, 0, 0]), NO),
    (
        "open-tree",
        || just(libc::SYS_open_tree, &[at(), text(c"/"), 1]),
        NO,
    ),
    (
        "open-tree-attr",
        || just(467, &[at(), text(c"/"), 1, 0, 0]),
        NO,
    ),
    (
        "move-mount",
        || {
            just(
                libc::SYS_move_mount,
                &[at(), text(c"/build"), at(), text(c"/out"), 0],
            )
        },
        NO,
    ),
    ("mount-setattr", mount_setattr, NO),
    (
        "pivot-root",
        || just(libc::SYS_pivot_root, &[text(c"/"), text(c"/")]),
        NO,
    ),
    ("chroot", || just(libc::SYS_chroot, &[text(c"/build")]), NO),
    ("open-by-handle", open_by_handle, NO),
    (
        "name-to-handle",
        || just(libc::SYS_name_to_handle_at, &[at(), text(c"/"), 0, 0, 0]),
        &[EOPNOTSUPP],
    ),
    ("mknod-char", || mknod(libc::S_IFCHR), &[EPERM, EACCES]),
    ("mknod-block", || mknod(libc::S_IFBLK), &[EPERM, EACCES]),
    ("root-of-pid-one", || list("/proc/1/root/"), HIDDEN),
    ("cwd-of-pid-one", || list("/proc/1/cwd/"), HIDDEN),
    ("descriptors-of-pid-one", || list("/proc/1/fd"), HIDDEN),
    ("program-of-pid-one", || read("/proc/1/exe"), HIDDEN),
    ("memory-of-pid-one", || read("/proc/1/mem"), HIDDEN),
    ("environment-of-pid-one", || read("/proc/1/environ"), HIDDEN),
    ("dot-dot", || list("/../../../../root"), HIDDEN),
    ("host-home", || list("/root"), HIDDEN),
    ("host-etc", || read("/etc/shadow"), HIDDEN),
    ("machine-id", || read("/etc/machine-id"), HIDDEN),
    (
        "uid-map",
        || write("/proc/self/uid_map", "0 0 1"),
        &[EPERM, EACCES, EINVAL],
    ),
    (
        "more-namespaces",
        || write("/proc/sys/user/max_user_namespaces", "9"),
        &[EROFS, EACCES, EPERM, ENOENT],
    ),
    (
        "become-root",
        || just(libc::SYS_setuid, &[0]),
        &[EPERM, EINVAL],
    ),
    ("take-groups", || just(libc::SYS_setgroups, &[0, 0]), NO),
    ("cgroup-files", || list("/sys/fs/cgroup"), HIDDEN),
    (
        "bad-descriptor",
        || call(libc::SYS_fchdir, &[9]).map(|_| String::new()),
        &[EBADF],
    ),
    (
        "busy",
        || io(std::fs::remove_dir("/build")).map(|()| String::new()),
        &[EBUSY, EROFS, EACCES],
    ),
];

/// Trials of this area.
pub(crate) const TRIALS: &[Trial] = &[
    ("namespaces_are_closed", |world| all_fail(world, FORBIDDEN)),
    ("namespaces_identity_is_fixed", identity),
    ("namespaces_of_the_host_are_other_ones", others),
];

fn at() -> i64 {
    libc::AT_FDCWD.into()
}

fn unshare(flags: i32) -> Attempt {
    just(libc::SYS_unshare, &[flags.into()])
}

fn clone(flags: i32) -> Attempt {
    let flags = i64::from(flags | libc::SIGCHLD);
    let child = call(libc::SYS_clone, &[flags, 0, 0, 0, 0])?;
    if child == 0 {
        std::process::exit(0);
    }
    Ok("cloned".to_owned())
}

fn clone3() -> Attempt {
    // struct clone_args: flags first, exit_signal fifth.
    let mut arguments = [0_u64; 11];
    arguments[0] = libc::CLONE_NEWUSER.unsigned_abs().into();
    arguments[4] = libc::SIGCHLD.unsigned_abs().into();
    let child = call(libc::SYS_clone3, &[arguments.as_ptr() as i64, 88])?;
    if child == 0 {
        std::process::exit(0);
    }
    Ok("cloned".to_owned())
}

fn setns(path: &'static std::ffi::CStr) -> Attempt {
    let fd = call(libc::SYS_openat, &[at(), text(path), 0, 0])?;
    just(libc::SYS_setns, &[fd, 0])
}

fn mount(source: &'static std::ffi::CStr, target: &'static std::ffi::CStr, flags: u64) -> Attempt {
    let flags = flags.cast_signed();
    just(
        libc::SYS_mount,
        &[text(source), text(target), text(source), flags, 0],
    )
}

fn umount(target: &'static std::ffi::CStr) -> Attempt {
    just(libc::SYS_umount2, &[text(target), libc::MNT_DETACH.into()])
}

fn mount_setattr() -> Attempt {
    // Clear the read-only bit.
    let attributes = [0_u64, 1, 0, 0];
    let address = attributes.as_ptr() as i64;
    just(libc::SYS_mount_setattr, &[at(), text(c"/"), 0, address, 32])
}

fn open_by_handle() -> Attempt {
    // The root of most file systems is inode 2.
    let handle = [8_u32, 1, 2, 0];
    just(
        libc::SYS_open_by_handle_at,
        &[at(), handle.as_ptr() as i64, 0],
    )
}

fn mknod(kind: u32) -> Attempt {
    just(
        libc::SYS_mknodat,
        &[at(), text(c"/build/device"), i64::from(kind | 0o600), 0x103],
    )
}

fn list(path: &str) -> Attempt {
    io(std::fs::read_dir(path)).map(|entries| entries.count().to_string())
}

fn read(path: &str) -> Attempt {
    use std::io::Read as _;
    let mut byte = [0];
    let read = io(std::fs::File::open(path).and_then(|mut file| file.read(&mut byte)))?;
    Ok(read.to_string())
}

fn write(path: &str, content: &str) -> Attempt {
    use std::io::Write as _;
    let mut file = io(std::fs::OpenOptions::new().write(true).open(path))?;
    io(file.write_all(content.as_bytes())).map(|()| "wrote".to_owned())
}

fn identity(world: &World) {
    let said = world.attempt("identity", &[]);
    assert_eq!(
        said,
        "did uid 1000 gid 1000 host localhost domain (none) umask 022 dir /build pid 2\n"
    );
}

fn others(world: &World) {
    let inside = world.attempt("links", &[]);
    for name in ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time"] {
        let link = std::fs::read_link(format!("/proc/self/ns/{name}")).unwrap();
        assert!(!inside.contains(link.to_str().unwrap()), "{name} is shared");
    }
}
