//! What the program is ordered to ask, and what it answers.

use libc::c_long;

use crate::supervise::arch::SYS_TIME;

/// Leaves of CPUID, in the order in which they are asked.
const LEAVES: [u32; 5] = [0, 1, 7, 0x8000_0000, 0x8000_0001];
/// What ends a list.
const NO_MORE: u32 = u32::MAX;
/// The room that a buffer gets, so that the next one is aligned.
const ALIGNED: usize = 16;
/// Where an argument is none, and where it is a buffer.
const NONE: u32 = 0;

/// A call: its number, its arguments, which of them is the buffer, and how large that is.
struct Call {
    number: c_long,
    arguments: [u32; 3],
    buffer: u32,
    length: u32,
}

impl Call {
    fn size(&self) -> usize {
        self.length as usize
    }
}

/// A call without a buffer, or with one.
const fn call(number: c_long, arguments: [u32; 3], buffer: u32, length: u32) -> Call {
    Call {
        number,
        arguments,
        buffer,
        length,
    }
}

/// `struct utsname`: six texts of this length.
const NAME: usize = 65;
const NAMES: u32 = 6 * 65;
/// As many processors as Linux can have, a bit for each.
const CPUS: u32 = 8192 / 8;
const PATH: u32 = 4096;
/// `struct sysinfo` of 64 bits.
const SYSINFO: u32 = 112;

/// In the order of [`Asked`].
const CALLS: [Call; 13] = [
    call(libc::SYS_clock_gettime, [0, 0, 0], 2, 16),
    // CLOCK_REALTIME_COARSE.
    call(libc::SYS_clock_gettime, [5, 0, 0], 2, 16),
    call(libc::SYS_gettimeofday, [0, 0, 0], 1, 16),
    // CLOCK_BOOTTIME.
    call(libc::SYS_clock_gettime, [7, 0, 0], 2, 16),
    call(libc::SYS_getrandom, [0, 16, 0], 1, 16),
    call(libc::SYS_uname, [0, 0, 0], 1, NAMES),
    call(libc::SYS_sched_getaffinity, [0, CPUS, 0], 3, CPUS),
    call(libc::SYS_getcwd, [0, PATH, 0], 1, PATH),
    call(libc::SYS_getpid, [0; 3], NONE, 0),
    call(libc::SYS_getuid, [0; 3], NONE, 0),
    call(libc::SYS_getgid, [0; 3], NONE, 0),
    call(libc::SYS_sysinfo, [0; 3], 1, SYSINFO),
    call(
        match SYS_TIME {
            Some(number) => number,
            None => libc::SYS_getpid,
        },
        [0; 3],
        NONE,
        0,
    ),
];

#[derive(Clone, Copy)]
enum Asked {
    Clock,
    CoarseClock,
    TimeOfDay,
    SinceBoot,
    Drawn,
    Names,
    Cpus,
    Folder,
    Pid,
    User,
    Group,
    Memory,
    Time,
}

const RESULTS: usize = 8 + LEAVES.len() * 16;
const BUFFERS: usize = RESULTS + CALLS.len() * 8;

/// What the program has to do, as it reads it.
pub(super) fn order() -> Vec<u8> {
    let mut words = vec![word(report_size())];
    words.extend(LEAVES);
    words.push(NO_MORE);
    for (at, call) in CALLS.iter().enumerate() {
        words.push(u32::try_from(call.number).unwrap_or(NO_MORE));
        words.extend(call.arguments);
        words.extend([call.buffer, word(buffer(at))]);
    }
    words.push(NO_MORE);
    words.into_iter().flat_map(u32::to_le_bytes).collect()
}

/// What a program answered.
pub(super) struct Answers {
    report: Vec<u8>,
    stack: Vec<u8>,
}

impl Answers {
    /// None if it did not come to its end.
    pub(super) fn new(mut said: Vec<u8>) -> Option<Self> {
        let size = report_size();
        if said.len() <= size {
            return None;
        }
        let stack = said.split_off(size);
        Some(Self {
            report: said,
            stack,
        })
    }

