// Ways out that were tried by hand when the sandbox was reviewed, each with what stops it.
#include "attempt.h"
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/uio.h>
#include <time.h>
#define HIDDEN ENOENT, EACCES, EPERM, ESRCH
#define TRUE "/usr/bin/true"

static long peek(const char *path)
{
	char byte;
	int fd = open(path, O_RDONLY);
	return fd < 0 ? -1 : read(fd, &byte, 1);
}

static long control(const char *path, unsigned long request, void *argument)
{
	int fd = open(path, O_RDONLY);
	return fd < 0 ? -1 : ioctl(fd, request, argument);
}

// Pid 1 by a descriptor, which /proc need not show.
static int first(void)
{
	return syscall(SYS_pidfd_open, 1, 0);
}

// One byte of a program of the toolchain, as it is on the disk of the host.
static int third_byte(void)
{
	char bytes[3];
	pread(open(TRUE, O_RDONLY), bytes, 3, 0);
	return bytes[2];
}

// /proc/self/mem writes where the page tables forbid it: into a copy, never into the file.
static long force_write(int sharing)
{
	int before = third_byte(), memory = open("/proc/self/mem", O_RDWR);
	char *at = mmap(0, 4096, PROT_READ, sharing, open(TRUE, O_RDONLY), 0);
	if (pwrite(memory, "!", 1, (off_t)at + 2) < 0)
		return -1;
	return third_byte() != before;
}

// CVE-2022-0847: a pipe whose buffers once could be merged, with a page of the file in it.
static long dirty_pipe(void)
{
	int before = third_byte(), ends[2];
	char filler[4096];
	loff_t at = 1;
	pipe(ends);
	int room = fcntl(ends[1], F_GETPIPE_SZ);
	for (int put = 0; put < room; put += sizeof filler)
		write(ends[1], filler, sizeof filler);
	for (int got = 0; got < room; got += sizeof filler)
		read(ends[0], filler, sizeof filler);
	splice(open(TRUE, O_RDONLY), &at, ends[1], 0, 1, 0);
	write(ends[1], "!", 1);
	return third_byte() != before;
}

static long link_descriptor(int flags, const char *name)
{
	char path[64];
	snprintf(path, sizeof path, name, open(TRUE, O_PATH));
	return linkat(flags & AT_EMPTY_PATH ? open(TRUE, O_PATH) : AT_FDCWD, path, AT_FDCWD, "/build/linked", flags);
}

// A message that says that root sent it, over a pair of sockets of its own.
static long forge_sender(void)
{
	int pair[2];
	socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
	union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(struct ucred))]; } sender = {
		.head = { CMSG_LEN(sizeof(struct ucred)), SOL_SOCKET, SCM_CREDENTIALS } };
	*(struct ucred *)CMSG_DATA(&sender.head) = (struct ucred){ 1, 0, 0 };
	struct iovec text = { "x", 1 };
	struct msghdr message = { .msg_iov = &text, .msg_iovlen = 1, .msg_control = &sender,
		.msg_controllen = sizeof sender.room };
	return sendmsg(pair[0], &message, 0);
}

// Asks the kernel for a change of the network and tells what it answers.
static long ask_routing(int kind, int flags)
{
	struct { struct nlmsghdr head; struct ifinfomsg link; } request = {
		{ sizeof request, kind, NLM_F_REQUEST | NLM_F_ACK | flags, 1, 0 }, { .ifi_index = 1 } };
	struct { struct nlmsghdr head; struct nlmsgerr error; char rest[256]; } answer = { 0 };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	if (send(fd, &request, sizeof request, 0) < 0 || recv(fd, &answer, sizeof answer, 0) < 0)
		return -1;
	errno = -answer.error.error;
	return errno ? -1 : 0;
}

static long option(int family, int level, int name, const void *value, int length)
{
	return setsockopt(socket(family, SOCK_STREAM, 0), level, name, value, length);
}

static long interface(unsigned long request)
{
	char name[64] = "lo";
	return ioctl(socket(AF_INET, SOCK_DGRAM, 0), request, name);
}

static long alarm_clock(int clock)
{
	timer_t timer;
	struct sigevent nothing = { .sigev_notify = SIGEV_NONE };
	return syscall(SYS_timer_create, clock, &nothing, &timer);
}

static long rename_leaving_device(void)
{
	close(make("/build/one", 0644));
	if (syscall(SYS_renameat2, AT_FDCWD, "/build/one", AT_FDCWD, "/build/two", 4))
		return -1;
	struct stat left;
	return stat("/build/one", &left) == 0 && S_ISCHR(left.st_mode) ? open("/build/one", O_RDWR) : -1;
}

// What a pid 1 that dies would take along; nothing may make it end.
static long end_first(int signal)
{
	if (syscall(SYS_pidfd_send_signal, first(), signal, 0, 0))
		return -1;
	return kill(1, 0);
}

