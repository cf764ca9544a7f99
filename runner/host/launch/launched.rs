//! One start of a program: with whose variables, in which folder, for how long.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufReader, Write as _};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::client::Client;
use super::collector::{Beyond, Collector};
use super::error::LaunchError;
use super::growth::Growth;
use super::rules::Rules;
use super::running::{Cut, Running};
use super::{environment, folder, memory};
use crate::stop::is_stopped;

/// How much of what a program says on stderr is kept.
const WORDS: usize = 64 << 10;
/// How long what a program has left behind may hold its output.
const LINGER: Duration = Duration::from_secs(2);
/// How often it is looked whether a conversation is to end.
const PULSE: Duration = Duration::from_millis(100);

/// A program that is to be started.
#[derive(Clone, Debug)]
pub struct Launch {
    program: OsString,
    arguments: Vec<OsString>,
    rules: &'static Rules,
    variables: Vec<(OsString, OsString)>,
    passed: Vec<String>,
    folder: Option<PathBuf>,
    limit: Duration,
    growth: Option<Growth>,
}

/// What came of it.
#[derive(Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// The beginning of what it said.
    pub stderr: Vec<u8>,
}

/// A program that is asked and answers while it runs; it is ended when this is dropped.
#[derive(Debug)]
pub struct Conversation {
    /// Where questions go.
    pub questions: ChildStdin,
    /// Where answers come from.
    pub answers: BufReader<ChildStdout>,
    guard: Option<(Sender<()>, JoinHandle<()>)>,
    _folder: Option<TempDir>,
}

