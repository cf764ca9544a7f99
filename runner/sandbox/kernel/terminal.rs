//! The calls around a controlling terminal that nix has no safe form of.

use std::os::fd::{AsFd, AsRawFd as _};

use nix::errno::Errno;
use nix::pty::Winsize;

use crate::call::{Attempt as _, CallError};

/// Makes `terminal` the controlling terminal of this session.
pub(crate) fn make_controlling(terminal: impl AsFd) -> Result<(), CallError> {
    // SAFETY: plain integers; 0 asks not to steal it from another session.
    let result = unsafe { libc::ioctl(terminal.as_fd().as_raw_fd(), libc::TIOCSCTTY, 0) };
    Errno::result(result)
        .map(drop)
        .named(|| "ioctl(TIOCSCTTY)".to_owned())
}

/// The size of a terminal, if it tells.
pub(crate) fn window_size(terminal: impl AsFd) -> Option<Winsize> {
    let mut size = Winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let raw = terminal.as_fd().as_raw_fd();
    // SAFETY: TIOCGWINSZ writes a winsize, and `size` outlives the call.
    let result = unsafe { libc::ioctl(raw, libc::TIOCGWINSZ, &raw mut size) };
    (result == 0).then_some(size)
}

/// Tells a terminal its size; the foreground group hears of it by SIGWINCH.
pub(crate) fn set_window_size(terminal: impl AsFd, size: Winsize) {
    let raw = terminal.as_fd().as_raw_fd();
    // SAFETY: TIOCSWINSZ reads a winsize, and `size` outlives the call. A terminal that has no
    // size is no error.
    unsafe { libc::ioctl(raw, libc::TIOCSWINSZ, &raw const size) };
}
