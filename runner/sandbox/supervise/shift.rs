//! The shift: what the steps of a sandbox see otherwise than the host has it.

use zwieback_model::sandbox_spec::identity::{Entropy, Instructions, Machine};

/// What the steps of a sandbox see otherwise than the host has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shift {
    /// Seconds by which the wall clock is ahead.
    pub(crate) clock: i64,
    /// Seconds by which the times of files are ahead that were made in the run.
    pub(crate) files: i64,
    /// How many bytes of memory programs are told of, if it is not what there is.
    pub(crate) memory: Option<u64>,
    /// What the CPU says it can do.
    pub(crate) instructions: Instructions,
    /// Where random bytes come from.
    pub(crate) entropy: Entropy,
}

impl Shift {
    /// What the spec asks for.
    pub(crate) fn of(machine: &Machine) -> Self {
        Self {
            clock: machine.wall_clock_offset,
            files: machine.file_times_offset,
            memory: machine.memory,
            instructions: machine.instructions,
            entropy: machine.entropy,
        }
    }
}
