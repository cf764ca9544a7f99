//! A shift is begun by the supervisor, entered by each step, and proved there.

use nix::errno::Errno;
use nix::time::{ClockId, clock_gettime};
use zwieback_model::sandbox_spec::identity::{Entropy, Instructions, Machine};
use zwieback_model::sandbox_spec::tracing::Tracing;
use zwieback_model::supervision::{Effect, Supervision};

use super::shift::Shift;
use super::{cpuid, filter};
use crate::call::{Attempt as _, CallError};
use crate::error::{At as _, Failure, Stage};
use crate::kernel;

/// A proof may take this many seconds on a machine that is busy with something else.
const PATIENCE: u64 = 60;

impl Shift {
    /// Has this process trace pid 1, if a shift is asked for, and tells what came of it.
    pub(crate) fn begin(pid: i32, machine: &Machine) -> (Option<Self>, Supervision) {
        let wanted = Self::of(machine);
        if wanted == Self::default() {
            return (None, Supervision::default());
        }
        let traced = match machine.tracing {
            Tracing::Refused => kernel::trace::seize(pid).map_err(|error| error.to_string()),
            // A process has one tracer.
            Tracing::Needed => Err("a step needs ptrace itself".to_owned()),
        };
        // Else yama/ptrace_scope is 3, or a container's own filter has no ptrace.
        let possible = traced.clone().err();
        let supervision = wanted.supervision(|own| match possible.as_deref().or(own) {
            Some(reason) => Effect::ineffective(reason),
            None => Effect::Effective,
        });
        (traced.ok().map(|()| wanted.possible()), supervision)
    }

    /// What is asked for, each judged by the reason that stands against it, if one does.
    fn supervision(self, judge: impl Fn(Option<&'static str>) -> Effect) -> Supervision {
        let cannot_fault = || (!cpuid::can_fault()).then_some("this CPU cannot fault CPUID");
        let is_plain = self.instructions == Instructions::Plain;
        let is_frozen = self.entropy == Entropy::Frozen;
        Supervision {
            wall_clock: (self.clock != 0).then(|| judge(None)),
            file_times: (self.files != 0).then(|| judge(None)),
            memory: self.memory.map(|_| judge(None)),
            instructions: is_plain.then(|| judge(cannot_fault())),
            entropy: is_frozen.then(|| judge(None)),
        }
    }

    /// What of it this machine can do.
    fn possible(mut self) -> Self {
        if !cpuid::can_fault() {
            self.instructions = Instructions::Own;
        }
        self
    }

    /// Puts this process, which is to become a step, under the shift for good.
    pub(crate) fn enter(self) -> Result<(), Failure> {
        // As its program would be anyway. Nobody is there to look: a step starts alone.
        kernel::process::make_dumpable().at(Stage::Privileges)?;
        let before = now(ClockId::CLOCK_REALTIME).at(Stage::Seccomp)?;
        kernel::filter::install(&filter::program(self)).at(Stage::Seccomp)?;
        if self.clock == 0 {
            return Ok(());
        }
        self.prove(before).at(Stage::Seccomp)
    }

    /// Reads the clock by the call that a program without a vDSO makes.
    fn prove(self, before: i64) -> Result<(), CallError> {
        // This process still has its vDSO, which would tell the host's time.
        let mut after = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let (number, clock) = (libc::SYS_clock_gettime, libc::CLOCK_REALTIME);
        // SAFETY: the result is a local that outlives the call.
        let result = unsafe { libc::syscall(number, clock, &raw mut after) };
        let call = || "clock_gettime(CLOCK_REALTIME), supervised".to_owned();
        Errno::result(result).named(call)?;
        let expected = before.saturating_add(self.clock);
        if after.tv_sec.abs_diff(expected) > PATIENCE {
            return Err(CallError::new(Errno::ETIME, call()));
        }
        Ok(())
    }
}

fn now(clock: ClockId) -> Result<i64, CallError> {
    let now = clock_gettime(clock).named(|| "clock_gettime(CLOCK_REALTIME)".to_owned())?;
    Ok(now.tv_sec())
}
