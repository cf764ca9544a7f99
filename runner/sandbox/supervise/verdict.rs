//! What a supervisor has to say in the end, and how it gets to the runner.

use std::process::{ExitCode, ExitStatus};

use zwieback_core::supervision::{Effect, Supervision};

/// Whether the clock was shifted wherever it should have been. It travels as the zygote's exit
/// status, since the zygote speaks to nobody while steps run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was.
    Whole,
    /// Of some program the vDSO could not be hidden.
    ClockSeen,
    /// Some deadline could not be moved.
    DeadlineKept,
}

impl Verdict {
    const CLOCK_SEEN: u8 = 3;
    const DEADLINE_KEPT: u8 = 4;

    /// As an exit code. 1 is a zygote that failed before it had anything to supervise.
    pub(crate) fn exit_code(self) -> ExitCode {
        match self {
            Self::Whole => ExitCode::SUCCESS,
            Self::ClockSeen => Self::CLOCK_SEEN.into(),
            Self::DeadlineKept => Self::DEADLINE_KEPT.into(),
        }
    }
}

/// What came of a supervision that began like this, when the zygote has ended so. A supervisor
/// whose end nobody has seen has proved nothing.
pub(crate) fn conclude(begun: Supervision, end: Option<ExitStatus>) -> Supervision {
    let code = end.and_then(|end| end.code());
    let flaw = match code.map(u8::try_from) {
        Some(Ok(0)) => None,
        Some(Ok(Verdict::CLOCK_SEEN)) => {
            Some("the memory of a program that started could not be read")
        }
        Some(Ok(Verdict::DEADLINE_KEPT)) => Some("a wait by the wall clock could not be moved"),
        _ => Some("the supervisor did not live to its end"),
    };
    Supervision {
        wall_clock: begun.wall_clock.map(|begun| degraded(begun, flaw)),
    }
}

fn degraded(begun: Effect, flaw: Option<&str>) -> Effect {
    match flaw {
        Some(flaw) if begun.is_effective() => Effect::ineffective(flaw),
        _ => begun,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    fn concluded(begun: Option<Effect>, status: i32) -> Option<Effect> {
        let begun = Supervision { wall_clock: begun };
        conclude(begun, Some(ExitStatus::from_raw(status))).wall_clock
    }

    #[test]
    fn only_a_whole_supervision_is_effective() {
        let begun = || Some(Effect::Effective);
        assert_eq!(concluded(begun(), 0), begun());
        for status in [3 << 8, 4 << 8, 1 << 8, libc::SIGKILL] {
            assert!(matches!(
                concluded(begun(), status),
                Some(Effect::Ineffective { .. })
            ));
        }
    }

    #[test]
    fn what_could_not_begin_keeps_its_reason() {
        let begun = Some(Effect::ineffective("no ptrace"));
        assert_eq!(concluded(begun.clone(), 3 << 8), begun);
        assert_eq!(concluded(None, libc::SIGKILL), None);
    }
}
