//! The whole sandbox as one value.

use serde::{Deserialize, Serialize};

use super::environment::Environment;
use super::identity::{Identity, Machine};
use super::limits::Limits;
use super::operation::{Operation, Source};

/// Everything that decides what a step sees and may do; two equal values are two equal sandboxes.
///
/// Namespaces, capabilities, seccomp and Landlock are not in here: they are the same in every
/// sandbox, and no recipe can change them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SandboxSpec {
    /// What is laid into the empty sandbox, in order.
    pub operations: Vec<Operation>,
    /// Who a step is.
    pub identity: Identity,
    /// The kernel a step sees.
    pub machine: Machine,
    /// File mode bits that new files lack.
    pub umask: u32,
    /// How much a run may use.
    pub limits: Limits,
    /// What a step finds in its environment; a step may add to it.
    pub environment: Environment,
}

/// A spec that no sandbox can be made of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// The first operation must show something at `/`.
    #[error("a sandbox starts with a tree bound at `/`")]
    NoRoot,
    /// `/dev`, `/proc` and `/sys` are in every sandbox.
    #[error("a sandbox has one /dev, one /proc and one /sys")]
    NoFixtures,
    /// The umask has bits that are none.
    #[error("umask {0:o} is more than three octal digits")]
    Umask(u32),
    /// A variable that `execve` cannot carry.
    #[error("{0:?} is not the name of an environment variable")]
    Variable(String),
    /// Text with a zero byte, which no system call can carry.
    #[error("{0:?} holds a zero byte")]
    Zero(String),
}

impl SandboxSpec {
    /// Whether steps can write below an absolute path.
    pub fn is_writable(&self, path: &str) -> bool {
        self.operations.iter().any(|operation| match operation {
            Operation::Writable { at, .. } => path
                .strip_prefix(at.as_str())
                .is_some_and(|rest| rest.starts_with('/')),
            _ => false,
        })
    }

    /// Whether a sandbox can be made of this.
    pub fn check(&self) -> Result<(), SpecError> {
        match self.operations.first() {
            Some(Operation::BindReadOnly { at, .. }) if at.is_root() => {}
            _ => return Err(SpecError::NoRoot),
        }
        let is_one = |fixture: fn(&Operation) -> bool| {
            self.operations
                .iter()
                .filter(|operation| fixture(operation))
                .count()
                == 1
        };
        let fixtures: [fn(&Operation) -> bool; 3] = [
            |it| matches!(it, Operation::Devices { .. }),
            |it| matches!(it, Operation::Processes),
            |it| matches!(it, Operation::System { .. }),
        ];
        if !fixtures.into_iter().all(is_one) {
            return Err(SpecError::NoFixtures);
        }
        if self.umask > 0o777 {
            return Err(SpecError::Umask(self.umask));
        }
        for (name, value) in &self.environment {
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(SpecError::Variable(name.clone()));
            }
            if value.contains('\0') {
                return Err(SpecError::Zero(value.clone()));
            }
        }
        Ok(())
    }

    /// The trees of the host that must be supplied at the start.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.operations
            .iter()
            .filter_map(|operation| match operation {
                Operation::BindReadOnly { source, .. } => Some(source),
                _ => None,
            })
    }
}
