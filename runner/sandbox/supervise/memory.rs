//! Tells of less memory than there is.
//!
//! sysinfo(2) is let through and stopped again at its end, where what it told is made to agree with the
//! `/proc/meminfo` that lies over the kernel's own.

use libc::{sysinfo, user_regs_struct};
use nix::errno::Errno;

use super::arch::{self, argument};
use crate::kernel::trace;

/// Bytes of memory and of the units that they are told in.
const SIZE: usize = size_of::<sysinfo>();

/// A call that will tell how much memory there is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    buffer: u64,
    memory: u64,
}

/// The call that has begun, if it is one that is to tell of this much.
pub(crate) fn told(memory: Option<u64>, registers: &user_regs_struct) -> Option<Told> {
    let memory = memory.filter(|_| arch::number(registers) == libc::SYS_sysinfo)?;
    Some(Told {
        buffer: argument(registers, 0),
        memory,
    })
}

impl Told {
    /// Changes what the call has told.
    pub(crate) fn change(self, pid: i32) -> Result<(), Errno> {
        let Some(registers) = trace::registers(pid) else {
            return Ok(());
        };
        if arch::result(&registers) != 0 {
            return Ok(());
        }
        let mut bytes = [0; SIZE];
        trace::read(pid, self.buffer, &mut bytes)?;
        self.write(&mut bytes);
        trace::write(pid, self.buffer, &bytes)
    }

    /// As `/proc/meminfo` has it: half of it is free, and there is no swap.
    fn write(self, bytes: &mut [u8; SIZE]) {
        let unit_at = std::mem::offset_of!(sysinfo, mem_unit);
        let unit = bytes[unit_at..unit_at + 4]
            .try_into()
            .map_or(1, u32::from_ne_bytes);
        let all = self.memory / u64::from(unit.max(1));
        for (at, size) in [
            (std::mem::offset_of!(sysinfo, totalram), all),
            (std::mem::offset_of!(sysinfo, freeram), all / 2),
            (std::mem::offset_of!(sysinfo, sharedram), 0),
            (std::mem::offset_of!(sysinfo, bufferram), 0),
            (std::mem::offset_of!(sysinfo, totalswap), 0),
            (std::mem::offset_of!(sysinfo, freeswap), 0),
        ] {
            bytes[at..at + 8].copy_from_slice(&size.to_ne_bytes());
        }
    }
}
