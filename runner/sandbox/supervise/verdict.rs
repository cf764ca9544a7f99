//! What a supervisor has to say in the end.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use zwieback_model::supervision::{Effect, Supervision};

/// What did not go as it should, and which programs were started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    flaws: BTreeSet<Flaw>,
    /// The names of their files, without folders.
    programs: BTreeSet<String>,
}

/// As many programs are named: a step may start any number, each under a name of its own.
const MOST_PROGRAMS: usize = 256;
/// A name is no longer.
const LONGEST_NAME: usize = 64;

/// Something that a supervised program may have seen as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Flaw {
    /// Of some program the vDSO could not be hidden.
    ClockSeen,
    /// Some deadline could not be moved.
    DeadlineKept,
    /// Of some file the time could not be moved.
    FileTimeSeen,
    /// A program set a time that no file of a later machine can have been shown to have.
    FileTimeBetween,
    /// Some program could ask how much memory there is.
    MemorySeen,
    /// Some program could ask the CPU.
    CpuSeen,
}

impl Verdict {
    /// Notes a flaw.
    pub(crate) fn note(&mut self, flaw: Flaw) {
        self.flaws.insert(flaw);
    }

    /// Notes a program that was started.
    pub(crate) fn start(&mut self, name: String) {
        if self.programs.len() < MOST_PROGRAMS && name.len() <= LONGEST_NAME {
            self.programs.insert(name);
        }
    }

    /// The programs that were started.
    pub(crate) fn into_programs(self) -> BTreeSet<String> {
        self.programs
    }
}

/// Why neither the vDSO nor the random bytes of a start could be changed.
const UNREAD: &str = "the memory of a program that started could not be read";

/// What came of a supervision that began like this, when the supervisor has said that. One whose end
/// nobody has heard of has proved nothing.
pub(crate) fn conclude(begun: Supervision, end: Option<&Verdict>) -> Supervision {
    let flaw = |flaws: &[(Flaw, &'static str)]| match end {
        None => Some("the supervisor did not live to its end"),
        Some(Verdict { flaws: seen, .. }) => flaws
            .iter()
            .find_map(|(flaw, why)| seen.contains(flaw).then_some(*why)),
    };
    let clock = flaw(&[
        (Flaw::ClockSeen, UNREAD),
        (
            Flaw::DeadlineKept,
            "a wait by the wall clock could not be moved",
        ),
    ]);
    let files = flaw(&[
        (
            Flaw::FileTimeSeen,
            "the time of some file could not be moved",
        ),
        (
            Flaw::FileTimeBetween,
            "a program gave a file a time between that of run A and that of run B",
        ),
    ]);
    let memory = flaw(&[(
        Flaw::MemorySeen,
        "a program could ask how much memory there is",
    )]);
    let cpu = flaw(&[(Flaw::CpuSeen, "a program that started could ask the CPU")]);
    let entropy = flaw(&[(Flaw::ClockSeen, UNREAD)]);
    Supervision {
        wall_clock: begun.wall_clock.map(|begun| degraded(begun, clock)),
        file_times: begun.file_times.map(|begun| degraded(begun, files)),
        memory: begun.memory.map(|begun| degraded(begun, memory)),
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
    use super::*;

    fn concluded(begun: Option<Effect>, end: Option<&[Flaw]>) -> Option<Effect> {
        let begun = Supervision {
            wall_clock: begun,
            ..Supervision::default()
        };
        let end = end.map(|flaws| Verdict {
            flaws: flaws.iter().copied().collect(),
            ..Verdict::default()
        });
        conclude(begun, end.as_ref()).wall_clock
    }

    #[test]
    fn only_a_whole_supervision_is_effective() {
        let begun = || Some(Effect::Effective);
        assert_eq!(concluded(begun(), Some(&[])), begun());
        let of_the_cpu = concluded(begun(), Some(&[Flaw::CpuSeen]));
        assert_eq!(of_the_cpu, begun());
        for end in [
            Some(&[Flaw::ClockSeen][..]),
            Some(&[Flaw::DeadlineKept]),
            Some(&[Flaw::CpuSeen, Flaw::ClockSeen]),
            None,
        ] {
            let effect = concluded(begun(), end);
            assert!(
                matches!(effect, Some(Effect::Ineffective { .. })),
                "{end:?}"
            );
        }
    }

    #[test]
    fn what_could_not_begin_keeps_its_reason() {
        let begun = Some(Effect::ineffective("no ptrace"));
        let end = concluded(begun.clone(), Some(&[Flaw::ClockSeen]));
        assert_eq!(end, begun);
        assert_eq!(concluded(None, None), None);
    }
}
