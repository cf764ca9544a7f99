// The parts of the kernel that a build has no use for.
#include "attempt.h"
#define READ_ONLY EROFS, EACCES, ENOENT, EPERM
#define CALL(number, ...) syscall(number, __VA_ARGS__)

static long x32(void)
{
	return syscall(0x40000000L + SYS_getpid);
}

// getpid, as 32-bit programs ask for it.
static long int80(void)
{
	long result;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
	if (result < 0 && result > -4096) {
		errno = -result;
		return -1;
	}
	return result;
}

static long raise_limit(int which)
{
	struct rlimit limit;
	getrlimit(which, &limit);
	limit.rlim_max++;
	return setrlimit(which, &limit);
}

static long trace_child(void)
{
	int child = fork();
	if (!child) {
		pause();
		_exit(0);
	}
	long result = ptrace(PTRACE_ATTACH, child, 0, 0);
	int error = errno;
	kill(child, SIGKILL);
	errno = error;
	return result;
}

static long take_capabilities(void)
{
	struct { unsigned version, pid; } head = { 0x20080522, 0 };
	unsigned all[6] = { ~0u, ~0u, ~0u, ~0u, ~0u, ~0u };
	return syscall(SYS_capset, &head, all);
}

// A program of the toolchain with its bits set would still give nothing.
static long without_privileges(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

static long bounding(void)
{
	long held = 0;
	for (int capability = 0; capability < 64; capability++)
		held += prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1;
	return held;
}

// Reaches this process's own children and nobody else.
static long kill_everybody(void)
{
	return kill(-1, 0) == 0 || errno == ESRCH ? kill(1, SIGKILL) : -1;
}

int main(void)
{
	REFUSED("ptrace-me", ptrace(PTRACE_TRACEME, 0, 0, 0), EPERM);
	REFUSED("ptrace-child", trace_child(), EPERM);
	REFUSED("ptrace-pid-one", ptrace(PTRACE_ATTACH, 1, 0, 0), EPERM);
	REFUSED("ptrace-seize", ptrace(PTRACE_SEIZE, getppid(), 0, 0), EPERM);
	REFUSED("vm-readv", CALL(SYS_process_vm_readv, 1, 0, 0, 0, 0, 0), EPERM);
	REFUSED("vm-writev", CALL(SYS_process_vm_writev, 1, 0, 0, 0, 0, 0), EPERM);
	REFUSED("madvise-of-another", CALL(SYS_process_madvise, 0, 0, 0, 0, 0), EPERM, EBADF, ENOSYS);
	REFUSED("pidfd-getfd", CALL(SYS_pidfd_getfd, 0, 0, 0), EPERM);
	REFUSED("kcmp", CALL(SYS_kcmp, 1, 2, 0, 0, 0), EPERM);
	GIVES("kill-pid-one-is-in-vain", 0, kill_everybody());
	GIVES("pid-one-lives", 0, kill(1, 0));
	REFUSED("keyctl-session", CALL(SYS_keyctl, 1, 0), EPERM, ENOSYS);
	REFUSED("keyctl-search", CALL(SYS_keyctl, 10, -3, "user", "x", 0), EPERM, ENOSYS);
	REFUSED("keyctl-user-keyring", CALL(SYS_keyctl, 0, -4, 1), EPERM, ENOSYS);
	REFUSED("add-key", CALL(SYS_add_key, "user", "x", "y", 1, -3), EPERM, ENOSYS);
	REFUSED("request-key", CALL(SYS_request_key, "user", "x", 0, -3), EPERM, ENOSYS);
	REFUSED("bpf", CALL(SYS_bpf, 0, 0, 0), EPERM, ENOSYS);
	REFUSED("perf", CALL(SYS_perf_event_open, 0, 0, -1, -1, 0), EPERM, ENOSYS);
	REFUSED("userfaultfd", CALL(SYS_userfaultfd, 1), EPERM, ENOSYS);
	REFUSED("io-uring-setup", CALL(SYS_io_uring_setup, 8, 0), ENOSYS, EPERM);
	REFUSED("io-uring-enter", CALL(SYS_io_uring_enter, 0, 0, 0, 0, 0), ENOSYS, EPERM);
	REFUSED("io-uring-register", CALL(SYS_io_uring_register, 0, 0, 0, 0), ENOSYS, EPERM);
	REFUSED("openat2", CALL(SYS_openat2, AT_FDCWD, "/", 0, 24), ENOSYS, EPERM);
	REFUSED("fanotify", CALL(SYS_fanotify_init, 0, 0), EPERM, ENOSYS);
	REFUSED("init-module", CALL(SYS_init_module, 0, 0, 0), EPERM, ENOSYS);
	REFUSED("finit-module", CALL(SYS_finit_module, 0, 0, 0), EPERM, ENOSYS);
	REFUSED("delete-module", CALL(SYS_delete_module, 0, 0), EPERM, ENOSYS);
	REFUSED("kexec", CALL(SYS_kexec_load, 0, 0, 0, 0), EPERM, ENOSYS);
	REFUSED("kexec-file", CALL(SYS_kexec_file_load, 0, 0, 0, 0, 0), EPERM, ENOSYS);
	REFUSED("reboot", CALL(SYS_reboot, 0xfee1dead, 672274793, 0, 0), EPERM);
	REFUSED("swapon", CALL(SYS_swapon, "/build/x", 0), EPERM, ENOSYS);
	REFUSED("swapoff", CALL(SYS_swapoff, "/build/x"), EPERM, ENOSYS);
	REFUSED("quotactl", CALL(SYS_quotactl, 0, 0, 0, 0), EPERM, ENOSYS);
	REFUSED("acct", CALL(SYS_acct, 0), EPERM, ENOSYS);
	REFUSED("iopl", CALL(SYS_iopl, 3), EPERM, ENOSYS);
	REFUSED("ioperm", CALL(SYS_ioperm, 0, 1, 1), EPERM, ENOSYS);
	REFUSED("syslog", CALL(SYS_syslog, 3, 0, 0), EPERM);
	REFUSED("kmsg", open("/dev/kmsg", O_RDWR), READ_ONLY);
	REFUSED("mem", open("/dev/mem", O_RDWR), READ_ONLY);
	REFUSED("kcore", open("/proc/kcore", O_RDONLY), READ_ONLY);
	REFUSED("fuse", open("/dev/fuse", O_RDWR), READ_ONLY);
	REFUSED("kvm", open("/dev/kvm", O_RDWR), READ_ONLY);
	REFUSED("disk", open("/dev/vda", O_RDONLY), READ_ONLY);
	REFUSED("set-clock", CALL(SYS_clock_settime, 0, 0), EPERM);
	REFUSED("settimeofday", CALL(SYS_settimeofday, 0, 0), EPERM);
	REFUSED("adjtimex", CALL(SYS_adjtimex, 0), EPERM, EFAULT);
	REFUSED("sethostname", sethostname("x", 1), EPERM);
	REFUSED("setdomainname", setdomainname("x", 1), EPERM);
	REFUSED("vhangup", CALL(SYS_vhangup, 0), EPERM);
	REFUSED("sysrq", put("/proc/sysrq-trigger", "h"), READ_ONLY);
	REFUSED("core-pattern", put("/proc/sys/kernel/core_pattern", "|/x"), READ_ONLY);
	REFUSED("modprobe", put("/proc/sys/kernel/modprobe", "/x"), READ_ONLY);
	REFUSED("drop-caches", put("/proc/sys/vm/drop_caches", "3"), READ_ONLY);
	REFUSED("last-pid", put("/proc/sys/kernel/ns_last_pid", "9"), READ_ONLY);
	REFUSED("binfmt", put("/proc/sys/fs/binfmt_misc/register", ":x:M::x::/x:"), READ_ONLY);
	REFUSED("oom-score", put("/proc/self/oom_score_adj", "-1000"), EACCES, EPERM);
	REFUSED("nice", setpriority(PRIO_PROCESS, 0, -5), EPERM, EACCES);
	REFUSED("real-time", CALL(SYS_sched_setscheduler, 0, 1, &(int){ 9 }), EPERM);
	REFUSED("more-processes", raise_limit(RLIMIT_NPROC), EPERM);
	REFUSED("more-files", raise_limit(RLIMIT_NOFILE), EPERM);
	REFUSED("larger-files", raise_limit(RLIMIT_FSIZE), EPERM);
	REFUSED("core-files", raise_limit(RLIMIT_CORE), EPERM);
	REFUSED("capset", take_capabilities(), EPERM);
	GIVES("no-new-privileges", 1, without_privileges());
	GIVES("bounding-set-is-empty", 0, bounding());
	REFUSED("x32", x32(), ENOSYS, -SIGSYS);
	REFUSED("int80", int80(), ENOSYS, -SIGSYS, -SIGSEGV);
	return end();
}
