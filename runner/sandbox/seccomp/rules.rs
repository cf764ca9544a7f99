//! Which system calls are restricted, and how. All others are allowed: a build is made of
//! programs nobody has listed, and the namespaces stand behind this wall.

use libc::{ENOSYS, EOPNOTSUPP, EPERM, c_long};

/// One restricted call.
#[derive(Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) number: u32,
    pub(crate) verdict: Verdict,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It answers with this errno.
    Errno(i32),
    /// EPERM if the low half of this argument has any of these bits.
    ///
    /// The low half only: the kernel takes an `int` or a `umode_t` and ignores the rest, so a
    /// filter that compared all 64 bits could be passed by setting a high one (CVE-2019-10063).
    Bits { argument: u8, bits: u32 },
    /// EPERM if the call may create a file, and its mode has a setuid or setgid bit.
    CreatedMode { flags: u8, mode: u8 },
    /// EPERM if the low half of this argument is one of these.
    AnyOf { argument: u8, values: [u32; 3] },
    /// EPERM if the low half of this argument is the number of pid 1.
    PidOne { argument: u8 },
    /// EPERM if the call is for pid 1 (second argument), or for all processes of a user (first argument).
    PriorityOf { user: u32 },
    /// Local sockets, TCP and UDP, and the routing side of netlink.
    Socket,
}

impl Verdict {
    /// Whether both are certainly the same: no more is needed to write one only once.
    pub(crate) const fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::Errno(one), Self::Errno(two)) => one == two,
            (
                Self::Bits { argument, bits },
                Self::Bits {
                    argument: other,
                    bits: others,
                },
            ) => argument == other && bits == others,
            (
                Self::CreatedMode { flags, mode },
                Self::CreatedMode {
                    flags: other,
                    mode: others,
                },
            ) => flags == other && mode == others,
            (Self::PidOne { argument }, Self::PidOne { argument: other }) => argument == other,
            (Self::Socket, Self::Socket) => true,
            _ => false,
        }
    }
}

impl Rule {
    pub(crate) const fn new(number: c_long, verdict: Verdict) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "call numbers are small"
        )]
        let number = number as u32;
        Self { number, verdict }
    }
}

/// A call that is not permitted.
pub(crate) const fn denied(number: c_long) -> Rule {
    Rule::new(number, Verdict::Errno(EPERM))
}

/// A call that this kernel seems not to have, so that libraries use an older one.
const fn unknown(number: c_long) -> Rule {
    Rule::new(number, Verdict::Errno(ENOSYS))
}

/// A call that this file system seems not to have.
const fn unsupported(number: c_long) -> Rule {
    Rule::new(number, Verdict::Errno(EOPNOTSUPP))
}

const SPECIAL: u32 = libc::S_ISUID | libc::S_ISGID;

/// The second argument is a mode.
pub(crate) const MODE_1: Verdict = mode(1);
/// The third argument is a mode.
pub(crate) const MODE_2: Verdict = mode(2);
/// `open`: flags second, mode third.
pub(crate) const CREATED: Verdict = Verdict::CreatedMode { flags: 1, mode: 2 };

const fn mode(argument: u8) -> Verdict {
    let bits = SPECIAL;
    Verdict::Bits { argument, bits }
}

/// `clone` itself is `fork`; only new namespaces are not for a step to have.
const NEW_NAMESPACES: u32 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET)
    .cast_unsigned();

/// Two put bytes into a terminal as if they were typed (CVE-2017-5226, CVE-2023-28100). A line
/// discipline loads a module of the kernel, and some of them were holes (CVE-2017-2636).
const TERMINAL: [u32; 3] = [TIOCSTI, TIOCLINUX, TIOCSETD];
const TIOCSTI: u32 = 0x5412;
const TIOCLINUX: u32 = 0x541C;
const TIOCSETD: u32 = 0x5423;

/// Calls from here on are younger than this filter (Linux 6.17), and nobody has judged them.
/// Those of the x32 ABI, which all have `__X32_SYSCALL_BIT`, lie there as well.
pub(crate) const YOUNGEST: u32 = 468;

/// Calls newer than the libc crate. From 424 on, all architectures have the same numbers.
const SETXATTRAT: c_long = 463;
const GETXATTRAT: c_long = 464;
const LISTXATTRAT: c_long = 465;
const REMOVEXATTRAT: c_long = 466;
const OPEN_TREE_ATTR: c_long = 467;
const STATMOUNT: c_long = 457;
const LISTMOUNT: c_long = 458;
const LSM_SET_SELF_ATTR: c_long = 460;

/// The first argument is a process.
const PID_0: Verdict = Verdict::PidOne { argument: 0 };

/// Who a priority is for, in linux/resource.h and linux/ioprio.h.
const PRIO_USER: u32 = 2;
const IOPRIO_WHO_USER: u32 = 3;

/// What a step that traces needs: the calls of ptrace(2), and those that read and write a
/// tracee's memory. Pid 1 cannot be traced: it is not dumpable, and no step has a capability.
pub(crate) const TRACING: [c_long; 3] = [
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
];

