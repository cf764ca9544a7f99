//! Processes: how they begin, what they are called, and how they end.

use std::io::Read as _;
use std::os::fd::{AsFd, AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::CloneFlags;
use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, sigprocmask};

use crate::call::{Attempt as _, CallError};

/// Which side of a clone this is.
pub(crate) enum Cloned {
    /// The new process.
    Child,
    /// The old one, with the new one's number and descriptor.
    Parent { pid: i32, pidfd: OwnedFd },
}

/// How a process ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) pid: i32,
    /// In the form of `waitpid`.
    pub(crate) status: i32,
    pub(crate) cpu: Duration,
    pub(crate) max_rss: u64,
}

/// Clones this process into new namespaces, like `fork`.
///
/// `clone` and not `clone3`: container runtimes answer the latter with ENOSYS, and both take
/// these flags.
///
/// # Safety
/// The process has one thread.
pub(crate) unsafe fn clone_into(namespaces: CloneFlags) -> Result<Cloned, CallError> {
    let mut pidfd: RawFd = -1;
    let flags = namespaces.bits() | libc::CLONE_PIDFD | libc::SIGCHLD;
    // SAFETY: without CLONE_VM the child has its own copy of the stack and of all memory, and
    // the caller says that no other thread can hold a lock in it. The third argument is where
    // the kernel writes the descriptor.
    let result = unsafe { libc::syscall(libc::SYS_clone, flags, 0, &raw mut pidfd, 0, 0) };
    let pid = Errno::result(result).named(|| format!("clone({namespaces:?})"))?;
    if pid == 0 {
        return Ok(Cloned::Child);
    }
    // SAFETY: the kernel has just made it, and nobody else owns it.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    let pid = i32::try_from(pid).expect("invariant: a process id fits in 32 bits");
    Ok(Cloned::Parent { pid, pidfd })
}

/// Room for what a borrowing child does before it is a program of its own.
const BORROWED_STACK: usize = 64 << 10;

/// Runs `life` in a child that borrows this process's memory, as `vfork(2)` does, and returns
/// once the child has become a program or ended. No page is copied, and what `life` leaves in
/// variables stays there.
///
/// # Safety
/// The process has one thread, and `life` does nothing that the kernel keeps by memory, such as
/// `prctl(PR_SET_DUMPABLE)`.
pub(crate) unsafe fn spawn_borrowing(life: &mut dyn FnMut()) -> Result<i32, CallError> {
    extern "C" fn begin(life: *mut libc::c_void) -> libc::c_int {
        // SAFETY: it is the reference below, whose owner is stopped until this child lets go.
        let life = unsafe { &mut *life.cast::<&mut dyn FnMut()>() };
        life();
        exit_now()
    }
    let mut life = life;
    let mut stack = vec![0_u128; BORROWED_STACK / size_of::<u128>()];
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: a stack grows downwards, so its highest address is given; it and `life` outlive
    // the child's use of them, since CLONE_VFORK returns only afterwards.
    let result = unsafe {
        let top = stack.as_mut_ptr_range().end.cast();
        libc::clone(begin, top, flags, (&raw mut life).cast())
    };
    Errno::result(result).named(|| "clone(CLONE_VM | CLONE_VFORK)".to_owned())
}

/// Waits for any child; `None` when there is none left.
pub(crate) fn wait_any(block: Block) -> Result<Option<Ended>, CallError> {
    let flags = match block {
        Block::Yes => 0,
        Block::No => libc::WNOHANG,
    } | libc::__WALL;
    loop {
        let mut status = 0;
        // SAFETY: rusage is plain integers, for which all zeros are a value.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: both pointers are to locals that outlive the call.
        let result = unsafe { libc::wait4(-1, &raw mut status, flags, &raw mut usage) };
        match Errno::result(result) {
            Ok(0) | Err(Errno::ECHILD) => return Ok(None),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(CallError::new(errno, "wait4(-1)")),
            Ok(pid) => return Ok(Some(ended(pid, status, &usage))),
        }
    }
}

/// Waits for a change of one child, and tells it in the form of `waitpid`.
pub(crate) fn wait_for(pid: i32) -> Result<i32, Errno> {
    loop {
        let mut status = 0;
        // SAFETY: the pointer is to a local that outlives the call.
        let result = unsafe { libc::waitpid(pid, &raw mut status, libc::__WALL) };
        match Errno::result(result) {
            Err(Errno::EINTR) => {}
            other => return other.map(|_| status),
        }
    }
}

/// Waits until no child is left, where the kernel reaps them.
pub(crate) fn await_children() {
    while wait_for(-1).is_ok() {}
}