static long own_file(unsigned long request)
{
	int flags = 0x30;
	close(make("/build/own", 0644));
	return control("/build/own", request, &flags);
}

static long owner_of_signals(void)
{
	int pair[2];
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	return fcntl(pair[0], F_SETOWN, 0x3ffff);
}

// Lines of its control groups that tell of anything above: of the runner's place on the host.
static long groups_above(void)
{
	char line[4096];
	long above = 0;
	FILE *groups = fopen("/proc/self/cgroup", "r");
	while (groups && fgets(line, sizeof line, groups))
		above += strcmp(strrchr(line, ':'), ":/\n") != 0;
	return above;
}

static void about_first_process(void)
{
	static const char *const files[] = { "mem", "maps", "smaps", "pagemap", "environ", "auxv", "syscall", "stack",
		"io", "personality", "timerslack_ns", "map_files", "fdinfo/0", "ns/mnt" };
	for (unsigned i = 0; i < sizeof files / sizeof *files; i++) {
		char path[64];
		snprintf(path, sizeof path, "/proc/1/%s", files[i]);
		REFUSED(path, peek(path), HIDDEN, EISDIR, EINVAL);
	}
	REFUSED("first-memory-for-writing", open("/proc/1/mem", O_RDWR), HIDDEN);
	REFUSED("first-score", put("/proc/1/oom_score_adj", "1000"), HIDDEN);
	REFUSED("first-references", put("/proc/1/clear_refs", "1"), HIDDEN);
	REFUSED("first-dump-filter", put("/proc/1/coredump_filter", "ff"), HIDDEN);
	REFUSED("first-descriptor", syscall(SYS_pidfd_getfd, first(), 0, 0), EPERM);
	REFUSED("first-reaped", syscall(SYS_process_mrelease, first(), 0), EINVAL, EPERM, ENOSYS, ESRCH);
	for (int kind = 1; kind <= 10; kind++) {
		char name[32];
		snprintf(name, sizeof name, "first-namespace-%d", kind);
		REFUSED(name, ioctl(first(), 0xff00 + kind, 0), EACCES, EPERM, ENOTTY, EOPNOTSUPP, EINVAL);
	}
	GIVES("first-survives-kill", 0, end_first(SIGKILL));
	GIVES("first-survives-stop", 0, end_first(SIGSTOP));
	GIVES("first-survives-segfault", 0, end_first(SIGSEGV));
}

static void about_namespaces(void)
{
	static const char *const kinds[] = { "user", "pid" };
	for (int i = 0; i < 2; i++) {
		char name[32], path[64];
		snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i]);
		snprintf(name, sizeof name, "parent-of-%s", kinds[i]);
		REFUSED(name, control(path, 0xb702, 0), EPERM);
	}
	REFUSED("next-mount-namespace", control("/proc/self/ns/mnt", 0x8010b70b, &(long[2]){ 16 }), EPERM, ENOTTY, EINVAL, ENOENT);
	REFUSED("previous-mount-namespace", control("/proc/self/ns/mnt", 0x8010b70c, &(long[2]){ 16 }), EPERM, ENOTTY, EINVAL, ENOENT);
	GIVES("groups-above", 0, groups_above());
	REFUSED("clock-of-namespace", put("/proc/self/timens_offsets", "monotonic 9 0"), EPERM, EACCES);
	REFUSED("projects", put("/proc/self/projid_map", "0 0 1"), EPERM, EACCES, EINVAL);
	REFUSED("security-label", put("/proc/self/attr/current", "unconfined"), EINVAL, EACCES, EPERM, ENOENT, EIO);
	REFUSED("call-of-tomorrow", syscall(470, 0, 0, 0, 0), ENOSYS);
	REFUSED("attributes-of-file", syscall(469, AT_FDCWD, "/build", 0, 24, 0), ENOSYS);
	REFUSED("high-number", syscall(0x3fffffff), ENOSYS);
	REFUSED("negative-number", syscall(-2), ENOSYS);
	REFUSED("segments", syscall(SYS_modify_ldt, 1, 0, 0), ENOSYS, EPERM);
}

