//! What the processes of a sandbox use, by its own process table.

use std::fs;
use std::os::fd::{AsRawFd as _, OwnedFd};

/// Sums over all processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Bytes that would be lost if they were dropped: anonymous and shared memory. Pages of
    /// files are not counted, since the kernel can drop them. What is only reserved is not
    /// counted, which is why this does not trouble Go, the JVM or the sanitizers.
    pub(crate) memory: u64,
    pub(crate) threads: u64,
}

/// The tables of a sandbox, opened inside and read outside.
#[derive(Debug)]
pub(crate) struct Tables {
    /// Its `/proc`.
    pub(crate) proc: OwnedFd,
    /// Its `/proc/sysvipc/shm`; it tells of the namespace in which it was opened.
    pub(crate) shared_memory: Option<OwnedFd>,
}

impl Tables {
    /// Adds up everything. Processes that end meanwhile count as nothing.
    pub(crate) fn tally(&self) -> Tally {
        let mut sum = self.processes();
        sum.memory = sum.memory.saturating_add(self.segments());
        sum
    }

    fn processes(&self) -> Tally {
        let root = format!("/proc/self/fd/{}", self.proc.as_raw_fd());
        let mut sum = Tally::default();
        let Ok(entries) = fs::read_dir(&root) else {
            return sum;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let is_process = name.as_encoded_bytes().iter().all(u8::is_ascii_digit);
            if is_process && let Ok(status) = fs::read_to_string(entry.path().join("status")) {
                let one = read_status(&status);
                sum.memory = sum.memory.saturating_add(one.memory);
                sum.threads = sum.threads.saturating_add(one.threads);
            }
        }
        sum
    }

    /// Segments stay when nobody has attached them, so they are counted by themselves; one
    /// that is attached is counted twice.
    fn segments(&self) -> u64 {
        let Some(table) = &self.shared_memory else {
            return 0;
        };
        let mut text = vec![0; LONGEST_TABLE];
        match nix::sys::uio::pread(table, &mut text, 0) {
            Ok(read) => read_segments(&String::from_utf8_lossy(&text[..read])),
            Err(_) => 0,
        }
    }
}

/// `SHMMNI` allows 4096 segments; a line has some 170 bytes.
const LONGEST_TABLE: usize = 1 << 20;

/// The sum of the column `rss` of `/proc/sysvipc/shm`, which is in bytes.
fn read_segments(table: &str) -> u64 {
    let mut lines = table.lines();
    let names = lines.next().unwrap_or_default();
    let Some(column) = names
        .split_ascii_whitespace()
        .position(|name| name == "rss")
    else {
        return 0;
    };
    lines
        .filter_map(|line| {
            line.split_ascii_whitespace()
                .nth(column)?
                .parse::<u64>()
                .ok()
        })
        .fold(0, u64::saturating_add)
}

/// The fields of `/proc/PID/status` (proc(5)); sizes are in kibibytes.
fn read_status(status: &str) -> Tally {
    let mut tally = Tally::default();
    for line in status.lines() {
        let Some((field, value)) = line.split_once(':') else {
            continue;
        };
        let number = || {
            let word = value.split_ascii_whitespace().next();
            word.and_then(|word| word.parse::<u64>().ok()).unwrap_or(0)
        };
        match field {
            "RssAnon" | "RssShmem" => tally.memory = tally.memory.saturating_add(number() << 10),
            "Threads" => tally.threads = number(),
            _ => {}
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read() {
        let status = "Name:\tcc1\nRssAnon:\t    2048 kB\nRssFile:\t  900 kB\nRssShmem:\t 1 kB\nThreads:\t3\n";
        let tally = read_status(status);
        assert_eq!((tally.memory, tally.threads), (2049 << 10, 3));
        assert_eq!(read_status("no colon\nThreads:\n"), Tally::default());
    }

    #[test]
    fn segments_are_read() {
        let table =
            "       key      shmid perms size rss swap\n 0 0 600 4096 4096 0\n 0 1 600 1 8192 0\n";
        assert_eq!(read_segments(table), 12288);
        assert_eq!(read_segments(""), 0);
    }

    #[test]
    fn this_machine_uses_memory() {
        let proc = OwnedFd::from(fs::File::open("/proc").unwrap());
        let tables = Tables {
            proc,
            shared_memory: None,
        };
        let tally = tables.tally();
        assert!(tally.memory > 1 << 20 && tally.threads > 1, "{tally:?}");
    }
}