    /// The four registers of a leaf of CPUID, its first part; zeros where the CPU does not know it.
    pub(super) fn cpuid(&self, leaf: u32) -> [u32; 4] {
        let asked = |leaf: u32| {
            let at = LEAVES.iter().position(|one| *one == leaf);
            let at = 8 + at.unwrap_or_default() * 16;
            [0, 4, 8, 12].map(|register| low(number(&self.report, at + register, 4)))
        };
        let [most, ..] = asked(leaf & 0x8000_0000);
        if leaf > most { [0; 4] } else { asked(leaf) }
    }

    /// The wall clock by each call that tells it, in seconds.
    pub(super) fn clocks(&self) -> Vec<i64> {
        let read = [Asked::Clock, Asked::CoarseClock, Asked::TimeOfDay];
        let mut clocks: Vec<i64> = read.iter().filter_map(|way| self.seconds(*way)).collect();
        if SYS_TIME.is_some() {
            clocks.extend(self.result(Asked::Time));
        }
        clocks
    }

    /// Whether the program could read the clock without a call.
    pub(super) fn has_vdso(&self) -> bool {
        self.vector(libc::AT_SYSINFO_EHDR).is_some()
    }

    /// The time since boot, in seconds.
    pub(super) fn since_boot(&self) -> Option<i64> {
        self.seconds(Asked::SinceBoot)
    }

    /// Random bytes that it drew.
    pub(super) fn drawn(&self) -> Option<&[u8]> {
        self.result(Asked::Drawn).map(|_| self.bytes(Asked::Drawn))
    }

    /// Random bytes that it was started with: seeds of canaries and of hash tables.
    pub(super) fn started_with(&self) -> Option<&[u8]> {
        let at = self.in_stack(self.vector(libc::AT_RANDOM)?)?;
        self.stack.get(at..at + 16)
    }

    /// The release of the kernel, and the name of the host.
    pub(super) fn names(&self) -> Option<[String; 2]> {
        self.result(Asked::Names)?;
        let field = |at: usize| text(&self.bytes(Asked::Names)[at * NAME..][..NAME]);
        Some([field(2), field(1)])
    }

    /// How many processors it may run on.
    pub(super) fn cpus(&self) -> Option<u32> {
        let length = usize::try_from(self.result(Asked::Cpus)?).ok()?;
        let mask = self.bytes(Asked::Cpus).get(..length)?;
        Some(mask.iter().map(|byte| byte.count_ones()).sum())
    }

    /// How many bytes of memory there are.
    pub(super) fn memory(&self) -> Option<u64> {
        self.result(Asked::Memory)?;
        let told = self.bytes(Asked::Memory);
        let units = number(told, std::mem::offset_of!(libc::sysinfo, totalram), 8);
        let unit = number(told, std::mem::offset_of!(libc::sysinfo, mem_unit), 4);
        Some(units.saturating_mul(unit))
    }

    /// The folder it was started in.
    pub(super) fn folder(&self) -> Option<String> {
        self.result(Asked::Folder)?;
        Some(text(self.bytes(Asked::Folder)))
    }

    /// Its number.
    pub(super) fn pid(&self) -> Option<i64> {
        self.result(Asked::Pid)
    }

    /// Its user and its group.
    pub(super) fn user(&self) -> Option<[i64; 2]> {
        Some([self.result(Asked::User)?, self.result(Asked::Group)?])
    }

    /// Where its stack ends.
    pub(super) fn stack_end(&self) -> u64 {
        self.stack_begin().wrapping_add(self.stack.len() as u64)
    }

    /// Its environment.
    pub(super) fn variables(&self) -> impl Iterator<Item = (String, String)> {
        let (first, end) = self.environment();
        let addresses = (first..end).map(|word| number(&self.stack, word * 8, 8));
        let texts = addresses.filter_map(|address| self.stack.get(self.in_stack(address)?..));
        texts.filter_map(|bytes| {
            let text = text(bytes);
            let (name, value) = text.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        })
    }

