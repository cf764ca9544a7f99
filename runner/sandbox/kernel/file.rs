//! Small files, mostly of `/proc`, and what is said about descriptors.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::path::Path;

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use crate::call::{Attempt as _, CallError};

/// Writes `text` in a single call, as the files of `/proc` want it.
pub(crate) fn write(path: impl AsRef<Path>, text: &str) -> Result<(), CallError> {
    let path = path.as_ref();
    let call = || format!("write(\"{}\", {text:?})", path.display());
    let mut file = OpenOptions::new().write(true).open(path).named(call)?;
    file.write_all(text.as_bytes()).named(call)
}

/// Reads a file of `/proc`. The kernel makes such a file anew for every call, and says that it is
/// empty, so that the standard library would begin with 32 bytes at a time.
pub(crate) fn read(path: impl AsRef<Path>) -> std::io::Result<String> {
    let mut text = String::with_capacity(16 << 10);
    File::open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Makes a new file with this content and mode 0444.
pub(crate) fn create_at(dir: impl AsFd, name: &str, content: &str) -> Result<(), CallError> {
    let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
    let call = || format!("openat({name:?}, O_CREAT)");
    let fd = openat(dir, name, flags, Mode::from_bits_retain(0o444)).named(call)?;
    let written = File::from(fd).write_all(content.as_bytes());
    written.named(|| format!("write({name:?}, {} bytes)", content.len()))
}

/// Makes a directory that anybody may read.
pub(crate) fn make_directory_at(dir: impl AsFd, name: &str) -> Result<(), CallError> {
    nix::sys::stat::mkdirat(dir, name, Mode::from_bits_retain(0o555))
        .named(|| format!("mkdirat({name:?})"))
}

/// A descriptor of the directory that `fd` names; `fsmount` gives only a path descriptor.
pub(crate) fn directory(fd: impl AsFd) -> Result<OwnedFd, CallError> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let raw = fd.as_fd().as_raw_fd();
    openat(fd, ".", flags, Mode::empty()).named(|| format!("openat({raw}, \".\", O_DIRECTORY)"))
}
