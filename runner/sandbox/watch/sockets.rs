//! What the sockets of a sandbox may hold in their queues, which no process has mapped.

use std::fs;
use std::os::fd::AsRawFd as _;

use super::processes::Tables;

/// The most that a socket holds whose memory the kernel counts for all of a protocol: the last numbers of
/// `net.ipv4.tcp_rmem` and `net.ipv4.tcp_wmem`, as they are unless somebody raised them, and some more.
const LARGEST: u64 = 16 << 20;
/// The unit of the column `memory`.
const PAGE: u64 = 4096;

/// The most bytes that may wait in the sockets of the sandbox's own network: the kernel tells how many sockets
/// there are, and of most kinds not how full.
pub(super) fn most(tables: &Tables) -> u64 {
    // Pid 1 is in the sandbox's network, and lets everybody look at that.
    let table = format!("/proc/self/fd/{}/1/net/protocols", tables.proc.as_raw_fd());
    let number = |file: &str| {
        let text = fs::read_to_string(file).ok()?;
        text.trim_end().parse::<u64>().ok()
    };
    // The kernel doubles what is asked for (socket(7)), and what one side sent counts for it.
    let queue = number("/proc/sys/net/core/wmem_max").map_or(LARGEST, |most| 2 * most);
    fs::read_to_string(table).map_or(0, |table| add_up(&table, queue))
}

/// The sum over a table like `/proc/net/protocols`: name, size, sockets, memory, and more columns. The memory
/// is that of the whole machine, and -1 where none is counted.
fn add_up(table: &str, queue: u64) -> u64 {
    let lines = table.lines().skip(1);
    let each = lines.filter_map(|line| {
        let mut columns = line.split_ascii_whitespace().skip(2);
        let sockets: u64 = columns.next()?.parse().ok()?;
        let counted = columns.next()?.parse::<u64>();
        Some(counted.map_or_else(
            |_| sockets.saturating_mul(queue),
            |pages| {
                sockets
                    .saturating_mul(LARGEST)
                    .min(pages.saturating_mul(PAGE))
            },
        ))
    });
    each.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_count_by_what_they_may_hold() {
        let table = "protocol  size sockets  memory press\n\
                     UNIX-STREAM 1152     3      -1   NI\n\
                     TCP       2240      1     5   no\n\
                     UDP       2240      0     900   NI\n";
        assert_eq!(add_up(table, 1000), 3000 + 5 * PAGE);
        assert_eq!(add_up("", 1000), 0);
    }
}
