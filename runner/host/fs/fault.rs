//! A system call that failed: which one, on what, and why.

use std::io;

use rustix::io::Errno;
use zwieback_model::shown_name;

/// A failed system call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{call} `{path}`: {errno}")]
pub struct Fault {
    /// The call, as its manual page spells it.
    pub call: &'static str,
    /// What it was called on, escaped where it is not plain text.
    pub path: String,
    /// What the kernel answered.
    pub errno: Errno,
}

impl Fault {
    /// Whether the kernel refused because of permissions, or because nothing may be written there.
    pub fn is_forbidden(&self) -> bool {
        matches!(self.errno, Errno::ACCESS | Errno::PERM | Errno::ROFS)
    }
}

/// Adds the call and its argument to a bare errno.
pub trait Attempt<T> {
    /// Names the call that was made and what it was made on.
    fn attempt(self, call: &'static str, path: impl AsRef<[u8]>) -> Result<T, Fault>;
}

impl<T> Attempt<T> for rustix::io::Result<T> {
    fn attempt(self, call: &'static str, path: impl AsRef<[u8]>) -> Result<T, Fault> {
        self.map_err(|errno| Fault {
            call,
            path: printable(path.as_ref()),
            errno,
        })
    }
}

impl<T> Attempt<T> for io::Result<T> {
    fn attempt(self, call: &'static str, path: impl AsRef<[u8]>) -> Result<T, Fault> {
        // An error without an errno (an unexpected end, a short write) is an input/output error.
        self.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
            .attempt(call, path)
    }
}

/// Text that cannot forge a line or move a cursor, whatever the bytes are.
pub fn printable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => shown_name::escaped(text),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_shown_escaped() {
        assert_eq!(printable("zlib-ä".as_bytes()), "zlib-ä");
        assert_eq!(printable(b"a\x1b[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(printable(b"a\xff"), "a\\xff");
        assert_eq!(printable("\u{202e}gpj.exe".as_bytes()), "\\u{202e}gpj.exe");
    }

    #[test]
    fn an_error_without_an_errno_is_an_io_error() {
        let cut: io::Result<()> = Err(io::ErrorKind::UnexpectedEof.into());
        assert_eq!(cut.attempt("read", "x").unwrap_err().errno, Errno::IO);
    }
}
