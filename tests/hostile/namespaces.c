// No new namespace, no mount, no way back to the host's files.
#include "attempt.h"
#define HIDDEN EACCES, EPERM, ENOENT

static long new_process(unsigned long flags)
{
	return syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
}

static long new_process3(unsigned long flags)
{
	struct clone_args arguments = { .flags = flags, .exit_signal = SIGCHLD };
	return syscall(SYS_clone3, &arguments, sizeof arguments);
}

static int enter(const char *path)
{
	int fd = open(path, O_RDONLY);
	return fd < 0 ? -1 : setns(fd, 0);
}

static int enter_process(int pid)
{
	int fd = syscall(SYS_pidfd_open, pid, 0);
	return fd < 0 ? -1 : setns(fd, CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWNET);
}

static long by_handle(void)
{
	struct { struct file_handle head; unsigned inode[2]; } handle = {
		.head = { .handle_bytes = 8, .handle_type = 1 }, .inode = { 2, 0 } };
	return open_by_handle_at(open("/", O_RDONLY), &handle.head, O_RDONLY);
}

static long set_attributes(void)
{
	struct { unsigned long set, clear, propagation, ns; } attributes = { .clear = 1 };
	return syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &attributes, sizeof attributes);
}

static int list(const char *path)
{
	return opendir(path) ? 0 : -1;
}

static int peek(const char *path)
{
	return open(path, O_RDONLY);
}

