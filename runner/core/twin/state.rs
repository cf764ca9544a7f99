//! What becomes of each factor: as planned, and as the runs then found it.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::conditions::{Conditions, StagingOrder};
use super::counterfactual::only;
use super::factor::{Factor, FactorState};
use super::profile;
use super::variation::Variation;
use crate::manifest::recipe::Profile;

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
        if factor.is_steerable() && only(self, &[factor]).is_none() {
            return same(factor);
        }
        let (a, b) = (&self.a, &self.b);
        let how = match factor {
            Factor::Clock => format!("B is ahead by {} s", b.clock_offset - a.clock_offset),
            Factor::CreatedMtime => staggered(b),
            Factor::SourceMtime => both(a.source_mtime_offset, b.source_mtime_offset),
            Factor::ReaddirOrder => both(word(a.staging), word(b.staging)),
            Factor::Inode => "A lies in memory, B on disk".to_owned(),
            Factor::CpuCount => both(a.cpus.len(), b.cpus.len()),
            Factor::CpuModel => both(&a.cpu_model, &b.cpu_model),
            Factor::CpuFeatures => "B is denied AVX and what came later".to_owned(),
            Factor::Kernel => "B sees a 2.6 release".to_owned(),
            Factor::Uptime => both(a.uptime_offset, b.uptime_offset),
            Factor::BootId => "each run has its own".to_owned(),
            Factor::Aslr => "off in A, on in B".to_owned(),
            Factor::Pids => format!("from {} and {}", a.first_pid, b.first_pid),
            Factor::Entropy | Factor::HashSeed => "real random bytes in both runs".to_owned(),
            Factor::BuildPath => both(&a.build_path, &b.build_path),
            Factor::Home => both(&a.home, &b.home),
            Factor::Tmpdir => both(&a.tmpdir, &b.tmpdir),
            Factor::Umask => both(format!("{:03o}", a.umask), format!("{:03o}", b.umask)),
            Factor::User => both(&a.user, &b.user),
            Factor::Hostname => both(&a.hostname, &b.hostname),
            Factor::Timezone => both(&a.timezone, &b.timezone),
            Factor::Locale => both(&a.locale, &b.locale),
            Factor::Columns => both(a.columns, b.columns),
            Factor::Env => both(a.env.len(), b.env.len()),
            Factor::ParentDir => both(git(a), git(b)),
            Factor::Scheduling => return uncontrolled("the kernel decides"),
        };
        FactorState::Varied { how }
    }
}

/// The state of what was meant to differ and could not be brought to.
pub fn ineffective(reason: impl Into<String>) -> FactorState {
    FactorState::Ineffective {
        reason: reason.into(),
    }
}

/// What to say of a factor in which the conditions of both runs are equal.
fn same(factor: Factor) -> FactorState {
    match factor {
        Factor::CpuCount => ineffective("this machine has a single CPU"),
        Factor::CpuFeatures => ineffective("this CPU cannot fault CPUID"),
        Factor::Pids => {
            ineffective("this kernel does not let a namespace choose its process numbers")
        }
        Factor::Inode => FactorState::Varied {
            how: "inode numbers; both runs lie on the same kind of file system".to_owned(),
        },
        _ if profile::varies(Profile::Hermetic, factor) => uncontrolled("the same in both runs"),
        _ => FactorState::Fixed,
    }
}

fn uncontrolled(reason: &str) -> FactorState {
    FactorState::Uncontrolled {
        reason: reason.to_owned(),
    }
}

fn both(a: impl Display, b: impl Display) -> String {
    format!("{a} and {b}")
}

fn staggered(b: &Conditions) -> String {
    let seconds = b.stagger_ms / 1000;
    format!("each step of B starts {seconds} s or more after A's")
}

fn word(order: StagingOrder) -> &'static str {
    match order {
        StagingOrder::Sorted => "created in order",
        StagingOrder::Reversed => "created in reverse",
    }
}

fn git(conditions: &Conditions) -> &'static str {
    if conditions.stray_git {
        "a stray .git"
    } else {
        "nothing"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::choice::Choice;
    use crate::twin::test_machine::machine;
    use crate::twin::variation::Machine;

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
