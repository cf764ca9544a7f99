//! `/proc/sys`: a few settings of a kernel that nobody has configured, in place of the host's.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;
use zwieback_model::sandbox_spec::operation::{OWN_SETTINGS, SETTINGS};

use super::scratch::ScratchFs;
use crate::call::CallError;
use crate::kernel::mount::{self, Attributes};

/// Their name on the scratch file system.
const NAME: &str = "settings";
/// Where they are shown.
const PLACE: &str = "/proc/sys";

/// The settings, with an empty file for each that is the sandbox's own.
pub(super) fn make(scratch: &ScratchFs) -> Result<OwnedFd, CallError> {
    let own = OWN_SETTINGS.iter().map(|name| (*name, String::new()));
    let fixed = SETTINGS
        .iter()
        .map(|(name, value)| (*name, format!("{value}\n")));
    scratch.directory(NAME)?;
    let mut made = BTreeSet::new();
    for (name, content) in fixed.chain(own) {
        for (end, _) in name.match_indices('/') {
            if made.insert(&name[..end]) {
                scratch.directory(&format!("{NAME}/{}", &name[..end]))?;
            }
        }
        scratch.file(&format!("{NAME}/{name}"), &content)?;
    }
    scratch.show(NAME)
}

/// Lays them over the kernel's, of which the sandbox's own stay.
pub(super) fn attach(settings: &OwnedFd) -> Result<(), CallError> {
    let mut own = Vec::new();
    for name in OWN_SETTINGS {
        match mount::clone_tree(Path::new(&format!("{PLACE}/{name}")), Attributes::INERT) {
            // Kernels differ in what they have.
            Err(error) if error.errno() == Errno::ENOENT => {}
            tree => own.push((name, tree?)),
        }
    }
    mount::attach(settings, PLACE)?;
    own.into_iter()
        .try_for_each(|(name, tree)| mount::attach_below(tree, settings, name))
}