/// Every rule that all architectures share.
pub(crate) const RULES: [Rule; 95] = [
    // Namespaces. A filter cannot read the structure that clone3 takes.
    unknown(libc::SYS_clone3),
    Rule::new(
        libc::SYS_clone,
        Verdict::Bits {
            argument: 0,
            bits: NEW_NAMESPACES,
        },
    ),
    denied(libc::SYS_unshare),
    denied(libc::SYS_setns),
    // Mounts.
    denied(libc::SYS_mount),
    denied(libc::SYS_umount2),
    denied(libc::SYS_pivot_root),
    denied(libc::SYS_chroot),
    denied(libc::SYS_open_tree),
    denied(libc::SYS_move_mount),
    denied(libc::SYS_fsopen),
    denied(libc::SYS_fsconfig),
    denied(libc::SYS_fsmount),
    denied(libc::SYS_fspick),
    denied(libc::SYS_mount_setattr),
    denied(OPEN_TREE_ATTR),
    unknown(STATMOUNT),
    unknown(LISTMOUNT),
    // File handles pass by every mount: CVE-2014-9357 and the container escape "shocker".
    denied(libc::SYS_open_by_handle_at),
    unsupported(libc::SYS_name_to_handle_at),
    // Other processes.
    denied(libc::SYS_ptrace),
    denied(libc::SYS_process_vm_readv),
    denied(libc::SYS_process_vm_writev),
    denied(libc::SYS_process_madvise),
    denied(libc::SYS_pidfd_getfd),
    denied(libc::SYS_kcmp),
    denied(libc::SYS_migrate_pages),
    denied(libc::SYS_move_pages),
    // Pid 1 has the user of the steps, the only one that is mapped, and hands its limits, processors and
    // priorities to each of them: the kernel would let one step set those of the next.
    Rule::new(libc::SYS_prlimit64, PID_0),
    Rule::new(libc::SYS_sched_setaffinity, PID_0),
    Rule::new(libc::SYS_sched_setparam, PID_0),
    Rule::new(libc::SYS_sched_setscheduler, PID_0),
    Rule::new(libc::SYS_sched_setattr, PID_0),
    Rule::new(
        libc::SYS_setpriority,
        Verdict::PriorityOf { user: PRIO_USER },
    ),
    Rule::new(
        libc::SYS_ioprio_set,
        Verdict::PriorityOf {
            user: IOPRIO_WHO_USER,
        },
    ),
    // Keyrings are not part of any namespace.
    denied(libc::SYS_keyctl),
    denied(libc::SYS_add_key),
    denied(libc::SYS_request_key),
    // Large parts of the kernel that builds have no use for.
    denied(libc::SYS_bpf),
    denied(libc::SYS_perf_event_open),
    denied(libc::SYS_userfaultfd),
    denied(libc::SYS_fanotify_init),
    denied(LSM_SET_SELF_ATTR),
    unknown(libc::SYS_io_uring_setup),
    unknown(libc::SYS_io_uring_enter),
    unknown(libc::SYS_io_uring_register),
    // Their pages are in no account that a runner without control groups could read; whoever
    // wants a file in memory has /dev/shm, which is bounded.
    unknown(libc::SYS_memfd_create),
    unknown(libc::SYS_memfd_secret),
    // The machine.
    denied(libc::SYS_init_module),
    denied(libc::SYS_finit_module),
    denied(libc::SYS_delete_module),
    denied(libc::SYS_kexec_load),
    denied(libc::SYS_kexec_file_load),
    denied(libc::SYS_reboot),
    denied(libc::SYS_swapon),
    denied(libc::SYS_swapoff),
    denied(libc::SYS_quotactl),
    denied(libc::SYS_quotactl_fd),
    denied(libc::SYS_acct),
    denied(libc::SYS_syslog),
    denied(libc::SYS_vhangup),
    denied(libc::SYS_nfsservctl),
    denied(libc::SYS_lookup_dcookie),
    denied(libc::SYS_sethostname),
    denied(libc::SYS_setdomainname),
    denied(libc::SYS_settimeofday),
    denied(libc::SYS_clock_settime),
    denied(libc::SYS_clock_adjtime),
    denied(libc::SYS_adjtimex),
    // Sockets and terminals.
    Rule::new(libc::SYS_socket, Verdict::Socket),
    Rule::new(libc::SYS_socketpair, Verdict::Socket),
    Rule::new(
        libc::SYS_ioctl,
        Verdict::AnyOf {
            argument: 1,
            values: TERMINAL,
        },
    ),
    // No setuid or setgid bit, by any call that makes or changes a mode.
    Rule::new(libc::SYS_fchmod, MODE_1),
    Rule::new(libc::SYS_fchmodat, MODE_2),
    Rule::new(libc::SYS_fchmodat2, MODE_2),
    Rule::new(libc::SYS_mkdirat, MODE_2),
    Rule::new(libc::SYS_mknodat, MODE_2),
    Rule::new(libc::SYS_openat, Verdict::CreatedMode { flags: 2, mode: 3 }),
    // A filter cannot read the structure that openat2 takes.
    unknown(libc::SYS_openat2),
    // Extended attributes differ from one file system of a host to the next, and they carry
    // capabilities and access lists that no output tree records.
    unsupported(libc::SYS_setxattr),
    unsupported(libc::SYS_lsetxattr),
    unsupported(libc::SYS_fsetxattr),
    unsupported(SETXATTRAT),
    unsupported(libc::SYS_getxattr),
    unsupported(libc::SYS_lgetxattr),
    unsupported(libc::SYS_fgetxattr),
    unsupported(GETXATTRAT),
    unsupported(libc::SYS_listxattr),
    unsupported(libc::SYS_llistxattr),
    unsupported(libc::SYS_flistxattr),
    unsupported(LISTXATTRAT),
    unsupported(libc::SYS_removexattr),
    unsupported(libc::SYS_lremovexattr),
    unsupported(libc::SYS_fremovexattr),
    unsupported(REMOVEXATTRAT),
];
