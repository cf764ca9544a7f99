//! A system call that failed, with its arguments.

use std::fmt;
use std::io;

use nix::errno::Errno;
use serde::{Deserialize, Serialize};

/// A system call with its arguments, and the errno it returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallError {
    /// The call as it would be written.
    pub call: String,
    errno: i32,
}

impl CallError {
    /// The failure of `call`.
    pub(crate) fn new(errno: Errno, call: impl Into<String>) -> Self {
        Self {
            call: call.into(),
            errno: errno as i32,
        }
    }

    /// The errno.
    pub fn errno(&self) -> Errno {
        Errno::from_raw(self.errno)
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed with {}", self.call, self.errno())
    }
}

impl std::error::Error for CallError {}

/// Names the call that a result came from. The name is only made when it is needed.
pub(crate) trait Named<T> {
    fn named(self, call: impl FnOnce() -> String) -> Result<T, CallError>;
}

impl<T> Named<T> for nix::Result<T> {
    fn named(self, call: impl FnOnce() -> String) -> Result<T, CallError> {
        self.map_err(|errno| CallError::new(errno, call()))
    }
}

impl<T> Named<T> for io::Result<T> {
    fn named(self, call: impl FnOnce() -> String) -> Result<T, CallError> {
        self.map_err(|error| {
            // An io::Error without a number comes from std itself, such as an early end of file.
            let errno = error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
            CallError::new(errno, call())
        })
    }
}
