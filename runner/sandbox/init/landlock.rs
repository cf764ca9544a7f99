//! The second wall around files, and the only one around abstract sockets and signals.

use landlock::{
    ABI, Access as _, AccessFs, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr as _,
    RulesetCreated, RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope,
};
use nix::errno::Errno;
use zwieback_core::enforcement::{Enforcement, Lock, LockState};
use zwieback_core::sandbox_spec::operation::Operation;
use zwieback_core::sandbox_spec::spec::SandboxSpec;

use crate::call::CallError;
use crate::error::{Failure, Stage};

/// The newest interface these rules were tested with. No rule on TCP: with one, a step could not
/// reach its own loopback, and the network namespace has no way out anyway.
const TESTED: ABI = ABI::V7;

/// Puts pid 1 and all its descendants under rules that follow the spec's operations.
pub(crate) fn restrict(spec: &SandboxSpec, enforcement: &mut Enforcement) -> Result<(), Failure> {
    let status = ruleset(spec)
        .and_then(RulesetCreated::restrict_self)
        .map_err(|error| Failure {
            stage: Stage::Landlock,
            call: CallError::new(Errno::last(), format!("landlock: {error}")),
        })?;
    let (state, detail) = match status.ruleset {
        RulesetStatus::FullyEnforced => (LockState::Enforced, "files, abstract sockets, signals"),
        RulesetStatus::PartiallyEnforced => (LockState::Partial, "this kernel knows older rules"),
        RulesetStatus::NotEnforced => (LockState::Absent, "this kernel has none"),
    };
    enforcement.record(Lock::Landlock, state, detail);
    Ok(())
}

fn ruleset(spec: &SandboxSpec) -> Result<RulesetCreated, RulesetError> {
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(TESTED))?
        .scope(Scope::from_all(TESTED))?
        .create()?;
    for operation in &spec.operations {
        let Some((path, access)) = rule(operation) else {
            continue;
        };
        // What cannot be opened gets no rule, and so no right.
        if let Ok(path) = PathFd::new(path) {
            rules = rules.add_rule(PathBeneath::new(path, access))?;
        }
    }
    Ok(rules)
}

fn rule(operation: &Operation) -> Option<(&str, BitFlags<AccessFs>)> {
    match operation {
        Operation::BindReadOnly { at, .. } => Some((at.as_str(), AccessFs::from_read(TESTED))),
        Operation::Writable { at, .. } | Operation::Tmpfs { at, .. } | Operation::Queues { at } => {
            Some((at.as_str(), write()))
        }
        // A process may write its own name and its own score.
        Operation::Proc { at } => Some((at.as_str(), AccessFs::WriteFile.into())),
        // Without the right to ioctl, isatty("/dev/null") would fail with EACCES, not ENOTTY.
        Operation::Device { device } => Some((
            device.path(),
            AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev,
        )),
        _ => None,
    }
}

/// Everything but device files.
fn write() -> BitFlags<AccessFs> {
    AccessFs::from_all(TESTED) & !(AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev)
}
