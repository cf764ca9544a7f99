//! The second wall around files, and the only one around abstract sockets and signals.

use landlock::{
    ABI, Access as _, AccessFs, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr as _,
    RulesetCreated, RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope,
};
use nix::errno::Errno;
use zwieback_model::enforcement::{Enforcement, Lock, LockState};
use zwieback_model::sandbox_spec::operation::Operation;
use zwieback_model::sandbox_spec::spec::SandboxSpec;

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
        rules = allow(rules, operation)?;
    }
    Ok(rules)
}

/// Adds what an operation means.
fn allow(rules: RulesetCreated, operation: &Operation) -> Result<RulesetCreated, RulesetError> {
    match operation {
        Operation::BindReadOnly { at, .. } => add(rules, at.as_str(), AccessFs::from_read(TESTED)),
        Operation::Writable { at, .. } => add(rules, at.as_str(), write()),
        Operation::Devices { .. } => {
            // Without the right to ioctl, isatty("/dev/null") would fail with EACCES, not ENOTTY.
            let rules = add(rules, "/dev", write() | AccessFs::IoctlDev)?;
            // mq_open(3) names no path, but the kernel asks for one that leads to the queue.
            add(rules, "/dev/mqueue", write())
        }
        // A process may write its own name and its own score.
        Operation::Processes => add(rules, "/proc", AccessFs::WriteFile.into()),
        Operation::System { .. } | Operation::File { .. } => Ok(rules),
    }
}

/// What cannot be opened gets no rule, and so no right.
fn add(
    rules: RulesetCreated,
    path: &str,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    match PathFd::new(path) {
        Ok(path) => rules.add_rule(PathBeneath::new(path, access)),
        Err(_) => Ok(rules),
    }
}

/// Everything but device files.
fn write() -> BitFlags<AccessFs> {
    AccessFs::from_all(TESTED) & !(AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev)
}