/// Waits until the process behind a descriptor has ended, whosever child it is. The first process of a
/// pid namespace ends after all others in it.
pub(crate) fn await_end(pidfd: &OwnedFd) {
    let mut event = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
    while let Err(Errno::EINTR) = poll(&mut event, PollTimeout::NONE) {}
}

/// Whether a call waits for what it asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Block {
    Yes,
    No,
}

fn ended(pid: i32, status: i32, usage: &libc::rusage) -> Ended {
    let time = |time: libc::timeval| {
        let seconds = Duration::from_secs(time.tv_sec.unsigned_abs());
        seconds + Duration::from_micros(time.tv_usec.unsigned_abs())
    };
    Ended {
        pid,
        status,
        cpu: time(usage.ru_utime) + time(usage.ru_stime),
        // getrusage(2): ru_maxrss is in kibibytes.
        max_rss: usage.ru_maxrss.unsigned_abs() << 10,
    }
}

/// Kills every process of the namespace but its first, which calls.
pub(crate) fn kill_all() {
    // SAFETY: plain integers. In the first process of a pid namespace, -1 means the others in it.
    // ESRCH says that there is none, which is the aim.
    unsafe { libc::kill(-1, libc::SIGKILL) };
}

/// Kills the process behind a descriptor; its number cannot have been given to another.
pub(crate) fn kill(pidfd: impl AsFd) {
    let (raw, none) = (
        pidfd.as_fd().as_raw_fd(),
        std::ptr::null::<libc::siginfo_t>(),
    );
    // SAFETY: a null pointer stands for no further detail. ESRCH says that it is dead already.
    unsafe { libc::syscall(libc::SYS_pidfd_send_signal, raw, libc::SIGKILL, none, 0) };
}

/// Whether this process has no second thread, which could hold a lock while it is cloned.
pub(crate) fn has_one_thread() -> bool {
    // unshare(2): CLONE_VM changes nothing, and fails with EINVAL if there are several threads.
    // SAFETY: a plain integer.
    unsafe { libc::unshare(libc::CLONE_VM) == 0 }
}

/// Overwrites the arguments and the environment this process was started with: anybody may read
/// the first in `/proc/PID/cmdline`, and the second often holds tokens.
///
/// # Safety
/// Nothing in this process uses them any more.
pub(crate) unsafe fn forget_invocation() -> Result<(), CallError> {
    let call = || "read(\"/proc/self/stat\")".to_owned();
    // One line of some 300 bytes, and a call that every start waits for.
    let mut line = [0; 1024];
    let mut file = std::fs::File::open("/proc/self/stat").named(call)?;
    let length = file.read(&mut line).named(call)?;
    let text = String::from_utf8_lossy(&line[..length]);
    // proc_pid_stat(5): arg_start is field 48 and env_end field 51; field 3 comes after the name.
    let numbers = text.rsplit(')').next().unwrap_or_default();
    let mut numbers = numbers.split_ascii_whitespace().skip(48 - 3);
    let mut field = || numbers.next()?.parse::<usize>().ok();
    let bounds = (field(), field(), field(), field());
    let (Some(first), Some(_), Some(_), Some(end)) = bounds else {
        return Err(CallError::new(Errno::EPROTO, call()));
    };
    let memory = std::ptr::with_exposed_provenance_mut::<u8>(first);
    // SAFETY: the kernel put both there, one after the other, on the stack, which is writable; the
    // caller says that nobody reads them.
    unsafe { std::ptr::write_bytes(memory, 0, end.saturating_sub(first)) };
    Ok(())
}

/// The name of the file of the program that a process runs, for whoever still sees the host's `/proc`.
pub(crate) fn program(pid: i32) -> Option<String> {
    let file = std::fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    file.file_name()?.to_str().map(str::to_owned)
}

/// Names this process as `ps` shows it.
pub(crate) fn set_name(name: &std::ffi::CStr) -> Result<(), CallError> {
    nix::sys::prctl::set_name(name).named(|| format!("prctl(PR_SET_NAME, {name:?})"))
}

/// Leaves the caller's process group, to which a terminal sends its signals.
pub(crate) fn lead_group() -> Result<(), CallError> {
    let own = nix::unistd::Pid::from_raw(0);
    nix::unistd::setpgid(own, own).named(|| "setpgid(0, 0)".to_owned())
}

/// Has descriptor `number` lead nowhere.
pub(crate) fn place_on_nothing(number: RawFd) -> Result<(), CallError> {
    let nothing = std::fs::File::options()
        .read(true)
        .write(true)
        .open("/dev/null")
        .named(|| "open(\"/dev/null\", O_RDWR)".to_owned())?;
    place_at(nothing, number)
}

