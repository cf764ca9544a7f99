//! Which ids of the host the ids of a sandbox are.

use std::fmt::Display;

use nix::errno::Errno;
use zwieback_model::sandbox_spec::identity::Identity;

use crate::call::CallError;
use crate::kernel::file;
use crate::owner::{Owner, OwnerKind};

/// Writes the maps of a process in a new user namespace, by its name in `/proc`. Only a process
/// outside may map an id other than its own (`user_namespaces(7)`).
pub(crate) fn write(
    process: impl Display,
    identity: &Identity,
    owner: &Owner,
) -> Result<(), CallError> {
    if owner.kind == OwnerKind::Caller {
        // CVE-2014-8989: without this, dropping a group could grant what the group is denied.
        file::write(format!("/proc/{process}/setgroups"), "deny")?;
    }
    let (uids, gids) = (
        format!("{} {} 1", identity.uid, owner.uid),
        format!("{} {} 1", identity.gid, owner.gid),
    );
    file::write(format!("/proc/{process}/gid_map"), &gids)?;
    // A map is written once. Nobody needs a right for this one, so that a step could write it.
    match file::write(format!("/proc/{process}/projid_map"), "0 0 1") {
        // A kernel without quotas has none, and in a container there may be nothing to map to,
        // for a step as well.
        Err(error) if [Errno::ENOENT, Errno::EPERM].contains(&error.errno()) => {}
        other => other?,
    }
    file::write(format!("/proc/{process}/uid_map"), &uids)
}
