//! What is likely to mend a step that failed, by how it ended and by what it printed.

use std::collections::BTreeSet;

use zwieback_model::bake::completed::Ending;
use zwieback_model::manifest::limit_key::LimitKey;
use zwieback_model::manifest::quantity::Seconds;
use zwieback_model::sandbox_spec::limits::Limits;

/// What a line of a log tells. The first one that is found decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clue {
    /// `LeakSanitizer` stops the program that it looks through, as a debugger does.
    LeakSanitizer,
    /// `/dev/shm` is too small for what is put there.
    SharedMemory,
    /// A Java virtual machine has too little memory, or wants more than there is.
    JavaHeap,
    /// A process has as many files open as it may.
    OpenFiles,
    /// A file is as long as any may be.
    FileSize,
    /// Files are given to somebody who does not exist.
    Owner,
    /// A mode is refused.
    SetId,
}

impl Clue {
    /// What a line tells, if anything.
    pub fn of(line: &str) -> Option<Self> {
        let has = |words: &[&str]| words.iter().any(|word| line.contains(word));
        let refused = has(&[
            "Operation not permitted",
            "Invalid argument",
            "EPERM",
            "EINVAL",
        ]);
        let found = [
            (Self::LeakSanitizer, has(&LEAK_SANITIZER)),
            // Of a place that is full the sandbox itself tells: this is the one that it does not watch.
            (
                Self::SharedMemory,
                has(&["backing filesystem", "No space left on device"]),
            ),
            (Self::JavaHeap, has(&JAVA_HEAP)),
            (Self::OpenFiles, has(&["Too many open files"])),
            (
                Self::FileSize,
                has(&["File size limit exceeded", "File too large"]),
            ),
            (Self::Owner, refused && has(&["ownership", "chown"])),
            // `install -d` goes on after it could not make a folder, and does not find it.
            (
                Self::SetId,
                refused && has(&MODES) || has(&["cannot change permissions of"]),
            ),
        ];
        found
            .into_iter()
            .find_map(|(clue, is_found)| is_found.then_some(clue))
    }

    fn way_out(self, limits: &Limits) -> String {
        let raise = |key: LimitKey| key.raise(key.value(limits));
        match self {
            Self::LeakSanitizer => {
                "LeakSanitizer traces the program that it looks through: `needs_ptrace = true` in `[recipe]` allows \
                 that, and `ASAN_OPTIONS = \"detect_leaks=0\"` in `[env]` does without"
                    .to_owned()
            }
            Self::JavaHeap => format!(
                "give the virtual machine what it needs and the run has, with `-Xmx` (as in `JAVA_TOOL_OPTIONS = \
                 \"-Xmx2g\"` in `[env]`); {}",
                raise(LimitKey::Memory)
            ),
            Self::SharedMemory => format!(
                "if it was /dev/shm that is full: {}",
                raise(LimitKey::Shm)
            ),
            Self::OpenFiles => raise(LimitKey::OpenFiles),
            Self::FileSize => raise(LimitKey::Disk),
            Self::Owner => {
                "a step has one user and one group, and gives files to nobody else: `tar --no-same-owner`, `install` \
                 without `-o` and `-g`, `cp` without `-p`; whoever installs the outputs says whose they are"
                    .to_owned()
            }
            Self::SetId => {
                "no step may make a file or folder set-user-id (setuid) or set-group-id (setgid): `install -m 755`, \
                 `chmod u-s,g-s`; whoever installs the outputs sets the bit"
                    .to_owned()
            }
        }
    }
}

const LEAK_SANITIZER: [&str; 2] = [
    "LeakSanitizer has encountered a fatal error",
    "LeakSanitizer does not work under ptrace",
];

const JAVA_HEAP: [&str; 3] = [
    "Could not reserve enough space",
    "OutOfMemoryError",
    "insufficient memory for the Java Runtime Environment",
];

/// Of programs that change a mode, or make something with one.
const MODES: [&str; 6] = [
    "permissions",
    "chmod",
    "change mode",
    "set mode",
    "mkdir",
    "create directory",
];

