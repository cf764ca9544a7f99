//! One run of another program: input in, output out, within a time and a size.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A signature or a key has a few hundred bytes.
const LARGEST: u64 = 64 << 10;
/// How often the end of the program is looked for.
const PULSE: Duration = Duration::from_millis(2);

/// A program with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The file, looked up in `PATH`.
    pub file: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Variables for it, besides those it inherits.
    pub environment: Vec<(OsString, OsString)>,
    /// After how long it is killed.
    pub timeout: Duration,
}

/// Why a program gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It could not be started or talked to.
    #[error("cannot run `{program}`: {source}")]
    Io {
        /// Its name.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// It failed.
    #[error("`{program}` failed ({status}){}{said}", if said.is_empty() { "" } else { ": " })]
    Failed {
        /// Its name.
        program: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// The end of what it wrote to stderr, escaped.
        said: String,
    },
    /// It took too long.
    #[error("`{program}` did not answer within {} s", timeout.as_secs())]
    Timeout {
        /// Its name.
        program: String,
        /// How long it had.
        timeout: Duration,
    },
}

impl Program {
    /// Runs the program on that input and returns what it wrote to stdout.
    pub fn run(&self, input: &[u8]) -> Result<Vec<u8>, ProgramError> {
        let failed = |source| ProgramError::Io {
            program: self.name(),
            source,
        };
        let mut child = self.start().map_err(failed)?;
        let writer = child.stdin.take().map(|mut pipe| {
            let input = input.to_vec();
            // A program need not read its input: a closed pipe is no failure of its own.
            thread::spawn(move || drop(pipe.write_all(&input)))
        });
        let stdout = child.stdout.take().map(|pipe| thread::spawn(|| read(pipe)));
        let stderr = child.stderr.take().map(|pipe| thread::spawn(|| read(pipe)));
        let status = self.wait(&mut child)?;
        let [output, said] = [stdout, stderr].map(|reader| {
            let bytes = reader.and_then(|reader| reader.join().ok());
            bytes.unwrap_or_default()
        });
        drop(writer);
        if status.success() {
            return Ok(output);
        }
        Err(ProgramError::Failed {
            program: self.name(),
            status,
            said: last_line(&said),
        })
    }

    fn start(&self) -> io::Result<Child> {
        Command::new(&self.file)
            .args(&self.arguments)
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }

    fn wait(&self, child: &mut Child) -> Result<std::process::ExitStatus, ProgramError> {
        let start = Instant::now();
        loop {
            let ended = child.try_wait().map_err(|source| ProgramError::Io {
                program: self.name(),
                source,
            })?;
            if let Some(status) = ended {
                return Ok(status);
            }
            if start.elapsed() > self.timeout {
                drop(child.kill());
                drop(child.wait());
                return Err(ProgramError::Timeout {
                    program: self.name(),
                    timeout: self.timeout,
                });
            }
            thread::sleep(PULSE);
        }
    }

    fn name(&self) -> String {
        self.file.to_string_lossy().into_owned()
    }
}

fn read(pipe: impl io::Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    drop(pipe.take(LARGEST).read_to_end(&mut bytes));
    bytes
}

fn last_line(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let line = text.trim_end().lines().next_back().unwrap_or_default();
    line.escape_debug().collect()
}
