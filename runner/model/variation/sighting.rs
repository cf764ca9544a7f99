//! What probes in a run's own processes saw of each factor: the proof that what was varied did differ.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::claim::Claim;
use super::expected::Expected;
use super::factor::{Factor, FactorState};
use super::state::{ineffective, uncontrolled};
use super::varied::Variation;
use crate::sandbox_spec::environment::Environment;
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
}

/// Factors that a program finds in a variable of its environment.
pub const VARIABLES: [(&str, Factor); 6] = [
    ("OUT", Factor::OutPath),
    ("HOME", Factor::Home),
    ("TMPDIR", Factor::Tmpdir),
    ("TZ", Factor::Timezone),
    ("LC_ALL", Factor::Locale),
    ("COLUMNS", Factor::Columns),
];

/// Variables that give a language run time the seed of its hash tables.
const SEEDS: [&str; 3] = ["PYTHONHASHSEED", "PERL_HASH_SEED", "PERL_PERTURB_KEYS"];

/// Room for what was seen, in a reason.
const SHOWN: usize = 60;

impl Variation {
    /// What became of each factor: as planned, unless the runs saw otherwise.
    pub fn found(&self, a: Witness<'_>, b: Witness<'_>) -> BTreeMap<Factor, FactorState> {
        let mut states = self.states();
        for (factor, state) in &mut states {
            match state {
                FactorState::Varied { .. } => {
                    if let Some(flaw) = self.flaw(*factor, a, b) {
                        *state = ineffective(flaw);
                    }
                }
                FactorState::Fixed => {
                    if let Some(difference) = difference(*factor, a, b) {
                        *state = uncontrolled(difference);
                    }
                }
                FactorState::Ineffective { .. }
                | FactorState::Dropped { .. }
                | FactorState::Uncontrolled { .. } => {}
            }
        }
        states
    }

    /// Why a factor that was to differ did not; none if each run saw what was planned for it.
    fn flaw(&self, factor: Factor, a: Witness<'_>, b: Witness<'_>) -> Option<String> {
        let claim = match self.claim(factor) {
            Ok(claim) => claim,
            Err(reason) => return Some(reason.to_owned()),
        };
        let supervised = match factor {
            Factor::Clock => flaw_of(b.supervision.wall_clock.as_ref()),
            Factor::CpuFeatures => flaw_of(b.supervision.instructions.as_ref()),
            Factor::Memory => flaw_of(b.supervision.memory.as_ref()),
            Factor::CreatedMtime => flaw_of(b.supervision.file_times.as_ref()),
            _ => None,
        };
        supervised.or_else(
            || match (a.sighting.0.get(&factor), b.sighting.0.get(&factor)) {
                (Some(a), Some(b)) => contradicted(factor, &claim, a, b),
                _ => Some("there was nothing to see it by".to_owned()),
            },
        )
    }
}

impl Sighting {
    /// Takes in what a later step is given otherwise than the one that looked.
    pub fn heed(&mut self, step: &Environment) {
        for (name, factor) in VARIABLES {
            if let Some(value) = step.get(name) {
                self.0.insert(factor, value.clone());
            }
        }
        self.0
            .extend(seed(step).map(|seed| (Factor::HashSeed, seed)));
    }
}

/// The seed that an environment gives to a language run time.
pub fn seed(environment: &Environment) -> Option<String> {
    SEEDS.iter().find_map(|name| {
        let value = environment.get(*name)?;
        (value != "random").then(|| format!("{name}={value}"))
    })
}

/// What the supervisor, which sees every program of a run, has against a claim.
fn flaw_of(effect: Option<&Effect>) -> Option<String> {
    match effect {
        Some(Effect::Effective) => None,
        Some(Effect::Ineffective { reason }) => Some(reason.clone()),
        None => Some("no supervisor was asked for it".to_owned()),
    }
}

/// What was planned and what was seen, where that is not the same.
fn contradicted(factor: Factor, claim: &Claim, a: &str, b: &str) -> Option<String> {
    let [plan_a, plan_b] = &claim.sees;
    if !differ(factor, a, b) {
        let seen = shown(a);
        return Some(match (plan_a, plan_b) {
            (Expected::Anything, Expected::Anything) => format!("both runs saw {seen}"),
            _ => format!("both runs saw {seen}; A was to see {plan_a}, and B {plan_b}"),
        });
    }
    let missed = |run: &str, plan: &Expected, seen: &str| {
        let is_missed = !plan.is_met_by(seen);
        is_missed.then(|| format!("{run} was to see {plan}, and saw {}", shown(seen)))
    };
    missed("A", plan_a, a).or_else(|| missed("B", plan_b, b))
}

/// Chance is seen by more than one word, each of which must have been drawn anew.
fn differ(factor: Factor, a: &str, b: &str) -> bool {
    match factor {
        Factor::Entropy => a.split(' ').zip(b.split(' ')).all(|(a, b)| a != b),
        _ => a != b,
    }
}

/// What two runs saw of a factor that was to be the same for them.
fn difference(factor: Factor, a: Witness<'_>, b: Witness<'_>) -> Option<String> {
    let (a, b) = (a.sighting.0.get(&factor)?, b.sighting.0.get(&factor)?);
    (a != b).then(|| format!("A saw {}, and B {}", shown(a), shown(b)))
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