static void about_files(void)
{
	GIVES("forced-write-stays-private", 0, force_write(MAP_PRIVATE));
	REFUSED("forced-write-of-shared", force_write(MAP_SHARED), EIO, EFAULT, EACCES);
	GIVES("dirty-pipe", 0, dirty_pipe());
	REFUSED("link-of-descriptor", link_descriptor(AT_EMPTY_PATH, ""), ENOENT, EXDEV, EPERM, EACCES);
	REFUSED("link-by-proc", link_descriptor(AT_SYMLINK_FOLLOW, "/proc/self/fd/%d"), EXDEV, EPERM, EACCES, EROFS);
	REFUSED("own-program", open("/proc/self/exe", O_WRONLY), ETXTBSY, EACCES, EROFS);
	REFUSED("freeze", control("/", 0xc0045877, 0), EPERM, EOPNOTSUPP, ENOTTY);
	REFUSED("thaw", control("/build", 0xc0045878, 0), EPERM, EOPNOTSUPP, ENOTTY);
	REFUSED("immutable", own_file(0x40086602), EPERM, ENOTTY, EOPNOTSUPP);
	REFUSED("verity", own_file(0x40806685), EINVAL, ENOTTY, EOPNOTSUPP, EACCES, EROFS, EFAULT, EPERM);
	REFUSED("whiteout", mknod("/build/white", S_IFCHR, 0), EPERM, EACCES);
	REFUSED("rename-leaving-device", rename_leaving_device(), EPERM, EACCES, EINVAL, ENXIO);
	REFUSED("fault-device", open("/dev/userfaultfd", O_RDWR), HIDDEN);
	REFUSED("entropy", control("/dev/random", 0x40085203, &(int[4]){ 8, 8 }), EPERM);
	REFUSED("entropy-away", control("/dev/urandom", 0x5206, 0), EPERM);
	REFUSED("notify-of-mounts", syscall(SYS_fanotify_mark, 0, 1, 8, AT_FDCWD, "/"), EBADF, EINVAL, EPERM, ENOSYS);
}

static void about_network(void)
{
	REFUSED("forged-sender", forge_sender(), EPERM, EINVAL);
	REFUSED("signals-to-others", owner_of_signals(), ESRCH, EPERM);
	REFUSED("new-link", ask_routing(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL), EPERM);
	REFUSED("loopback-away", ask_routing(RTM_DELLINK, 0), EPERM);
	REFUSED("move-link", ask_routing(RTM_SETLINK, 0), EPERM);
	REFUSED("set-address", interface(0x8916), EPERM);
	REFUSED("set-flags", interface(0x8914), EPERM);
	REFUSED("new-bridge", interface(0x89a0), EPERM, ENOPKG, ENOTTY, EOPNOTSUPP, EINVAL);
	REFUSED("packet-filter", option(AF_INET, IPPROTO_IP, 64, "x", 1), EPERM, ENOPROTOOPT);
	REFUSED("packet-filter6", option(AF_INET6, IPPROTO_IPV6, 64, "x", 1), EPERM, ENOPROTOOPT);
	REFUSED("mark", option(AF_INET, SOL_SOCKET, SO_MARK, &(int){ 1 }, 4), EPERM);
	REFUSED("transparent", option(AF_INET, IPPROTO_IP, 19, &(int){ 1 }, 4), EPERM);
	REFUSED("repair", option(AF_INET, IPPROTO_TCP, 19, &(int){ 1 }, 4), EPERM, ENOPROTOOPT);
	REFUSED("netlink-sockets", socket(AF_NETLINK, SOCK_RAW, 4), EPROTONOSUPPORT);
	REFUSED("netlink-connector", socket(AF_NETLINK, SOCK_RAW, 11), EPROTONOSUPPORT);
	REFUSED("netlink-generic", socket(AF_NETLINK, SOCK_RAW, 16), EPROTONOSUPPORT);
}

static void about_this_process(void)
{
	REFUSED("alarm-timer", syscall(SYS_timerfd_create, 8, 0), EPERM, EINVAL);
	REFUSED("alarm-timer-of-boot", alarm_clock(9), EPERM, EOPNOTSUPP, EINVAL, ENOTSUP);
	REFUSED("ambient-capability", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21, 0, 0), EPERM);
	REFUSED("keep-capabilities", prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), EPERM);
	REFUSED("secure-bits", prctl(PR_SET_SECUREBITS, 0, 0, 0, 0), EPERM);
	REFUSED("new-privileges", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
	REFUSED("filter-away", prctl(PR_SET_SECCOMP, 0, 0, 0, 0), EINVAL);
	REFUSED("another-program", prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, open(TRUE, O_RDONLY), 0, 0), EPERM);
	REFUSED("line-discipline", syscall(SYS_ioctl, 1, 0x5423UL, &(int){ 21 }), EPERM);
	REFUSED("line-discipline-high-bits", syscall(SYS_ioctl, 1, 0x100005423UL, &(int){ 21 }), EPERM);
	REFUSED("console", syscall(SYS_ioctl, 1, 0x541dUL, 0), EPERM, ENOTTY);
	REFUSED("more-queues", setrlimit(RLIMIT_MSGQUEUE, &(struct rlimit){ 1 << 30, 1 << 30 }), EPERM);
	REFUSED("more-locked-memory", setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ 1 << 30, 1 << 30 }), EPERM);
	REFUSED("idle-to-urgent", syscall(SYS_ioprio_set, 1, 0, 1 << 13), EPERM);
	REFUSED("deadline", syscall(SYS_sched_setattr, 0, &(int[14]){ 56, 6, 0, 0, 0, 0, 9, 0, 9, 0, 9 }, 0), EPERM, EINVAL, E2BIG);
}

int main(void)
{
	about_first_process();
	about_namespaces();
	about_files();
	about_network();
	about_this_process();
	return end();
}
