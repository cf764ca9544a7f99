//! On which processor a process runs.

use nix::sched::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
use nix::unistd::Pid;

/// Moves a process that was just born to another processor. The kernel may have put it in line
/// behind this process, which runs on: what is to happen at once would happen one after the other.
///
/// Where there is no other, or too many to be named, it stays. It may run everywhere afterwards.
pub(crate) fn part_with(pid: i32) {
    let pid = Pid::from_raw(pid);
    if let Ok(all) = sched_getaffinity(pid)
        && let Some(others) = without_this_one(all)
        && sched_setaffinity(pid, &others).is_ok()
    {
        // The kernel takes back what it gave, unless processors were taken from all meanwhile.
        let _widened = sched_setaffinity(pid, &all);
    }
}

/// The set without the processor that this process runs on, unless nothing is left of it.
fn without_this_one(mut set: CpuSet) -> Option<CpuSet> {
    set.unset(sched_getcpu().ok()?).ok()?;
    let is_set = |cpu| set.is_set(cpu) == Ok(true);
    (0..CpuSet::count()).any(is_set).then_some(set)
}
