//! What becomes of each factor: as planned, and as the runs then found it.

use std::collections::BTreeMap;

use super::counterfactual::only;
use super::factor::{Factor, FactorState};
use super::profile;
use super::varied::Variation;
use crate::variation::profile::Profile;

impl Variation {
    /// What the plan makes of each factor. What the kernel then refuses is found by the runs.
    pub fn states(&self) -> BTreeMap<Factor, FactorState> {
        Factor::ALL
            .into_iter()
            .map(|factor| (factor, self.state(factor)))
            .collect()
    }

    /// The factors that differ, for one line on the screen.
    pub fn varied(&self) -> Vec<Factor> {
        let varied = |factor: &Factor| matches!(self.state(*factor), FactorState::Varied { .. });
        Factor::ALL.into_iter().filter(varied).collect()
    }

    fn state(&self, factor: Factor) -> FactorState {
        if let Some(reason) = self.dropped.get(&factor) {
            let reason = reason.as_str().to_owned();
            return FactorState::Dropped { reason };
        }
        // Inode numbers differ between two places on one disk as well.
        let is_equal = factor.is_steerable() && only(self, &[factor]).is_none();
        if is_equal && factor != Factor::Inode {
            return same(factor);
        }
        match self.claim(factor) {
            Ok(claim) => FactorState::Varied { how: claim.how },
            Err(reason) => uncontrolled(reason),
        }
    }
}

/// The state of what was meant to differ and could not be brought to.
pub fn ineffective(reason: impl Into<String>) -> FactorState {
    FactorState::Ineffective {
        reason: reason.into(),
    }
}

/// The state of what nothing holds still and nothing varies.
pub fn uncontrolled(reason: impl Into<String>) -> FactorState {
    FactorState::Uncontrolled {
        reason: reason.into(),
    }
}

/// What to say of a factor in which the conditions of both runs are equal.
fn same(factor: Factor) -> FactorState {
    match factor {
        Factor::CpuCount => ineffective("this machine has a single CPU"),
        Factor::Memory => ineffective("this kernel does not say how much memory there is"),
        Factor::CpuFeatures => ineffective("this CPU cannot fault CPUID"),
        Factor::Pids => {
            ineffective("this kernel does not let a namespace choose its process numbers")
        }
        _ if profile::varies(Profile::Hermetic, factor) => uncontrolled("the same in both runs"),
        _ => FactorState::Fixed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variation::choice::Choice;
    use crate::variation::test_machine::machine;
    use crate::variation::varied::Machine;

    fn variation(profile: Profile) -> Variation {
        Variation::plan(profile, &Choice::default(), &machine(), 1 << 30)
    }

    #[test]
    fn every_factor_is_what_its_profile_says() {
        for profile in [Profile::Hermetic, Profile::Strict] {
            for (factor, state) in variation(profile).states() {
                let expected = match factor {
                    Factor::Scheduling => "uncontrolled",
                    _ if profile::varies(profile, factor) => "varied",
                    _ => "fixed",
                };
                assert_eq!(state.word(), expected, "{factor}, {}", profile.as_str());
            }
        }
    }

    #[test]
    fn what_was_dropped_says_why() {
        let mut choice = Choice::default();
        choice.fix_for("locale=upstream knows only C").unwrap();
        let variation = Variation::plan(Profile::Strict, &choice, &machine(), 1 << 30);
        let state = &variation.states()[&Factor::Locale];
        assert_eq!(state.word(), "dropped");
        assert_eq!(state.detail(), Some("upstream knows only C"));
        assert!(!variation.varied().contains(&Factor::Locale));
    }

    #[test]
    fn what_this_machine_cannot_vary_is_said_to_be_ineffective() {
        let machine = Machine {
            cpus: vec![3],
            chooses_pids: false,
            faults_cpuid: false,
            locale: None,
            ..machine()
        };
        let variation = Variation::plan(Profile::Strict, &Choice::default(), &machine, 1 << 30);
        let states = variation.states();
        for factor in [Factor::CpuCount, Factor::Pids, Factor::CpuFeatures] {
            assert_eq!(states[&factor].word(), "ineffective", "{factor}");
        }
        assert_eq!(variation.b.cpus, [3]);
    }
}
