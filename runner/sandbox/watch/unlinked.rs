//! Files that no directory names any more, and that a process holds open: they take room all the same.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::sys::stat::fstat;
use zwieback_model::sandbox_spec::limits::Quota;

use super::processes::Tables;
use super::tree_size::Pass;

/// A pass, with the files without a name that lie on the file system of a place.
///
/// All places of a sandbox lie on one file system, and such a file belongs to none of them any more: it
/// counts for each. One that is only mapped, or on its way through a socket, is not seen.
pub(super) fn add(pass: Pass, place: BorrowedFd<'_>, tables: &Tables, quota: Quota) -> Pass {
    let used = match pass {
        Pass::Full => return Pass::Full,
        Pass::Whole(sum) => Some(sum),
        Pass::Partial => None,
    };
    let Ok(stat) = fstat(place) else {
        return Pass::Partial;
    };
    let found = find(tables, stat.st_dev);
    let bytes = found
        .sizes
        .values()
        .fold(used.map_or(0, |sum| sum.bytes), |sum, bytes| {
            sum.saturating_add(*bytes)
        });
    match used {
        _ if bytes > quota.bytes => Pass::Full,
        Some(sum) if found.is_whole => Pass::Whole(Quota { bytes, ..sum }),
        _ => Pass::Partial,
    }
}

struct Found {
    /// By inode, since a file may be open many times.
    sizes: HashMap<u64, u64>,
    /// Whether no process hid its table.
    is_whole: bool,
}

fn find(tables: &Tables, device: u64) -> Found {
    let mut found = Found {
        sizes: HashMap::new(),
        is_whole: true,
    };
    let root = format!("/proc/self/fd/{}", tables.proc.as_raw_fd());
    let Ok(processes) = fs::read_dir(root) else {
        found.is_whole = false;
        return found;
    };
    for process in processes.flatten() {
        let name = process.file_name();
        let is_process = name.as_encoded_bytes().iter().all(u8::is_ascii_digit);
        // Pid 1 is the sandbox's own: it lets nobody look, and opens no files for anybody.
        if !is_process || name == "1" {
            continue;
        }
        match read_table(&process.path().join("fd"), device, &mut found.sizes) {
            // One that ended meanwhile holds nothing.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                found.is_whole = false;
            }
            _ => {}
        }
    }
    found
}

fn read_table(table: &Path, device: u64, sizes: &mut HashMap<u64, u64>) -> io::Result<()> {
    for descriptor in fs::read_dir(table)?.flatten() {
        // Of what is open, not of the link: this opens nothing.
        let Ok(open) = fs::metadata(descriptor.path()) else {
            continue;
        };
        if open.nlink() == 0 && open.dev() == device {
            sizes.insert(open.ino(), open.blocks().saturating_mul(512));
        }
    }
    Ok(())
}
