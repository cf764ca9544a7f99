//! Rego in a process of its own: an engine that fills its stack, its memory or its time denies, and
//! ends nobody else.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::process::{Resource, Rlimit, Signal, setrlimit};
use zwieback_attest::policy::rego::{Rego, RegoError, RegoModule};
use zwieback_attest::policy::rego_engine::RegoEngine;

/// The first argument by which a program knows that it is to be an engine.
pub const ARGUMENT: &str = "__rego";

/// Processor time of an engine. One that has answered before is given a successor.
const SECONDS: u64 = 5;
/// Address space of an engine: the program's own, and a document of many builds several times over.
const BYTES: u64 = 2 << 30;

/// The most that is read of an answer: an engine that is nobody's to trust bounds its messages itself.
const LONGEST_ANSWER: u64 = 1 << 20;

/// The answer to one request, a line of JSON.
type Answer = Result<Vec<String>, RegoError>;

/// Starts an engine when there is something to evaluate, and keeps it for the next module.
#[derive(Debug, Default)]
pub struct RegoProcess {
    engine: Mutex<Option<Engine>>,
}

/// An engine that waits for a request, from this program started once more.
#[derive(Debug)]
struct Engine {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Rego for RegoProcess {
    fn denials(&self, module: &RegoModule, input: Option<&str>) -> Answer {
        let mut place = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        // What an engine had to do before must not be to the cost of this module.
        if let Some(mut engine) = place.take()
            && let Some(answer) = engine.ask(module, input)
        {
            *place = Some(engine);
            return answer;
        }
        let mut engine = Engine::start().map_err(did("did not start"))?;
        match engine.ask(module, input) {
            Some(answer) => {
                *place = Some(engine);
                answer
            }
            None => Err(engine.ended()),
        }
    }
}

impl Engine {
    fn start() -> io::Result<Self> {
        let mut process = Command::new("/proc/self/exe")
            .arg(ARGUMENT)
            .env_clear()
            // Ctrl-C goes to the whole group of a terminal; this one ends with its runner.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let (requests, answers) = pipes.ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self {
            process,
            requests,
            answers: BufReader::new(answers),
        })
    }

    /// The answer, unless the engine has ended.
    fn ask(&mut self, module: &RegoModule, input: Option<&str>) -> Option<Answer> {
        // JSON in one line has no line break of its own.
        let module = serde_json::to_string(module.as_str()).ok()?;
        let request = format!("{module}\n{}\n", input.unwrap_or_default());
        self.requests.write_all(request.as_bytes()).ok()?;
        let mut line = String::new();
        let mut answer = self.answers.by_ref().take(LONGEST_ANSWER);
        answer.read_line(&mut line).ok()?;
        serde_json::from_str(&line).ok()
    }

    /// Why there was no answer.
    fn ended(mut self) -> RegoError {
        let status = self.process.kill().and_then(|()| self.process.wait());
        status.map_or_else(did("cannot be waited for"), |it| RegoError::Ended(of(it)))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It may be at work for seconds yet, and nobody waits for its answer any more.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// What a status says about limits.
fn of(status: ExitStatus) -> String {
    match status.signal().and_then(Signal::from_named_raw) {
        Some(Signal::XCPU) => format!("needs more than {SECONDS} s for it"),
        Some(Signal::SEGV | Signal::ABORT) => {
            "has filled its stack or memory: does a rule or function need itself?".to_owned()
        }
        _ => format!("ended early: {status}"),
    }
}

fn did(what: &str) -> impl FnOnce(io::Error) -> RegoError {
    move |error| RegoError::Ended(format!("{what}: {error}"))
}

/// Evaluates module after module until nobody asks any more. `main` calls this, before anything
/// else, when its first argument is [`ARGUMENT`].
pub fn main() -> ExitCode {
    match limit().and_then(|()| serve()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn limit() -> io::Result<()> {
    for (resource, most) in [
        (Resource::Cpu, SECONDS),
        (Resource::As, BYTES),
        (Resource::Core, 0),
    ] {
        let limit = Rlimit {
            current: Some(most),
            maximum: None,
        };
        setrlimit(resource, limit)?;
    }
    Ok(())
}

fn serve() -> io::Result<()> {
    let mut requests = io::stdin().lock().lines();
    let mut answers = io::stdout().lock();
    while let (Some(module), Some(input)) = (requests.next(), requests.next()) {
        let (module, input) = (module?, input?);
        let module: RegoModule = serde_json::from_str(&module)?;
        let input = Some(input.as_str()).filter(|it| !it.is_empty());
        let answer = RegoEngine.denials(&module, input);
        writeln!(answers, "{}", serde_json::to_string(&answer)?)?;
        answers.flush()?;
    }
    Ok(())
}
