//! The shift of the wall clock: begun by the zygote, entered by each step, and proved there.

use nix::errno::Errno;
use nix::time::{ClockId, clock_gettime};
use zwieback_core::sandbox_spec::identity::Machine;
use zwieback_core::supervision::{Effect, Supervision};

use super::filter;
use crate::call::{CallError, Named as _};
use crate::error::{At as _, Failure, Stage};
use crate::kernel;

/// Seconds by which the wall clock of a sandbox is ahead of the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shift(pub(crate) i64);

/// A proof may take this many seconds on a machine that is busy with something else.
const PATIENCE: u64 = 60;

impl Shift {
    /// What the spec asks for.
    pub(crate) fn of(machine: &Machine) -> Self {
        Self(machine.wall_clock_offset)
    }

    /// Has this process trace pid 1, if a shift is asked for, and tells what came of it.
    pub(crate) fn begin(pid: i32, machine: &Machine) -> (Option<Self>, Supervision) {
        let shift = Self::of(machine);
        let traced = (shift.0 != 0).then(|| kernel::trace::seize(pid));
        let wall_clock = traced.as_ref().map(|traced| match traced {
            Ok(()) => Effect::Effective,
            // yama/ptrace_scope 3, or a container whose own filter has no ptrace.
            Err(error) => Effect::ineffective(error.to_string()),
        });
        let supervision = Supervision { wall_clock };
        (traced.and_then(Result::ok).map(|()| shift), supervision)
    }

    /// Puts this process, which is to become a step, under the shift for good.
    pub(crate) fn enter(self) -> Result<(), Failure> {
        // As its program would be anyway. Nobody is there to look: a step starts alone.
        kernel::process::make_dumpable().at(Stage::Privileges)?;
        let before = now(ClockId::CLOCK_REALTIME).at(Stage::Seccomp)?;
        kernel::filter::install(&filter::program()).at(Stage::Seccomp)?;
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
        let expected = before.saturating_add(self.0);
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
