//! Two machines: the plain one of run A, and one that has nothing in common with it.

use std::collections::BTreeMap;

use super::conditions::{Conditions, OUT, RunName, StagingOrder};
use super::varied::Machine;
use crate::sandbox_spec::identity::{Entropy, Instructions};
use crate::sandbox_spec::operation::Medium;

/// 400 d 7 h 13 m 17 s: another year, month, weekday, hour, minute and second.
const CLOCK_OFFSET: i64 = ((400 * 24 + 7) * 60 + 13) * 60 + 17;

/// A fortnight and some: another day, hour and minute of the time since boot.
const UPTIME_OFFSET: i64 = 1_299_827;

/// Memory comes in pages of this size or of a multiple of it.
const LARGEST_PAGE: u64 = 64 << 10;

/// What a run finds unless something is varied.
pub fn plain(machine: &Machine, disk_limit: u64) -> Conditions {
    Conditions {
        run: RunName::A,
        build_path: "/build".into(),
        out_path: OUT.into(),
        home: "/tmp/home".into(),
        tmpdir: "/tmp".into(),
        uid: 1000,
        gid: 1000,
        user: "build".into(),
        hostname: "localhost".into(),
        umask: 0o022,
        timezone: "UTC".into(),
        locale: "C.UTF-8".into(),
        columns: 80,
        env: BTreeMap::new(),
        staging: StagingOrder::Sorted,
        medium: if disk_limit <= machine.tmpfs_budget {
            Medium::Memory
        } else {
            Medium::Disk
        },
        source_mtime_offset: 0,
        cpus: machine.cpus.clone(),
        memory: machine.memory,
        memory_withheld: 0,
        clock_offset: 0,
        file_times_offset: 0,
        uptime_offset: 0,
        boot_id: "11111111-2222-4333-8444-555555555555".into(),
        load: "0.00 0.00 0.00 1/1 1".into(),
        cpu_model: "a processor".into(),
        instructions: Instructions::Own,
        entropy: Entropy::Drawn,
        aslr: false,
        old_kernel: false,
        first_pid: 2,
        stray_git: false,
    }
}

/// What it would find on a machine that differs from `a` in every factor that can be steered.
pub fn other(a: &Conditions, machine: &Machine) -> Conditions {
    Conditions {
        run: RunName::B,
        staging: StagingOrder::Reversed,
        medium: Medium::Disk,
        // The last ones, so that a single-threaded step of A keeps the first to itself.
        cpus: machine.cpus[usize::from(machine.cpus.len() > 1)..].to_vec(),
        memory: a.memory,
        // Less and not more: a build that takes what it is told of must find it.
        memory_withheld: a.memory / 4 / LARGEST_PAGE * LARGEST_PAGE,
        clock_offset: CLOCK_OFFSET,
        file_times_offset: CLOCK_OFFSET,
        uptime_offset: UPTIME_OFFSET,
        boot_id: "99999999-8888-4777-a666-555555555555".into(),
        load: "1.23 0.98 0.76 2/99 8000".into(),
        cpu_model: "another processor of a later make".into(),
        instructions: if machine.faults_cpuid {
            Instructions::Plain
        } else {
            Instructions::Own
        },
        entropy: Entropy::Drawn,
        aslr: true,
        old_kernel: true,
        first_pid: if machine.chooses_pids {
            7_777
        } else {
            a.first_pid
        },
        build_path: "/build/elsewhere/of-another-length".into(),
        out_path: format!("{OUT}/elsewhere/of-another-length"),
        home: "/tmp/home-of-another-user".into(),
        tmpdir: "/tmp/elsewhere".into(),
        uid: 1234,
        gid: 2345,
        user: "builder".into(),
        hostname: "another-host".into(),
        umask: 0o002,
        // Without another language C itself: it differs from C.UTF-8 in what is a letter.
        locale: machine.locale.clone().unwrap_or_else(|| "C".into()),
        // POSIX form, which needs no zone database: 14 hours ahead of UTC.
        timezone: "XXX-14".into(),
        columns: 133,
        env: BTreeMap::from([(
            "ZWIEBACK_STRAY".into(),
            "a variable of another machine".into(),
        )]),
        source_mtime_offset: -86_399,
        stray_git: true,
    }
}
