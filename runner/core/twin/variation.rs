//! How run A and run B differ: a profile, and what a user changes of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::choice::{Choice, Reason};
use super::conditions::{Conditions, RunName};
use super::counterfactual::take;
use super::factor::Factor;
use super::other_machine::{other, plain};
use super::profile;
use crate::manifest::recipe::Profile;

/// What the planner has to know of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// CPUs that this process may use; never empty.
    pub cpus: Vec<u16>,
    /// Bytes that a run may take in memory for its writable places.
    pub tmpfs_budget: u64,
    /// Whether the first process number of a namespace can be chosen (`ns_last_pid`).
    pub chooses_pids: bool,
    /// Whether the CPU can be told to fault where a program asks it what it is.
    pub faults_cpuid: bool,
    /// A locale that the steps' tools know and whose order and words are not those of C.
    pub locale: Option<String>,
}

/// The conditions of both runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variation {
    /// The profile they were made for.
    pub profile: Profile,
    /// The factors that the profile varies and the user had held still.
    pub dropped: BTreeMap<Factor, Reason>,
    /// The plain run.
    pub a: Conditions,
    /// The varied run.
    pub b: Conditions,
}

impl Variation {
    /// The conditions that a profile and a user ask for on this machine.
    pub fn plan(profile: Profile, choice: &Choice, machine: &Machine, disk_limit: u64) -> Self {
        let a = plain(machine, disk_limit);
        let is_varied = |factor: &Factor| profile::varies(profile, *factor);
        let is_meant = |it: &Factor| is_varied(it) || choice.vary.contains(it);
        let (dropped, meant): (Vec<_>, Vec<_>) = Factor::ALL
            .into_iter()
            .filter(is_meant)
            .partition(|it| choice.fix.contains_key(it));
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
        let reason = |it: &Factor| Some((*it, choice.fix.get(it)?.clone()));
        Self {
            profile,
            dropped: dropped.iter().filter_map(reason).collect(),
            a,
            b,
        }
    }

    /// The conditions of one run.
    pub fn conditions(&self, run: RunName) -> &Conditions {
        match run {
            RunName::A => &self.a,
            RunName::B => &self.b,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox_spec::operation::Medium;

    fn machine() -> Machine {
        Machine {
            cpus: vec![0, 1],
            tmpfs_budget: 8 << 30,
            chooses_pids: true,
            faults_cpuid: true,
            locale: None,
        }
    }

    fn hermetic(choice: &Choice, disk_limit: u64) -> Variation {
        Variation::plan(Profile::Hermetic, choice, &machine(), disk_limit)
    }

    #[test]
    fn what_does_not_fit_into_memory_lies_on_disk() {
        let variation = hermetic(&Choice::default(), 1 << 40);
        assert_eq!(variation.a.medium, Medium::Disk);
    }

    #[test]
    fn the_stagger_exceeds_the_coarsest_grain() {
        assert!(hermetic(&Choice::default(), 0).b.stagger_ms > 2_000);
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
            medium: Medium::Memory,
            ..usual.b
        };
        assert_eq!(chosen.b, expected);
        let dropped: Vec<_> = chosen.dropped.keys().collect();
        assert_eq!(dropped, [&Factor::Clock, &Factor::Inode]);
    }
}
