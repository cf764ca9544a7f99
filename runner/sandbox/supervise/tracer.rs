//! The loop of the supervisor: looks at whatever stops, answers, and lets it go on.

use std::collections::BTreeMap;

use libc::{PTRACE_EVENT_EXEC, PTRACE_EVENT_SECCOMP, PTRACE_EVENT_STOP, SIGTRAP};
use nix::errno::Errno;
use zwieback_model::sandbox_spec::identity::Instructions;

use super::file_times::{FileTimes, Setting, Shown};
use super::luck::Luck;
use super::memory::{self, Told};
use super::shift::Shift;
use super::verdict::{Flaw, Verdict};
use super::waits::Moved;
use super::{arch, clock, cpuid, vector, waits};
use crate::kernel::process::{self, Block, Ended};
use crate::kernel::trace::{self, Resume};

/// `PTRACE_O_TRACESYSGOOD` tells the end of a call from a trap by this bit.
const CALL_END: i32 = SIGTRAP | 0x80;

/// The tracer of one sandbox, or just the parent of its pid 1.
pub(crate) struct Tracer {
    /// Pid 1, by its number out here.
    first: i32,
    shift: Shift,
    luck: Luck,
    cpu: cpuid::Answers,
    files: FileTimes,
    /// The threads that are in a call whose end is to be seen.
    pending: BTreeMap<i32, Pending>,
    verdict: Verdict,
}

/// What is to be done at the end of a call.
enum Pending {
    /// An argument points to a copy.
    Moved(Moved),
    /// Times were put into memory.
    Shown(Shown),
    /// The size of memory was told.
    Told(Told),
}

impl Tracer {
    /// One that has seen nothing yet.
    pub(crate) fn new(first: i32, shift: Shift) -> Self {
        Self {
            first,
            shift,
            luck: Luck::default(),
            cpu: cpuid::Answers::default(),
            files: FileTimes::starting_now(shift.files),
            pending: BTreeMap::new(),
            verdict: Verdict::default(),
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
                self.forget(pid);
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
                self.see_end(pid);
            }
            0 if signal == libc::SIGSEGV && self.answers_for_cpu(pid) => {}
            0 => return Resume::Run(self.passed_on(pid, signal)),
            _ => {}
        }
        Resume::Run(0)
    }

    /// A program is about to run. Its other threads are gone, some without a word.
    fn see_program(&mut self, pid: i32) {
        self.forget(pid);
        if let Some(former) = trace::former_number(pid) {
            self.forget(former);
        }
        if let Some(name) = process::program(pid) {
            self.verdict.start(name);
        }
        self.note(vector::change(pid, self.shift), Flaw::ClockSeen);
        if self.shift.instructions == Instructions::Plain {
            self.note(cpuid::arm(pid), Flaw::CpuSeen);
        }
    }

    fn forget(&mut self, pid: i32) {
        self.pending.remove(&pid);
        self.luck.forget(pid);
    }

    /// A process that was killed meanwhile is no flaw.
    fn note(&mut self, outcome: Result<(), Errno>, flaw: Flaw) {
        if outcome.is_err_and(|errno| errno != Errno::ESRCH) {
            self.verdict.note(flaw);
        }
    }

    fn answers_for_cpu(&mut self, pid: i32) -> bool {
        self.shift.instructions == Instructions::Plain && self.cpu.answer(pid).is_some()
    }

    /// A call is about to be made that the filter has pointed out.
    fn see_call(&mut self, pid: i32) -> Resume {
        let Some(mut registers) = trace::registers(pid) else {
            return Resume::Run(0);
        };
        if let Some(shown) = self.files.shown(&registers) {
            self.pending.insert(pid, Pending::Shown(shown));
            return Resume::ToCallEnd;
        }
        if let Some(told) = memory::told(self.shift.memory, &registers) {
            self.pending.insert(pid, Pending::Told(told));
            return Resume::ToCallEnd;
        }
        let offset = self.shift.clock;
        let told = clock::answer(pid, &registers, offset);
        if let Some(result) = told.or_else(|| self.luck.answer(pid, &registers)) {
            arch::answer(pid, registers, result);
            return Resume::Run(0);
        }
        match self.files.set(pid, &mut registers) {
            Ok(Setting::Nothing) => {}
            Ok(Setting::Moved(moved)) => return self.until_end(pid, moved),
            Ok(Setting::Unanswerable) => self.verdict.note(Flaw::FileTimeBetween),
            Err(errno) => self.note(Err(errno), Flaw::FileTimeSeen),
        }
        match waits::begin(pid, &mut registers, offset) {
            Ok(Some(moved)) => return self.until_end(pid, moved),
            Ok(None) => {}
            Err(errno) => self.note(Err(errno), Flaw::DeadlineKept),
        }
        Resume::Run(0)
    }

    fn until_end(&mut self, pid: i32, moved: Moved) -> Resume {
        self.pending.insert(pid, Pending::Moved(moved));
        Resume::ToCallEnd
    }

    /// A call has ended.
    fn see_end(&mut self, pid: i32) {
        match self.pending.remove(&pid) {
            Some(Pending::Moved(moved)) => moved.end(pid),
            Some(Pending::Shown(shown)) => {
                let outcome = self.files.show(pid, shown);
                self.note(outcome, Flaw::FileTimeSeen);
            }
            Some(Pending::Told(told)) => {
                let outcome = told.change(pid);
                self.note(outcome, Flaw::MemorySeen);
            }
            None => {}
        }
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
