//! What a run's own process saw of each factor: the proof that what was varied did differ.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::factor::{Factor, FactorState};
use super::other_machine::COARSEST_MS;
use super::state::ineffective;
use super::variation::Variation;
use crate::supervision::{Effect, Supervision};

/// What the first step of a run saw around it, just before its program began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sighting(pub BTreeMap<Factor, String>);

/// What is known of one run besides its plan.
#[derive(Clone, Copy, Debug)]
pub struct Witness<'a> {
    /// What its first step saw.
    pub sighting: &'a Sighting,
    /// What its supervisor says of itself.
    pub supervision: &'a Supervision,
    /// How close it came to the other run in the writing of a file, in milliseconds.
    pub apart_ms: Option<u64>,
}

/// Room for what was seen, in a reason.
const SHOWN: usize = 60;

impl Variation {
    /// What became of each factor: as planned, unless the runs saw otherwise.
    pub fn found(&self, a: Witness<'_>, b: Witness<'_>) -> BTreeMap<Factor, FactorState> {
        let mut states = self.states();
        let varied = states.iter_mut();
        for (factor, state) in varied.filter(|(_, it)| matches!(it, FactorState::Varied { .. })) {
            if let Some(flaw) = flaw(*factor, a, b) {
                *state = ineffective(flaw);
            }
        }
        states
    }
}

/// Why a factor that was to differ did not; none if it was seen to.
fn flaw(factor: Factor, a: Witness<'_>, b: Witness<'_>) -> Option<String> {
    let of = |effect: &Option<Effect>| match effect {
        Some(Effect::Effective) => None,
        Some(Effect::Ineffective { reason }) => Some(reason.clone()),
        None => Some("no supervisor was asked for it".to_owned()),
    };
    match factor {
        Factor::Clock => of(&b.supervision.wall_clock),
        Factor::CpuFeatures => of(&b.supervision.instructions),
        Factor::CreatedMtime => too_close(b.apart_ms),
        _ => match (a.sighting.0.get(&factor), b.sighting.0.get(&factor)) {
            (Some(a), Some(b)) if a != b => None,
            (Some(a), Some(_)) => Some(format!("both runs saw {}", shown(a))),
            _ => Some("there was nothing to see it by".to_owned()),
        },
    }
}

fn too_close(apart_ms: Option<u64>) -> Option<String> {
    match apart_ms {
        None => Some("the runs left no file that both wrote".to_owned()),
        Some(apart) if apart <= COARSEST_MS => {
            Some(format!("both runs wrote a file within {apart} ms"))
        }
        Some(_) => None,
    }
}

/// The first line, and not all of a long one.
fn shown(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::recipe::Profile;
    use crate::twin::choice::Choice;
    use crate::twin::test_machine::machine;
    use crate::twin::variation::Machine;

    fn found(b: &[(Factor, &str)], clock: Effect) -> BTreeMap<Factor, FactorState> {
        let machine = Machine {
            faults_cpuid: false,
            ..machine()
        };
        let variation = Variation::plan(Profile::Strict, &Choice::default(), &machine, 1 << 30);
        let of = |seen: &[(Factor, &str)]| {
            let seen = seen
                .iter()
                .map(|(factor, text)| (*factor, (*text).to_owned()));
            Sighting(seen.collect())
        };
        let a = of(&[(Factor::Umask, "022"), (Factor::Timezone, "UTC")]);
        let plain = Supervision::default();
        let shifted = Supervision {
            wall_clock: Some(clock),
            ..Supervision::default()
        };
        let witness = |sighting, supervision| Witness {
            sighting,
            supervision,
            apart_ms: Some(2_500),
        };
        variation.found(witness(&a, &plain), witness(&of(b), &shifted))
    }

    #[test]
    fn what_was_seen_to_differ_is_varied() {
        let states = found(&[(Factor::Umask, "002")], Effect::Effective);
        assert_eq!(states[&Factor::Umask].word(), "varied");
        assert_eq!(states[&Factor::Clock].word(), "varied");
    }

    #[test]
    fn what_a_recipe_sets_itself_is_not() {
        let states = found(&[(Factor::Timezone, "UTC")], Effect::Effective);
        let state = &states[&Factor::Timezone];
        assert_eq!(state, &ineffective("both runs saw UTC"));
    }

    #[test]
    fn what_nobody_saw_is_not_believed() {
        let states = found(&[], Effect::ineffective("no ptrace"));
        assert_eq!(states[&Factor::Umask].word(), "ineffective");
        assert_eq!(states[&Factor::Clock], ineffective("no ptrace"));
        assert_eq!(states[&Factor::Scheduling].word(), "uncontrolled");
    }
}