/// Asks the kernel to kill this process when its parent dies.
pub(crate) fn die_with_parent() -> Result<(), CallError> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).named(|| "prctl(PR_SET_PDEATHSIG)".to_owned())
}

/// Hides the memory and the descriptors of this process from others of the same user.
pub(crate) fn make_undumpable() -> Result<(), CallError> {
    nix::sys::prctl::set_dumpable(false).named(|| "prctl(PR_SET_DUMPABLE, 0)".to_owned())
}

/// Takes that back. An ordinary user's supervisor could not answer this process otherwise.
pub(crate) fn make_dumpable() -> Result<(), CallError> {
    nix::sys::prctl::set_dumpable(true).named(|| "prctl(PR_SET_DUMPABLE, 1)".to_owned())
}

/// Closes every descriptor from `first` on.
pub(crate) fn close_from(first: RawFd) -> Result<(), CallError> {
    // SAFETY: plain integers. Callers hold no descriptor above `first` that they use again.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0) };
    Errno::result(result)
        .map(drop)
        .named(|| format!("close_range({first}, ~0)"))
}

/// Has every descriptor from `first` on closed when a program starts.
pub(crate) fn close_on_exec_from(first: RawFd) -> Result<(), CallError> {
    let (last, flags) = (libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
    // SAFETY: plain integers; nothing is closed yet.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) };
    Errno::result(result)
        .map(drop)
        .named(|| format!("close_range({first}, ~0, CLOEXEC)"))
}

/// Makes `fd` known as descriptor `number`, which survives `execve`.
pub(crate) fn place_at(fd: impl AsFd, number: RawFd) -> Result<(), CallError> {
    let raw = fd.as_fd().as_raw_fd();
    // SAFETY: plain integers. dup2 closes `number`, which is one of the three standard streams,
    // and no OwnedFd of this process owns one of those.
    let result = unsafe { libc::dup2(raw, number) };
    Errno::result(result)
        .map(drop)
        .named(|| format!("dup2({raw}, {number})"))
}

/// Puts every signal back to what a fresh process has; ignored ones would survive `execve`.
pub(crate) fn reset_signals() -> Result<(), CallError> {
    for signal in Signal::iterator() {
        if !matches!(signal, Signal::SIGKILL | Signal::SIGSTOP) {
            // SAFETY: the default disposition runs no code of ours.
            unsafe { nix::sys::signal::signal(signal, SigHandler::SigDfl) }
                .named(|| format!("signal({signal}, SIG_DFL)"))?;
        }
    }
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)
        .named(|| "sigprocmask(SIG_SETMASK)".to_owned())
}

/// A session keyring of its own, empty.
pub(crate) fn join_new_keyring() -> Result<(), CallError> {
    const KEYCTL_JOIN_SESSION_KEYRING: libc::c_int = 1;
    let anonymous = std::ptr::null::<libc::c_char>();
    // SAFETY: a null name asks for a new keyring.
    let result = unsafe { libc::syscall(libc::SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, anonymous) };
    Errno::result(result)
        .map(drop)
        .named(|| "keyctl(JOIN_SESSION_KEYRING)".to_owned())
}

/// Forbids for good that a user id of 0 gives capabilities, and that they be kept or raised.
pub(crate) fn lock_secure_bits() -> Result<(), CallError> {
    // linux/securebits.h: NOROOT, NO_SETUID_FIXUP and NO_CAP_AMBIENT_RAISE, each with its lock,
    // and the lock of KEEP_CAPS.
    const BITS: libc::c_ulong = 0b1110_1111;
    // SAFETY: plain integers.
    let result = unsafe { libc::prctl(libc::PR_SET_SECUREBITS, BITS, 0, 0, 0) };
    Errno::result(result)
        .map(drop)
        .named(|| format!("prctl(PR_SET_SECUREBITS, {BITS:#x})"))
}

/// What the domain of the sandbox is called.
pub(crate) fn set_domain(name: &str) -> Result<(), CallError> {
    // SAFETY: the pointer and the length are those of `name`.
    let result = unsafe { libc::setdomainname(name.as_ptr().cast(), name.len()) };
    Errno::result(result)
        .map(drop)
        .named(|| format!("setdomainname({name:?})"))
}

/// Ends this process at once, without running what the program it was copied from wants run.
pub(crate) fn exit_now() -> ! {
    // SAFETY: a plain integer; the process owns nothing that outlives it.
    unsafe { libc::_exit(0) }
}
