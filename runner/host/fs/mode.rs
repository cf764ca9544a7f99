//! Who may write what this program makes.

use rustix::fs::Mode;
use rustix::process::umask;

/// Makes sure that no file or folder of this process can be written by everybody.
///
/// A umask without `o-w` is nobody's choice for state and logs: then the group may not write either. Any
/// other stays as it is, for a group may well share a log.
pub fn keep_others_out() {
    let before = umask(Mode::WGRP | Mode::WOTH);
    if before.contains(Mode::WOTH) {
        umask(before);
    } else {
        umask(before | Mode::WGRP | Mode::WOTH);
    }
}
