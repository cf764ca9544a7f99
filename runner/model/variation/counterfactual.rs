//! Conditions in which chosen factors differ and no other: what confirms, or clears, a suspect.

use super::conditions::Conditions;
use super::factor::Factor;
use super::varied::Variation;

/// Run A's conditions with these factors as run B had them; none if that changes nothing.
pub fn only(variation: &Variation, factors: &[Factor]) -> Option<Conditions> {
    let mut it = variation.a.clone();
    for factor in factors {
        take(&mut it, &variation.b, *factor);
    }
    (it != variation.a).then_some(it)
}

/// Run B's conditions with these factors as run A had them; none if that changes nothing.
pub fn all_but(variation: &Variation, factors: &[Factor]) -> Option<Conditions> {
    let mut it = variation.b.clone();
    for factor in factors {
        take(&mut it, &variation.a, *factor);
    }
    (it != variation.b).then_some(it)
}

/// The factors that differ between the runs and can be varied alone.
pub fn testable(variation: &Variation) -> Vec<Factor> {
    let is_testable = |factor: &Factor| only(variation, &[*factor]).is_some();
    Factor::ALL.into_iter().filter(is_testable).collect()
}

/// Whether a factor is in these conditions what it is in run B's.
pub fn is_varied(variation: &Variation, conditions: &Conditions, factor: Factor) -> bool {
    let mut varied = conditions.clone();
    take(&mut varied, &variation.b, factor);
    varied == *conditions
}

/// Makes one factor what it is in other conditions.
pub fn take(it: &mut Conditions, other: &Conditions, factor: Factor) {
    match factor {
        Factor::Clock => it.clock_offset = other.clock_offset,
        Factor::CreatedMtime => it.file_times_offset = other.file_times_offset,
        Factor::SourceMtime => it.source_mtime_offset = other.source_mtime_offset,
        Factor::ReaddirOrder => {
            it.staging = other.staging;
            it.medium = other.medium;
        }
        Factor::Inode => it.medium = other.medium,
        Factor::CpuCount => it.cpus.clone_from(&other.cpus),
        Factor::Memory => it.memory_withheld = other.memory_withheld,
        Factor::CpuModel => it.cpu_model.clone_from(&other.cpu_model),
        Factor::CpuFeatures => it.instructions = other.instructions,
        Factor::Kernel => it.old_kernel = other.old_kernel,
        Factor::Uptime => {
            it.uptime_offset = other.uptime_offset;
            it.load.clone_from(&other.load);
        }
        Factor::BootId => it.boot_id.clone_from(&other.boot_id),
        Factor::Aslr => it.aslr = other.aslr,
        Factor::Pids => it.first_pid = other.first_pid,
        Factor::BuildPath => it.build_path.clone_from(&other.build_path),
        Factor::OutPath => it.out_path.clone_from(&other.out_path),
        Factor::Home => it.home.clone_from(&other.home),
        Factor::Tmpdir => it.tmpdir.clone_from(&other.tmpdir),
        Factor::Umask => it.umask = other.umask,
        Factor::User => {
            it.uid = other.uid;
            it.gid = other.gid;
            it.user.clone_from(&other.user);
        }
        Factor::Hostname => it.hostname.clone_from(&other.hostname),
        Factor::Timezone => it.timezone.clone_from(&other.timezone),
        Factor::Locale => it.locale.clone_from(&other.locale),
        Factor::Columns => it.columns = other.columns,
        Factor::Env => it.env.clone_from(&other.env),
        Factor::ParentDir => it.stray_git = other.stray_git,
        // Chance falls and the scheduler decides anew in every run.
        Factor::Entropy | Factor::HashSeed | Factor::Scheduling => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variation::choice::Choice;
    use crate::variation::profile::Profile;
    use crate::variation::test_machine::machine;

    fn variation() -> Variation {
        Variation::plan(Profile::Strict, &Choice::default(), &machine(), 1 << 30)
    }

    #[test]
    fn one_factor_and_no_other() {
        let variation = variation();
        let only = only(&variation, &[Factor::Umask]).unwrap();
        assert_eq!(only.umask, variation.b.umask);
        assert_eq!(
            Conditions {
                umask: variation.a.umask,
                ..only
            },
            variation.a
        );
    }

    #[test]
    fn all_testable_factors_together_are_run_b() {
        let variation = variation();
        let all = only(&variation, &testable(&variation)).unwrap();
        let b = &variation.b;
        assert_eq!(Conditions { run: b.run, ..all }, *b);
    }

    #[test]
    fn what_is_steered_has_a_counterfactual_and_nothing_else_has() {
        let variation = variation();
        for factor in Factor::ALL {
            let counterfactual = only(&variation, &[factor]);
            assert_eq!(counterfactual.is_some(), factor.is_steerable(), "{factor}");
        }
    }

    #[test]
    fn all_but_one_is_the_other_half_of_the_pair() {
        let variation = variation();
        let spared = all_but(&variation, &[Factor::Umask]).unwrap();
        let umask = variation.b.umask;
        assert_eq!(Conditions { umask, ..spared }, variation.b);
    }
}
