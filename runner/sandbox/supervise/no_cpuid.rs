//! An architecture whose CPUs are not asked by an instruction that could fault.

use nix::errno::Errno;

/// Nothing can be told to fault.
pub(crate) fn can_fault() -> bool {
    false
}

/// Is never called, since nothing can fault.
pub(crate) fn arm(_pid: i32) -> Result<(), Errno> {
    Err(Errno::ENODEV)
}

/// What is answered: nobody asks.
#[derive(Default)]
pub(crate) struct Answers;

impl Answers {
    /// Is never called with a tracee that asked.
    pub(crate) fn answer(&mut self, _pid: i32) -> Option<()> {
        None
    }
}

/// No CPU of this architecture is asked like that.
pub(crate) fn is_plain(_ask: impl Fn(u32) -> [u32; 4]) -> bool {
    false
}
