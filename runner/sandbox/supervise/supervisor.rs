//! The loop of the zygote: looks at whatever stops, answers, and lets it go on.

use std::collections::BTreeMap;

use libc::{PTRACE_EVENT_EXEC, PTRACE_EVENT_SECCOMP, PTRACE_EVENT_STOP, SIGTRAP};
use nix::errno::Errno;

use super::shift::Shift;
use super::verdict::Verdict;
use super::waits::Moved;
use super::{arch, clock, vdso, waits};
use crate::kernel::process::{self, Block, Ended};
use crate::kernel::trace::{self, Resume};

/// `PTRACE_O_TRACESYSGOOD` tells the end of a call from a trap by this bit.
const CALL_END: i32 = SIGTRAP | 0x80;

/// The tracer of one sandbox, or just the parent of its pid 1.
pub(crate) struct Supervisor {
    /// Pid 1, by its number out here.
    first: i32,
    offset: i64,
    /// The threads that are in a call whose deadline was moved.
    waiting: BTreeMap<i32, Moved>,
    verdict: Verdict,
}

impl Supervisor {
    /// One that has seen nothing yet.
    pub(crate) fn new(first: i32, shift: Option<Shift>) -> Self {
        Self {
            first,
            offset: shift.map_or(0, |shift| shift.0),
            waiting: BTreeMap::new(),
            verdict: Verdict::Whole,
        }
    }

    /// Watches until nobody is left.
    pub(crate) fn watch(mut self) -> Verdict {
        while let Ok(Some(change)) = process::wait_any(Block::Yes) {
            let Ended { pid, status, .. } = change;
            if libc::WIFSTOPPED(status) {
                // wait(2): the event is above the signal.
                let how = self.see(pid, libc::WSTOPSIG(status), status >> 16);
                trace::resume(pid, how);
            } else {
                self.waiting.remove(&pid);
            }
        }
        self.verdict
    }

    fn see(&mut self, pid: i32, signal: i32, event: i32) -> Resume {
        match event {
            PTRACE_EVENT_EXEC => self.see_program(pid),
            PTRACE_EVENT_SECCOMP => return self.see_call(pid),
            // Also the first stop of whoever is born: that one has no stopping signal.
            PTRACE_EVENT_STOP if is_stopping(signal) => return Resume::Listen,
            0 if signal == CALL_END => {
                if let Some(moved) = self.waiting.remove(&pid) {
                    moved.end(pid);
                }
            }
            0 => return Resume::Run(self.passed_on(pid, signal)),
            _ => {}
        }
        Resume::Run(0)
    }

    /// A program is about to run. Its other threads are gone, some without a word.
    fn see_program(&mut self, pid: i32) {
        self.waiting.remove(&pid);
        if let Some(former) = trace::former_number(pid) {
            self.waiting.remove(&former);
        }
        if vdso::hide(pid).is_err_and(|errno| errno != Errno::ESRCH) {
            self.verdict = Verdict::ClockSeen;
        }
    }

    /// A call is about to be made that the filter has pointed out.
    fn see_call(&mut self, pid: i32) -> Resume {
        let Some(mut registers) = trace::registers(pid) else {
            return Resume::Run(0);
        };
        if let Some(result) = clock::answer(pid, &registers, self.offset) {
            arch::answer(pid, registers, result);
            return Resume::Run(0);
        }
        match waits::begin(pid, &mut registers, self.offset) {
            Ok(Some(moved)) => {
                self.waiting.insert(pid, moved);
                return Resume::ToCallEnd;
            }
            // There is none, or the process was killed.
            Ok(None) | Err(Errno::ESRCH) => {}
            Err(_) => self.verdict = Verdict::DeadlineKept,
        }
        Resume::Run(0)
    }

    /// The kernel shields the first process of a namespace from what the others send it, but a
    /// traced one is not shielded from being stopped: the tracer is asked, and says no.
    fn passed_on(&self, pid: i32, signal: i32) -> i32 {
        if pid == self.first && signal == libc::SIGSTOP {
            0
        } else {
            signal
        }
    }
}

fn is_stopping(signal: i32) -> bool {
    matches!(
        signal,
        libc::SIGSTOP | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU
    )
}