int main(void)
{
	REFUSED("unshare-user", unshare(CLONE_NEWUSER), EPERM);
	REFUSED("unshare-user-mount", unshare(CLONE_NEWUSER | CLONE_NEWNS), EPERM);
	REFUSED("unshare-mount", unshare(CLONE_NEWNS), EPERM);
	REFUSED("unshare-net", unshare(CLONE_NEWNET), EPERM);
	REFUSED("unshare-pid", unshare(CLONE_NEWPID), EPERM);
	REFUSED("unshare-cgroup", unshare(CLONE_NEWCGROUP), EPERM);
	REFUSED("unshare-time", unshare(CLONE_NEWTIME), EPERM);
	REFUSED("unshare-high-bits", syscall(SYS_unshare, 0x100000000UL | CLONE_NEWUSER), EPERM);
	REFUSED("clone-user", new_process(CLONE_NEWUSER), EPERM);
	REFUSED("clone-user-pid", new_process(CLONE_NEWUSER | CLONE_NEWPID), EPERM);
	REFUSED("clone-net", new_process(CLONE_NEWNET), EPERM);
	REFUSED("clone-high-bits", new_process(0xf00000000UL | CLONE_NEWUSER), EPERM);
	REFUSED("clone3-user", new_process3(CLONE_NEWUSER), ENOSYS);
	REFUSED("clone3-plain", new_process3(0), ENOSYS);
	REFUSED("clone3-cgroup", new_process3(0x200000000UL), ENOSYS);
	static const char *const kinds[] = { "user", "mnt", "net", "pid", "ipc", "uts", "cgroup", "time" };
	for (int i = 0; i < 8; i++) {
		char name[32], path[64];
		snprintf(name, sizeof name, "setns-%s-of-pid-one", kinds[i]);
		snprintf(path, sizeof path, "/proc/1/ns/%s", kinds[i]);
		REFUSED(name, enter(path), HIDDEN);
		snprintf(name, sizeof name, "setns-own-%s", kinds[i]);
		snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i]);
		REFUSED(name, enter(path), EPERM, EINVAL);
	}
	REFUSED("setns-process", enter_process(1), EPERM, EACCES, ESRCH);
	REFUSED("mount-tmpfs", mount("x", "/build", "tmpfs", 0, ""), EPERM);
	REFUSED("mount-proc", mount("x", "/build", "proc", 0, ""), EPERM);
	REFUSED("mount-sysfs", mount("x", "/build", "sysfs", 0, ""), EPERM);
	REFUSED("mount-cgroup", mount("x", "/build", "cgroup2", 0, ""), EPERM);
	REFUSED("mount-overlay", mount("x", "/build", "overlay", 0, "lowerdir=/usr"), EPERM);
	REFUSED("mount-bind", mount("/proc/1/root", "/build", 0, MS_BIND, 0), EPERM);
	REFUSED("remount-root", mount(0, "/", 0, MS_REMOUNT | MS_BIND, 0), EPERM);
	REFUSED("remount-proc-sys", mount(0, "/proc/sys", 0, MS_REMOUNT | MS_BIND, 0), EPERM);
	REFUSED("make-shared", mount(0, "/", 0, MS_SHARED | MS_REC, 0), EPERM);
	REFUSED("umount-mask", umount2("/proc/kallsyms", MNT_DETACH), EPERM);
	REFUSED("umount-proc-sys", umount2("/proc/sys", MNT_DETACH), EPERM);
	REFUSED("umount-build", umount2("/build", 0), EPERM);
	REFUSED("umount-root", umount2("/", MNT_DETACH), EPERM);
	REFUSED("fsopen", syscall(SYS_fsopen, "tmpfs", 0), EPERM);
	REFUSED("fspick", syscall(SYS_fspick, AT_FDCWD, "/", 0), EPERM);
	REFUSED("fsconfig", syscall(SYS_fsconfig, 0, 0, 0, 0, 0), EPERM);
	REFUSED("fsmount", syscall(SYS_fsmount, 0, 0, 0), EPERM);
	REFUSED("open-tree", syscall(SYS_open_tree, AT_FDCWD, "/", 1), EPERM);
	REFUSED("open-tree-attr", syscall(467, AT_FDCWD, "/", 1, 0, 0), EPERM, ENOSYS);
	REFUSED("move-mount", syscall(SYS_move_mount, AT_FDCWD, "/build", AT_FDCWD, "/out", 0), EPERM);
	REFUSED("mount-setattr", set_attributes(), EPERM);
	REFUSED("pivot-root", syscall(SYS_pivot_root, "/", "/"), EPERM);
	REFUSED("chroot", chroot("/build"), EPERM);
	REFUSED("open-by-handle", by_handle(), EPERM);
	REFUSED("name-to-handle", syscall(SYS_name_to_handle_at, AT_FDCWD, "/", 0, 0, 0), EOPNOTSUPP, EPERM);
	REFUSED("mknod-char", mknod("/build/c", S_IFCHR | 0666, 0x101), EPERM, EACCES);
	REFUSED("mknod-block", mknod("/build/b", S_IFBLK | 0666, 0xfe00), EPERM, EACCES);
	REFUSED("root-of-pid-one", list("/proc/1/root/"), HIDDEN);
	REFUSED("cwd-of-pid-one", list("/proc/1/cwd/"), HIDDEN);
	REFUSED("descriptors-of-pid-one", list("/proc/1/fd"), HIDDEN);
	REFUSED("program-of-pid-one", peek("/proc/1/exe"), HIDDEN);
	REFUSED("thread-of-pid-one", list("/proc/1/task/1/root/"), HIDDEN);
	REFUSED("dot-dot", list("/../../../.." HOST_DIR), HIDDEN);
	REFUSED("host-folder", list(HOST_DIR), HIDDEN);
	REFUSED("host-folder-by-root", list("/proc/self/root" HOST_DIR), HIDDEN);
	REFUSED("host-shadow", peek("/etc/shadow"), HIDDEN);
	REFUSED("host-id", peek("/etc/machine-id"), HIDDEN);
	REFUSED("uid-map", put("/proc/self/uid_map", "0 0 1"), EPERM, EACCES, EINVAL);
	REFUSED("gid-map", put("/proc/self/gid_map", "0 0 1"), EPERM, EACCES, EINVAL);
	REFUSED("setgroups-file", put("/proc/self/setgroups", "allow"), EPERM, EACCES, EINVAL);
	REFUSED("more-namespaces", put("/proc/sys/user/max_user_namespaces", "9"), EROFS, EACCES, EPERM, ENOENT);
	REFUSED("become-root", setuid(0), EPERM, EINVAL);
	REFUSED("become-another", setresuid(65534, 65534, 65534), EPERM, EINVAL);
	REFUSED("take-groups", setgroups(1, (gid_t[]){ 0 }), EPERM);
	REFUSED("files-of-cgroups", list("/sys/fs/cgroup"), HIDDEN);
	return end();
}