/// 128 and SIGKILL, as a shell tells of a program that the kernel ended for want of memory.
const KILLED: i32 = 137;
const SIGKILL: i32 = 9;
/// 128 and SIGXFSZ.
const TOO_LONG: i32 = 153;
const SIGXFSZ: i32 = 25;

/// What is likely to mend it. `timeout` is what the user allows every run.
pub fn of(
    ending: &Ending,
    clues: &BTreeSet<Clue>,
    limits: &Limits,
    timeout: Option<Seconds>,
) -> Option<String> {
    let raise = |key: LimitKey| key.raise(key.value(limits));
    if let Ending::Limited(name) = ending {
        let key = LimitKey::named(name)?;
        let is_users = timeout.is_some_and(|most| most.0 <= limits.seconds);
        return Some(match key {
            LimitKey::Time if is_users => {
                "it is the limit of `--timeout`, or of `timeout` in `[build]` of the configuration"
                    .to_owned()
            }
            LimitKey::Memory if clues.contains(&Clue::JavaHeap) => Clue::JavaHeap.way_out(limits),
            key => raise(key),
        });
    }
    if let Some(clue) = clues.first() {
        return Some(clue.way_out(limits));
    }
    match ending {
        Ending::Exited(KILLED) | Ending::Signalled(SIGKILL) => Some(format!(
            "something was killed, as it is where memory ends: {}",
            raise(LimitKey::Memory)
        )),
        Ending::Exited(TOO_LONG) | Ending::Signalled(SIGXFSZ) => Some(raise(LimitKey::Disk)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use zwieback_sandbox::step::Limit;

    use super::*;

    fn of_line(line: &str) -> String {
        let clues = Clue::of(line).into_iter().collect();
        of(&Ending::Exited(1), &clues, &Limits::default(), None).unwrap_or_default()
    }

    #[test]
    fn every_limit_that_ends_a_step_leads_to_its_key() {
        for limit in Limit::ALL {
            let ending = Ending::Limited(limit.to_string());
            let told = of(&ending, &BTreeSet::new(), &Limits::default(), None).unwrap();
            assert!(told.contains(&format!("`{limit} = ")), "{told}");
        }
    }

    #[test]
    fn a_time_limit_of_the_users_is_not_raised_in_the_recipe() {
        let (ending, clues) = (Ending::Limited("time".to_owned()), BTreeSet::new());
        let limits = Limits {
            seconds: 60,
            ..Limits::default()
        };
        let told = of(&ending, &clues, &limits, Some(Seconds(60))).unwrap();
        assert!(
            told.contains("--timeout") && !told.contains("recipe"),
            "{told}"
        );
    }

    #[test]
    fn what_programs_print_leads_to_the_way_out() {
        for (line, way_out) in [
            (
                "==7==LeakSanitizer has encountered a fatal error.",
                "needs_ptrace = true",
            ),
            (
                "==7==HINT: LeakSanitizer does not work under ptrace (strace, gdb, etc)",
                "needs_ptrace = true",
            ),
            (
                "Error: Could not reserve enough space for 9437184KB object heap",
                "-Xmx",
            ),
            (
                "java.lang.OutOfMemoryError: Java heap space",
                "`memory = \"16 GiB\"`",
            ),
            (
                "Not enough space available on the backing filesystem to hold",
                "`shm = ",
            ),
            (
                "dd: error writing '/dev/shm/x': No space left on device",
                "`shm = ",
            ),
            ("open: Too many open files", "`open-files = 8192`"),
            ("File size limit exceeded", "`disk = "),
            (
                "tar: x: Cannot change ownership to uid 0, gid 0: Invalid argument",
                "--no-same-owner",
            ),
            (
                "chown: changing ownership of 'x': Operation not permitted",
                "without `-o`",
            ),
            (
                "install: cannot change permissions of '/out/spool': No such file or directory",
                "chmod u-s,g-s",
            ),
        ] {
            assert!(of_line(line).contains(way_out), "{line}: {}", of_line(line));
        }
        assert_eq!(of_line("a.c:1: error: Invalid argument"), "");
        assert_eq!(
            of_line("chmod: cannot access 'x': No such file or directory"),
            ""
        );
    }
}
