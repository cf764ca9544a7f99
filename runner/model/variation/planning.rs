//! From a profile, and what a user changes of it, to the conditions of both runs.

use super::choice::Choice;
use super::conditions::{Conditions, RunName};
use super::counterfactual::take;
use super::factor::Factor;
use super::other_machine::{other, plain};
use super::profile;
use super::varied::{Machine, Variation};
use crate::variation::profile::Profile;

impl Variation {
    /// The conditions that a profile and a user ask for on this machine.
    pub fn plan(profile: Profile, choice: &Choice, machine: &Machine, disk_limit: u64) -> Self {
        let a = plain(machine, disk_limit);
        let is_varied = |factor: &Factor| profile::varies(profile, *factor);
        let is_meant = |it: &Factor| is_varied(it) || choice.vary.contains(it);
        let (dropped, meant): (Vec<_>, Vec<_>) = Factor::ALL
            .into_iter()
            .filter(is_meant)
            .partition(|factor| choice.reason_to_fix(*factor).is_some());
        let other = other(&a, machine);
        let mut b = Conditions {
            run: RunName::B,
            ..a.clone()
        };
        for factor in &meant {
            take(&mut b, &other, *factor);
        }
        // Last: two factors may share a mechanism, and what is to be held still counts.
        for factor in &dropped {
            take(&mut b, &a, *factor);
        }
        Self::between(profile, choice, a, b)
    }

    /// How two runs under these conditions were to differ, as a profile and a user asked.
    pub fn between(profile: Profile, choice: &Choice, a: Conditions, b: Conditions) -> Self {
        let is_meant = |it: &Factor| profile::varies(profile, *it) || choice.vary.contains(it);
        let dropped = Factor::ALL.into_iter().filter(is_meant);
        let reason = |factor: Factor| Some((factor, choice.reason_to_fix(factor)?.clone()));
        Self {
            profile,
            dropped: dropped.filter_map(reason).collect(),
            a,
            b,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::sandbox_spec::operation::Medium;
    use crate::variation::test_machine::machine;

    fn hermetic(choice: &Choice, disk_limit: u64) -> Variation {
        Variation::plan(Profile::Hermetic, choice, &machine(), disk_limit)
    }

    #[test]
    fn what_does_not_fit_into_memory_lies_on_disk() {
        let variation = hermetic(&Choice::default(), 1 << 40);
        assert_eq!(variation.a.medium, Medium::Disk);
    }

    #[test]
    fn a_machine_has_one_clock() {
        let variation = hermetic(&Choice::default(), 0);
        assert_eq!(variation.b.file_times_offset, variation.b.clock_offset);
        assert!(variation.b.clock_offset > 366 * 86_400);
    }

    #[test]
    fn single_factors_are_added_and_dropped() {
        let mut choice = Choice {
            vary: [Factor::Umask].into(),
            ..Choice::default()
        };
        choice.fix_for("clock=the licence check is real").unwrap();
        choice.fix_for("inode=the disk is full").unwrap();
        let chosen = hermetic(&choice, 1 << 30);
        let usual = hermetic(&Choice::default(), 1 << 30);
        let expected = Conditions {
            umask: 0o002,
            clock_offset: 0,
            file_times_offset: 0,
            medium: Medium::Memory,
            ..usual.b
        };
        assert_eq!(chosen.b, expected);
        let expected = [Factor::CreatedMtime, Factor::Clock, Factor::Inode];
        assert_eq!(
            chosen.dropped.keys().copied().collect::<BTreeSet<_>>(),
            expected.into()
        );
    }
}
