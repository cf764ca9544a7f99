//! Where the first process reaps nothing, as in many containers, what a runner leaves behind stays for ever.

use std::process::Command;

use nix::errno::Errno;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::wait::waitpid;

use crate::attempt::{self, Attempt};
use crate::harness::Trial;
use crate::lifecycle::rounds;
use crate::world::World;

/// Trials of this area.
pub(crate) const TRIALS: &[Trial] = &[("reaping_is_left_to_nobody_else", nobody_is_left)];

fn nobody_is_left(world: &World) {
    let tree = world.toolchain();
    let tree = tree.to_str().unwrap();
    let runner = Command::new(world.program())
        .args([attempt::ARGUMENT, "reap", tree])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&runner.stdout).trim_end(),
        "failed ECHILD"
    );
}

/// A runner to which all that descend from it fall, as they would to the first process: is any of them left?
pub(crate) fn reap(tree: &str) -> Attempt {
    set_child_subreaper(true)?;
    rounds(tree, "0", "3")?;
    match waitpid(None, None) {
        Ok(left) => Ok(format!("{left:?}")),
        Err(errno) => Err::<String, Errno>(errno),
    }
}
