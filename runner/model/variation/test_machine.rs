//! The machine that tests plan for: two CPUs and every mechanism.

use super::varied::Machine;

/// A machine of which everything can be varied but its language.
pub(super) fn machine() -> Machine {
    Machine {
        cpus: vec![0, 1],
        memory: 16 << 30,
        tmpfs_budget: 8 << 30,
        chooses_pids: true,
        faults_cpuid: true,
        locale: None,
    }
}
