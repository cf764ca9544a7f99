//! Conditions in which chosen factors differ and no other: what confirms, or clears, a suspect.

use super::conditions::Conditions;
use super::factor::Factor;
use super::variation::Variation;

/// Run A's conditions with these factors as run B had them; none if that changes nothing.
pub fn only(variation: &Variation, factors: &[Factor]) -> Option<Conditions> {
    let mut it = variation.a.clone();
    for factor in factors {
        vary(&mut it, &variation.b, *factor);
    }
    (it != variation.a).then_some(it)
}

/// The factors that differ between the runs and can be varied alone.
pub fn testable(variation: &Variation) -> Vec<Factor> {
    Factor::ALL
        .into_iter()
        .filter(|factor| only(variation, &[*factor]).is_some())
        .collect()
}

fn vary(it: &mut Conditions, b: &Conditions, factor: Factor) {
    match factor {
        Factor::Clock => it.clock_offset = b.clock_offset,
        Factor::SourceMtime => it.source_mtime_offset = b.source_mtime_offset,
        Factor::ReaddirOrder => {
            it.staging = b.staging;
            it.medium = b.medium;
        }
        Factor::Inode => it.medium = b.medium,
        Factor::CpuCount => it.cpus.clone_from(&b.cpus),
        Factor::Kernel => it.old_kernel = b.old_kernel,
        Factor::Uptime => it.uptime_offset = b.uptime_offset,
        Factor::Aslr => it.aslr = b.aslr,
        Factor::Pids => it.first_pid = b.first_pid,
        Factor::BuildPath => it.build_path.clone_from(&b.build_path),
        Factor::Home => it.home.clone_from(&b.home),
        Factor::Tmpdir => it.tmpdir.clone_from(&b.tmpdir),
        Factor::Umask => it.umask = b.umask,
        Factor::User => {
            it.uid = b.uid;
            it.gid = b.gid;
            it.user.clone_from(&b.user);
        }
        Factor::Hostname => it.hostname.clone_from(&b.hostname),
        Factor::Timezone => it.timezone.clone_from(&b.timezone),
        Factor::Locale => it.locale.clone_from(&b.locale),
        Factor::Columns => it.columns = b.columns,
        Factor::Env => it.env.clone_from(&b.env),
        Factor::ParentDir => it.stray_git = b.stray_git,
        // Time passes, chance falls and the scheduler decides in every run: the control run shows them.
        Factor::CreatedMtime
        | Factor::CpuFeatures
        | Factor::BootId
        | Factor::Entropy
        | Factor::HashSeed
        | Factor::Scheduling => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::recipe::Profile;
    use crate::twin::variation::Machine;

    fn variation() -> Variation {
        let machine = Machine {
            cpus: vec![0, 1],
            tmpfs_budget: 8 << 30,
            chooses_pids: true,
        };
        Variation::plan(Profile::Strict, &machine, 1 << 30)
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
        assert_eq!(
            Conditions {
                run: b.run,
                stagger_ms: b.stagger_ms,
                ..all
            },
            *b
        );
    }

    #[test]
    fn what_nothing_can_hold_still_has_no_counterfactual() {
        for factor in [Factor::CreatedMtime, Factor::Entropy, Factor::Scheduling] {
            assert_eq!(only(&variation(), &[factor]), None);
        }
    }
}
