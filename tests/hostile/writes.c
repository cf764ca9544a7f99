// What is read-only stays as it is, and no mode, link or attribute is a way around.
#include "attempt.h"
#define READ_ONLY EROFS, EACCES, EPERM
#define NO_ATTRIBUTES EOPNOTSUPP, EPERM
#define TRUE "/usr/bin/true"

static long reopen(int flags)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", open(TRUE, O_RDONLY));
	return open(path, flags);
}

static long reopen_path(void)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", open(TRUE, O_PATH));
	return open(path, O_RDWR);
}

static long write_mapping(void)
{
	void *at = mmap(0, 4096, PROT_READ, MAP_SHARED, open(TRUE, O_RDONLY), 0);
	return at == MAP_FAILED ? -1 : mprotect(at, 4096, PROT_READ | PROT_WRITE);
}

// Through a file of its own, and as an operation of a descriptor.
static long mode_of_open(int mode)
{
	return fchmod(make("/build/plain", 0644), mode);
}

static long enter_cgroup(const char *at)
{
	return put(at, "0");
}

int main(void)
{
	REFUSED("write", open(TRUE, O_WRONLY), READ_ONLY, ETXTBSY);
	REFUSED("truncate", truncate(TRUE, 0), READ_ONLY, ETXTBSY);
	REFUSED("append", open("/usr/bin/gcc", O_WRONLY | O_APPEND), READ_ONLY);
	REFUSED("reopen-descriptor", reopen(O_RDWR), READ_ONLY, ETXTBSY);
	REFUSED("reopen-truncating", reopen(O_WRONLY | O_TRUNC), READ_ONLY, ETXTBSY);
	REFUSED("reopen-path-descriptor", reopen_path(), READ_ONLY, ETXTBSY);
	REFUSED("write-mapping", write_mapping(), READ_ONLY);
	REFUSED("chmod", chmod(TRUE, 0777), READ_ONLY);
	REFUSED("chown", chown(TRUE, 1000, 1000), READ_ONLY);
	REFUSED("utimes", utimensat(AT_FDCWD, TRUE, 0, 0), READ_ONLY);
	REFUSED("unlink", unlink(TRUE), READ_ONLY);
	REFUSED("rename", rename(TRUE, "/usr/bin/false"), READ_ONLY);
	REFUSED("rename-out", rename(TRUE, "/build/true"), READ_ONLY, EXDEV);
	REFUSED("exchange", syscall(SYS_renameat2, AT_FDCWD, TRUE, AT_FDCWD, "/usr/bin/false", 2), READ_ONLY);
	REFUSED("link-out", link(TRUE, "/build/true"), EXDEV, EACCES, EPERM);
	REFUSED("link-in", link("/build/probe", "/usr/bin/probe"), EXDEV, EACCES, EPERM, EROFS);
	REFUSED("create", make("/usr/bin/new", 0755), READ_ONLY);
	REFUSED("create-in-root", make("/new", 0644), READ_ONLY);
	REFUSED("create-in-etc", make("/etc/ld.so.preload", 0644), READ_ONLY);
	REFUSED("create-nameless", open("/usr", O_TMPFILE | O_RDWR, 0600), READ_ONLY);
	REFUSED("mkdir", mkdir("/usr/new", 0755), READ_ONLY);
	REFUSED("symlink", symlink("/", "/usr/new"), READ_ONLY);
	REFUSED("mkfifo", mkfifo("/usr/new", 0644), READ_ONLY);
	REFUSED("fallocate", fallocate(open(TRUE, O_RDONLY), 0, 0, 1), EBADF);
	REFUSED("passwd", open("/etc/passwd", O_RDWR), READ_ONLY);
	REFUSED("hosts", put("/etc/hosts", "x"), READ_ONLY);
	REFUSED("dev", make("/dev/new", 0644), READ_ONLY);
	REFUSED("dev-null-away", unlink("/dev/null"), READ_ONLY, EBUSY);
	REFUSED("sys", make("/sys/new", 0644), READ_ONLY);
	REFUSED("online-cpus", put("/sys/devices/system/cpu/online", "0"), READ_ONLY);
	REFUSED("build-away", rmdir("/build"), READ_ONLY, EBUSY);
	REFUSED("chmod-setuid", chmod("/build/probe", 04755), EPERM);
	REFUSED("chmod-setgid", chmod("/build/probe", 02755), EPERM);
	REFUSED("chmod-high-bits", syscall(SYS_chmod, "/build/probe", 0x100000000UL | 04755), EPERM);
	REFUSED("fchmodat2-setuid", syscall(452, AT_FDCWD, "/build/probe", 04755, 0), EPERM, ENOSYS);
	REFUSED("fchmod-setuid", mode_of_open(04755), EPERM);
	REFUSED("create-setuid", make("/build/setuid", 04755), EPERM);
	REFUSED("create-setgid", syscall(SYS_creat, "/build/setgid", 02755), EPERM);
	REFUSED("mkdir-setgid", mkdir("/build/setgid", 02755), EPERM);
	REFUSED("mknod-setuid", mknod("/build/node", S_IFREG | 04755, 0), EPERM);
	REFUSED("nameless-setuid", open("/build", O_TMPFILE | O_RDWR, 04700), EPERM);
	REFUSED("openat2-setuid", syscall(SYS_openat2, AT_FDCWD, "/build/s", 0, 24), ENOSYS, EPERM);
	REFUSED("setxattr", setxattr("/build/probe", "user.x", "y", 1, 0), NO_ATTRIBUTES);
	REFUSED("lsetxattr", lsetxattr("/build/probe", "user.x", "y", 1, 0), NO_ATTRIBUTES);
	REFUSED("fsetxattr", fsetxattr(open("/build", O_RDONLY), "user.x", "y", 1, 0), NO_ATTRIBUTES);
	REFUSED("setxattrat", syscall(463, AT_FDCWD, "/build", 0, "user.x", 0, 16), NO_ATTRIBUTES, ENOSYS);
	REFUSED("capability-attribute", setxattr("/build/probe", "security.capability", "y", 1, 0), NO_ATTRIBUTES);
	REFUSED("getxattr", getxattr(TRUE, "user.x", 0, 0), NO_ATTRIBUTES);
	REFUSED("cgroup-v2", enter_cgroup("/sys/fs/cgroup/cgroup.procs"), ENOENT, EACCES, EROFS);
	REFUSED("cgroup-v1", enter_cgroup("/sys/fs/cgroup/memory/cgroup.procs"), ENOENT, EACCES, EROFS);
	REFUSED("execute-shared-memory", make("/dev/shm/x", 0755) < 0 ? 0 : execl("/dev/shm/x", "x", (char *)0), EACCES);
	return end();
}