impl Launch {
    /// A program under its rules.
    pub fn new(program: impl AsRef<OsStr>, rules: &'static Rules) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            arguments: Vec::new(),
            rules,
            variables: Vec::new(),
            passed: Vec::new(),
            folder: None,
            limit: rules.limit,
            growth: None,
        }
    }

    /// One of the clients, in its mode.
    pub fn of(client: &Client) -> Self {
        Self::new(client.program, client.rules).arguments(client.first)
    }

    /// More arguments.
    #[must_use]
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let arguments = arguments
            .into_iter()
            .map(|argument| argument.as_ref().to_owned());
        self.arguments.extend(arguments);
        self
    }

    /// A variable of ours.
    #[must_use]
    pub fn set(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        let (name, value) = (name.as_ref().to_owned(), value.as_ref().to_owned());
        self.variables.push((name, value));
        self
    }

    /// Variables of the caller's that an operator has named.
    #[must_use]
    pub fn pass(mut self, names: &[String]) -> Self {
        self.passed.extend_from_slice(names);
        self
    }

    /// A folder of the one who named the program: it starts there, and its path starts from there.
    #[must_use]
    pub fn within(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// Another time limit than that of its kind.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The most bytes that may lie in a folder that it writes to, when it is run to its end.
    #[must_use]
    pub fn growing(mut self, folder: &Path, most: u64) -> Self {
        let folder = folder.to_owned();
        self.growth = Some(Growth { folder, most });
        self
    }

    /// The program and its arguments, for people.
    pub fn shown(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.arguments);
        let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }

    /// Runs it to its end, with that on its standard input.
    pub fn run(&self, input: &[u8]) -> Result<Output, LaunchError> {
        let (mut command, _folder) = self.prepared()?;
        let stdin = if input.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        };
        command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut running = self.started(&mut command)?;
        if let Some(mut pipe) = running.child.stdin.take() {
            let input = input.to_vec();
            // A program need not read its input: a closed pipe is no failure of its own.
            thread::spawn(move || drop(pipe.write_all(&input)));
        }
        let stdout = running.child.stdout.take().ok_or_else(|| self.broken())?;
        let stderr = running.child.stderr.take().ok_or_else(|| self.broken())?;
        let stdout = Collector::new(stdout, self.rules.most, Beyond::End);
        let stderr = Collector::new(stderr, WORDS, Beyond::Forget);
        let cut = |cut| self.cut(cut);
        let grown = self.growth.as_ref();
        let mut watched = grown.map(Growth::watched);
        let too_much = || {
            let is_full = stdout.is_full().load(Ordering::Relaxed);
            let is_beyond = watched.as_mut().is_some_and(|is_beyond| is_beyond());
            let beyond = grown.filter(|_| is_beyond);
            let beyond = beyond.map(|growth| Cut::Grown(growth.most));
            is_full.then_some(Cut::TooMuch).or(beyond)
        };
        running.wait(self.limit, too_much).map_err(cut)?;
        // Whatever it left behind may hold its pipes open, and is not waited for.
        if !stdout.has_ended_within(LINGER) || !stderr.has_ended_within(LINGER) {
            running.sweep();
        }
        if stdout.is_full().load(Ordering::Relaxed) {
            return Err(self.cut(Cut::TooMuch));
        }
        if let Some(growth) = grown.filter(|growth| growth.is_beyond()) {
            return Err(self.cut(Cut::Grown(growth.most)));
        }
        let output = Output {
            status: running.status().map_err(cut)?,
            stdout: stdout.take(),
            stderr: stderr.take(),
        };
        self.check_memory(output)
    }

    /// Runs it to its end, and gives what it printed if it succeeded.
    pub fn ask(&self, input: &[u8]) -> Result<Vec<u8>, LaunchError> {
        let output = self.run(input)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(LaunchError::Failed {
            program: self.name(),
            status: output.status,
            said: last_line(&output.stderr),
        })
    }

    /// Runs it to its end, with a file as its standard input, or nothing. What it prints goes where
    /// people read, so that standard output holds our own answers alone.
    pub fn hand(&self, file: Option<File>) -> Result<ExitStatus, LaunchError> {
        let (mut command, _folder) = self.prepared()?;
        let error = io::stderr().as_fd().try_clone_to_owned();
        let error = error.map_err(|source| self.io(source))?;
        command
            .stdin(file.map_or_else(Stdio::null, Stdio::from))
            .stdout(Stdio::from(error))
            .stderr(Stdio::inherit());
        let mut running = self.started(&mut command)?;
        let waited = running.wait(self.limit, || None);
        waited.map_err(|cut| self.cut(cut))?;
        running.status().map_err(|cut| self.cut(cut))
    }

    /// Starts it to be asked and to answer.
    pub fn converse(&self) -> Result<Conversation, LaunchError> {
        let (mut command, folder) = self.prepared()?;
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut running = self.started(&mut command)?;
        let questions = running.child.stdin.take().ok_or_else(|| self.broken())?;
        let answers = running.child.stdout.take().ok_or_else(|| self.broken())?;
        let (over, limit) = (channel(), self.limit);
        let guard = thread::spawn(move || {
            let end = Instant::now() + limit;
            while over.1.recv_timeout(PULSE) == Err(RecvTimeoutError::Timeout) {
                if Instant::now() > end || is_stopped() {
                    break;
                }
            }
            // It would wait for questions for ever.
            drop(running);
        });
        Ok(Conversation {
            questions,
            answers: BufReader::new(answers),
            guard: Some((over.0, guard)),
            _folder: folder,
        })
    }

    fn prepared(&self) -> Result<(Command, Option<TempDir>), LaunchError> {
        let file = environment::find(&self.program, self.folder.as_deref())?;
        let empty = match &self.folder {
            Some(_) => None,
            None => Some(folder::empty(self.rules)?),
        };
        let place = empty.as_ref().map(TempDir::path).or(self.folder.as_deref());
        let mut command = Command::new(file);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(environment::inherited(self.rules, &self.passed))
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        if let Some(place) = place {
            command.current_dir(place);
        }
        Ok((command, empty))
    }

    fn started(&self, command: &mut Command) -> Result<Running, LaunchError> {
        Running::start(command, self.rules.terminal).map_err(|source| self.io(source))
    }

    fn cut(&self, cut: Cut) -> LaunchError {
        let (program, limit, most) = (self.name(), self.limit, self.rules.most);
        match cut {
            Cut::Io(source) => LaunchError::Io { program, source },
            Cut::TooSlow => LaunchError::TooSlow { program, limit },
            Cut::TooMuch => LaunchError::TooMuch { program, most },
            Cut::Grown(most) => LaunchError::Grown { program, most },
            Cut::Interrupted => LaunchError::Interrupted,
        }
    }

    /// A program that was given no more memory has failed by our limit.
    fn check_memory(&self, output: Output) -> Result<Output, LaunchError> {
        match memory::last_words(&output.stderr) {
            Some(line) if !output.status.success() => Err(LaunchError::Memory {
                program: self.name(),
                most: memory::most(),
                said: last_line(line),
            }),
            _ => Ok(output),
        }
    }

    fn io(&self, source: io::Error) -> LaunchError {
        self.cut(Cut::Io(source))
    }

    fn broken(&self) -> LaunchError {
        self.io(io::ErrorKind::BrokenPipe.into())
    }

    fn name(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        if let Some((over, guard)) = self.guard.take() {
            drop(over);
            drop(guard.join());
        }
    }
}

/// The last line of what a program said, without anything that a terminal would obey.
fn last_line(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let line = text.trim_end().lines().next_back().unwrap_or_default();
    line.escape_debug().collect()
}

#[cfg(test)]
#[path = "launched_tests.rs"]
mod tests;
