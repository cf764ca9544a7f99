//! What a supervisor has to say in the end, and how it gets to the runner.

use std::process::{ExitCode, ExitStatus};

use zwieback_core::supervision::{Effect, Supervision};

/// What did not go as it should. It travels as the zygote's exit status, since the zygote speaks
/// to nobody while steps run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict(u8);

/// A flaw, as a bit. The lowest is taken: 1 is the end of a zygote that failed before it had
/// anything to supervise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Flaw {
    /// Of some program the vDSO could not be hidden.
    ClockSeen = 2,
    /// Some deadline could not be moved.
    DeadlineKept = 4,
    /// Some program could ask the CPU.
    CpuSeen = 8,
}

impl Verdict {
    /// Notes a flaw.
    pub(crate) fn note(&mut self, flaw: Flaw) {
        self.0 |= flaw as u8;
    }

    /// As an exit code.
    pub(crate) fn exit_code(self) -> ExitCode {
        self.0.into()
    }

    fn has(self, flaw: Flaw) -> bool {
        self.0 & flaw as u8 != 0
    }
}

/// Why neither the vDSO nor the random bytes of a start could be changed.
const UNREAD: &str = "the memory of a program that started could not be read";

/// What came of a supervision that began like this, when the zygote has ended so. A supervisor
/// whose end nobody has seen has proved nothing.
pub(crate) fn conclude(begun: Supervision, end: Option<ExitStatus>) -> Supervision {
    let code = end.and_then(|end| u8::try_from(end.code()?).ok());
    let verdict = code.filter(|code| code & 1 == 0).map(Verdict);
    let flaw = |flaws: &[(Flaw, &'static str)]| match verdict {
        None => Some("the supervisor did not live to its end"),
        Some(verdict) => flaws
            .iter()
            .find_map(|(it, why)| verdict.has(*it).then_some(*why)),
    };
    let clock = flaw(&[
        (Flaw::ClockSeen, UNREAD),
        (
            Flaw::DeadlineKept,
            "a wait by the wall clock could not be moved",
        ),
    ]);
    let cpu = flaw(&[(Flaw::CpuSeen, "a program that started could ask the CPU")]);
    let entropy = flaw(&[(Flaw::ClockSeen, UNREAD)]);
    Supervision {
        wall_clock: begun.wall_clock.map(|begun| degraded(begun, clock)),
        instructions: begun.instructions.map(|begun| degraded(begun, cpu)),
        entropy: begun.entropy.map(|begun| degraded(begun, entropy)),
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
        let begun = Supervision {
            wall_clock: begun,
            ..Supervision::default()
        };
        conclude(begun, Some(ExitStatus::from_raw(status))).wall_clock
    }

    #[test]
    fn only_a_whole_supervision_is_effective() {
        let begun = || Some(Effect::Effective);
        assert_eq!(concluded(begun(), 0), begun());
        assert_eq!(concluded(begun(), 8 << 8), begun(), "that was the CPU's");
        for status in [2 << 8, 4 << 8, 1 << 8, 14 << 8, libc::SIGKILL] {
            assert!(matches!(
                concluded(begun(), status),
                Some(Effect::Ineffective { .. })
            ));
        }
    }

    #[test]
    fn what_could_not_begin_keeps_its_reason() {
        let begun = Some(Effect::ineffective("no ptrace"));
        assert_eq!(concluded(begun.clone(), 2 << 8), begun);
        assert_eq!(concluded(None, libc::SIGKILL), None);
    }
}
