//! A wall clock that is ahead of the host's, and a CPU that knows less, for programs of every kind.
//!
//! No namespace moves the wall clock. A preloaded library reaches neither static programs nor
//! those of Go; so the kernel is asked to stop a step's process at the few calls that read the
//! wall clock or wait by it, and the supervisor answers in the kernel's place.
//!
//! **Who.** The sandbox's supervisor: it has one thread, lies outside of every namespace of the sandbox, and
//! has nothing else to do. It becomes the tracer of pid 1 before pid 1 starts a step, and so of
//! all that descends from it, threads and `vfork` included. A step cannot see the supervisor (another
//! pid namespace), signal it, or trace anything itself; what the supervisor reads of a step are
//! numbers: registers, deadlines, and the vector of a fresh stack, all of bounded size. When the
//! supervisor dies, the kernel kills the step (`PTRACE_O_EXITKILL`).
//!
//! **How.** Each step starts under one more seccomp program ([`filter`]), whose only verdict
//! besides "allow" is `SECCOMP_RET_TRACE`. Other calls run at full speed: there is no stop at
//! every system call. User notification would do for the reading calls alone; a waiting call must
//! go on with another deadline, and only a tracer can exchange the register that points to it.
//! One mechanism then serves both, and a stopped tracee's number cannot be given to another
//! process before its tracer has seen its end, which spares the races of notification.
//!
//! **The vDSO** reads the clock without any call. It is hidden at every `execve` ([`vector`]), and
//! libraries then make the call, as on kernels without it.
//!
//! **Waiting.** A deadline by the wall clock is moved back to the kernel's clock ([`waits`]).
//!
//! **Times of files** are the kernel's; they are moved where they are shown and where they are set ([`file_times`]).
//!
//! **The CPU** is asked by an instruction, which is made to fault ([`cpuid`]). **Random bytes** can
//! be frozen for a diagnosis ([`luck`]); `/dev/urandom` goes on drawing.
//!
//! **Not covered:** a program that looks for the vDSO in `/proc/self/maps`, the time stamp
//! counter read raw, times of System V IPC (`shmctl`, `/proc/sysvipc`), of received packets (`SO_TIMESTAMP`), and
//! when the machine booted (`btime` of `/proc/stat`). As under any tracer, a signal that is ignored by default may
//! end `epoll_wait` with EINTR.

#[cfg_attr(target_arch = "x86_64", path = "x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "aarch64.rs")]
pub(crate) mod arch;
pub(crate) mod clock;
#[cfg_attr(not(target_arch = "x86_64"), path = "no_cpuid.rs")]
pub(crate) mod cpuid;
pub(crate) mod entrance;
pub(crate) mod file_times;
mod memory;
pub(crate) mod filter;
pub(crate) mod luck;
pub(crate) mod shift;
pub(crate) mod tracer;
pub(crate) mod vector;
pub(crate) mod verdict;
pub(crate) mod waits;
