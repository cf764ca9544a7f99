//! The program is started, and what it says is read.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;

use super::answers::{self, Answers};
use super::folder::OwnFolder;
use super::program;
use crate::kernel::process;

/// Starts the program in this folder with the environment of a step, and waits for its end; none if there is
/// no such program for this architecture, or it cannot be started here.
pub(super) fn ask(folder: &OwnFolder, env: &[CString]) -> Option<Answers> {
    let image = program::image(&answers::order());
    Answers::new(run(folder, &image, env).ok()?)
}

fn run(folder: &OwnFolder, image: &[u8], env: &[CString]) -> io::Result<Vec<u8>> {
    let path = folder.program("look", image)?;
    let path = CString::new(path.as_os_str().as_bytes())?;
    // Into a file and not a pipe: whoever reads a pipe is woken for every part, and on a busy machine each
    // of them has to wait for its turn.
    let (said, theirs) = folder.file("said")?;
    let arguments = [c"look"];
    let mut life = || {
        if process::place_at(&theirs, 1).is_ok() {
            // Nothing is said if it cannot be started.
            nix::unistd::execve(&path, &arguments, env).ok();
        }
    };
    // SAFETY: this process has one thread, and what its child changes before it is a program, a descriptor,
    // is the child's own.
    let pid = unsafe { process::spawn_borrowing(&mut life) }.map_err(io::Error::other)?;
    process::wait_for(pid)?;
    fs::read(said)
}
