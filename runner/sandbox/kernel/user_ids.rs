//! User namespaces that nobody lives in: they stand for a mapping of ids.

use std::io::Read as _;
use std::os::fd::OwnedFd;

use nix::sched::CloneFlags;

use super::{file, process};
use crate::call::{Attempt as _, CallError};

/// One id of users and one of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// A namespace in which `inside` is who is `outside` here.
///
/// # Safety
/// The process has one thread.
pub(crate) unsafe fn namespace(inside: Ids, outside: Ids) -> Result<OwnedFd, CallError> {
    let (mut wait, release) = std::io::pipe().named(|| "pipe2()".to_owned())?;
    // SAFETY: the caller says that the process has one thread.
    match unsafe { process::clone_into(CloneFlags::CLONE_NEWUSER) }? {
        process::Cloned::Child => {
            drop(release);
            // The end of the pipe, which comes with the parent's death as well.
            drop(wait.read(&mut [0]));
            process::exit_now()
        }
        process::Cloned::Parent { pid, pidfd } => {
            // It ends with the pipe, and is reaped with all the others.
            drop(pidfd);
            let namespace = describe(pid, inside, outside);
            drop(release);
            namespace
        }
    }
}

fn describe(pid: i32, inside: Ids, outside: Ids) -> Result<OwnedFd, CallError> {
    let map = |inside, outside| format!("{inside} {outside} 1");
    file::write(
        format!("/proc/{pid}/gid_map"),
        &map(inside.gid, outside.gid),
    )?;
    file::write(
        format!("/proc/{pid}/uid_map"),
        &map(inside.uid, outside.uid),
    )?;
    let path = format!("/proc/{pid}/ns/user");
    let file = std::fs::File::open(&path).named(|| format!("open({path:?})"))?;
    Ok(file.into())
}
