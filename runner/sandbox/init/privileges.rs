//! User, groups and capabilities.

use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};
use zwieback_model::enforcement::{Enforcement, Lock, LockState};
use zwieback_model::sandbox_spec::identity::Identity;

use crate::call::{Attempt as _, CallError};
use crate::kernel::{capabilities, file, process};
use crate::owner::{Owner, OwnerKind};

/// Becomes the one user that is mapped. The capabilities of the new namespace stay for now.
pub(crate) fn become_inside_user(identity: &Identity, owner: &Owner) -> Result<(), CallError> {
    // Before the user changes: afterwards the file belongs to nobody who is mapped. The host
    // ends a build before it ends anything else.
    file::write("/proc/self/oom_score_adj", "500")?;
    if owner.kind == OwnerKind::Stranger {
        setgroups(&[]).named(|| "setgroups([])".to_owned())?;
    }
    let (gid, uid) = (Gid::from_raw(identity.gid), Uid::from_raw(identity.uid));
    setresgid(gid, gid, gid).named(|| format!("setresgid({gid})"))?;
    setresuid(uid, uid, uid).named(|| format!("setresuid({uid})"))
}

/// Has no program give a capability from here on. It takes `CAP_SETPCAP`, which goes later.
pub(crate) fn bound() -> Result<(), CallError> {
    capabilities::empty_bounding_set()
}

/// Gives up every capability in every other set, and every way to get one, and looks whether it is so.
pub(crate) fn drop_all(enforcement: &mut Enforcement) -> Result<(), CallError> {
    process::lock_secure_bits()?;
    capabilities::empty_own_sets()?;
    capabilities::confirm_empty()?;
    nix::sys::prctl::set_no_new_privs().named(|| "prctl(PR_SET_NO_NEW_PRIVS)".to_owned())?;
    enforcement.record(
        Lock::NoCapabilities,
        LockState::Enforced,
        "all five sets empty",
    );
    enforcement.record(Lock::NoNewPrivileges, LockState::Enforced, "set");
    Ok(())
}
