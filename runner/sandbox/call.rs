//! A system call that failed, with its arguments: the one error of whatever asks the kernel for something.

use std::io;

use nix::errno::Errno;
use serde::{Deserialize, Serialize};
use zwieback_model::shown_name::printable;

/// A system call with its arguments, and the errno it returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{call} failed with {}", self.errno())]
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

    /// Whether it is this errno, whichever crate names it.
    pub fn is(&self, errno: impl Into<io::Error>) -> bool {
        errno.into().raw_os_error() == Some(self.errno)
    }

    /// Whether the kernel refused because of permissions, or because nothing may be written there.
    pub fn is_forbidden(&self) -> bool {
        matches!(self.errno(), Errno::EACCES | Errno::EPERM | Errno::EROFS)
    }

    /// Whether there is no room left.
    pub fn is_full(&self) -> bool {
        matches!(self.errno(), Errno::ENOSPC | Errno::EDQUOT)
    }
}

impl From<CallError> for io::Error {
    fn from(error: CallError) -> Self {
        Self::from_raw_os_error(error.errno)
    }
}

/// Names the call that a result came from. The name is only made when it is needed.
pub trait Attempt<T> {
    /// Names the call as it would be written.
    fn named(self, call: impl FnOnce() -> String) -> Result<T, CallError>;

    /// Names a call as its manual page spells it, and what it was made on, whatever bytes those are.
    fn attempt(self, call: &'static str, path: impl AsRef<[u8]>) -> Result<T, CallError>;
}

impl<T, E: Into<io::Error>> Attempt<T> for Result<T, E> {
    fn named(self, call: impl FnOnce() -> String) -> Result<T, CallError> {
        self.map_err(|error| {
            // An io::Error without a number comes from std itself, such as an early end of file.
            let errno = error.into().raw_os_error();
            CallError::new(errno.map_or(Errno::EIO, Errno::from_raw), call())
        })
    }

    fn attempt(self, call: &'static str, path: impl AsRef<[u8]>) -> Result<T, CallError> {
        self.named(|| format!("{call}(\"{}\")", printable(path.as_ref())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_call_says_on_what_and_why() {
        let refused: nix::Result<()> = Err(Errno::EROFS);
        let error = refused.attempt("openat2", b"a\x1b[2J").unwrap_err();
        assert!(error.is(Errno::EROFS) && error.is_forbidden());
        assert_eq!(
            error.to_string(),
            "openat2(\"a\\u{1b}[2J\") failed with EROFS: Read-only file system"
        );
        assert_eq!(
            io::Error::from(error).raw_os_error(),
            Some(Errno::EROFS as i32)
        );
    }

    #[test]
    fn an_error_without_an_errno_is_an_io_error() {
        let cut: io::Result<()> = Err(io::ErrorKind::UnexpectedEof.into());
        assert!(cut.attempt("read", "x").unwrap_err().is(Errno::EIO));
    }
}
