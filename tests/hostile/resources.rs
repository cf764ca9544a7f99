//! Recipes that take more than they may: each ends with its reason, its code and nothing left.

use crate::corpus::{compile, recipe};
use crate::host::Host;
use crate::trial::Trial;

/// The exit code of a run that reached a limit.
const LIMIT: i32 = 101;

/// Trials of this kind.
pub(crate) const TRIALS: &[Trial] = &[
    ("resources_memory", |host| {
        bomb(host, "memory", "memory = \"200 MiB\"", "memory");
    }),
    ("resources_shared_memory", |host| {
        bomb(host, "shared-memory", "memory = \"200 MiB\"", "memory");
    }),
    ("resources_memory_of_many", |host| {
        bomb(host, "many-memories", "memory = \"200 MiB\"", "memory");
    }),
    ("resources_processes", |host| {
        bomb(host, "processes", "processes = 60", "processes");
    }),
    ("resources_disk_of_work", |host| {
        bomb(host, "fill /build", "disk = \"24 MiB\"", "disk");
    }),
    ("resources_disk_of_outputs", |host| {
        bomb(host, "fill $OUT", "disk = \"24 MiB\"", "disk");
    }),
    ("resources_disk_of_scratch", |host| {
        bomb(host, "fill /tmp", "disk = \"24 MiB\"", "disk");
    }),
    ("resources_inodes", |host| {
        bomb(host, "inodes /tmp", "disk = \"24 MiB\"", "disk");
    }),
    ("resources_log", |host| {
        // Of ten gibibytes, as far as it gets.
        bomb(host, "talk", "log = \"1 MiB\"", "log");
    }),
    ("resources_time_ignoring_signals", |host| {
        bomb(host, "ignore", "time = \"3 s\"", "time");
    }),
    ("resources_time_stopped", |host| {
        bomb(host, "stop", "time = \"3 s\"", "time");
    }),
    ("resources_shared_memory_files", |host| {
        // A place of its own, so small that the write fails and the step may go on.
        let script = "if head -c 1G /dev/zero > /dev/shm/full; then exit 9; fi\n\
                      rm /dev/shm/full\necho held > $OUT/report";
        recipe(host, "shm", script, "");
        host.build("shm").expect(0, &["No space left on device"]);
    }),
];

fn bomb(host: &Host, arguments: &str, limits: &str, reason: &str) {
    let script = compile(host, include_str!("bomb.c")) + &format!("./probe {arguments}\n");
    recipe(host, "bomb", &script, &format!("\n[limits]\n{limits}\n"));
    let ended = host.build("bomb");
    ended.expect(LIMIT, &[&format!("reached its limit of {reason}")]);
}