    /// From which to which word of the stack its environment goes: behind the count of arguments, their
    /// addresses and a null (System V ABI, 3.4.1).
    fn environment(&self) -> (usize, usize) {
        let arguments = usize::try_from(number(&self.stack, 0, 8)).unwrap_or(usize::MAX / 16);
        let first = arguments.min(self.stack.len()) + 2;
        let mut end = first;
        while number(&self.stack, end * 8, 8) != 0 {
            end += 1;
        }
        (first, end)
    }

    /// What the auxiliary vector, which follows the environment, says of this.
    fn vector(&self, wanted: u64) -> Option<u64> {
        let mut at = self.environment().1 + 1;
        loop {
            let (kind, value) = (
                number(&self.stack, at * 8, 8),
                number(&self.stack, at * 8 + 8, 8),
            );
            match kind {
                libc::AT_NULL => return None,
                kind if kind == wanted => return Some(value),
                _ => at += 2,
            }
        }
    }

    fn stack_begin(&self) -> u64 {
        number(&self.report, 0, 8)
    }

    fn in_stack(&self, address: u64) -> Option<usize> {
        let at = address.checked_sub(self.stack_begin())?;
        usize::try_from(at).ok().filter(|at| *at < self.stack.len())
    }

    fn seconds(&self, asked: Asked) -> Option<i64> {
        self.result(asked)?;
        Some(number(self.bytes(asked), 0, 8).cast_signed())
    }

    /// What a call returned; none for an error.
    fn result(&self, asked: Asked) -> Option<i64> {
        let result = number(&self.report, RESULTS + asked as usize * 8, 8).cast_signed();
        (result >= 0).then_some(result)
    }

    fn bytes(&self, asked: Asked) -> &[u8] {
        let (at, length) = (buffer(asked as usize), CALLS[asked as usize].size());
        &self.report[at..at + length]
    }
}

/// Where the buffer of a call begins.
fn buffer(call: usize) -> usize {
    let before = CALLS.iter().take(call);
    let before = before.map(|call| call.size().next_multiple_of(ALIGNED));
    BUFFERS.next_multiple_of(ALIGNED) + before.sum::<usize>()
}

fn report_size() -> usize {
    buffer(CALLS.len())
}

fn word(number: usize) -> u32 {
    u32::try_from(number).expect("invariant: a report has a few thousand bytes")
}

/// A number in bytes, or zero where they end.
fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    let mut word = [0; 8];
    if let Some(found) = bytes.get(at..at + length) {
        word[..length].copy_from_slice(found);
    }
    u64::from_le_bytes(word)
}

fn low(register: u64) -> u32 {
    u32::try_from(register).expect("invariant: four bytes were read")
}

/// The text before the first zero byte.
fn text(bytes: &[u8]) -> String {
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a program says that was killed on its way, or that is another one.
    #[test]
    fn what_is_cut_off_is_no_answer() {
        assert!(Answers::new(vec![0; report_size()]).is_none());
        for byte in [0, 0xFF] {
            let answers = Answers::new(vec![byte; report_size() + 100]).unwrap();
            assert_eq!(answers.started_with(), None);
            assert_eq!(answers.variables().count(), 0);
            assert!(!answers.has_vdso());
        }
        let failed = Answers::new(vec![0xFF; report_size() + 100]).unwrap();
        assert_eq!(failed.clocks(), [0; 0]);
        assert_eq!(
            (failed.pid(), failed.user(), failed.cpus()),
            (None, None, None)
        );
        assert_eq!((failed.names(), failed.drawn()), (None, None));
    }

    #[test]
    fn no_buffer_lies_in_another() {
        for (at, call) in CALLS.iter().enumerate() {
            assert!(buffer(at) >= BUFFERS);
            assert!(buffer(at) + call.size() <= buffer(at + 1));
            assert_eq!(buffer(at) % ALIGNED, 0);
        }
        // The program takes it from its stack, which has to stay aligned.
        assert_eq!(report_size() % ALIGNED, 0);
    }
}
