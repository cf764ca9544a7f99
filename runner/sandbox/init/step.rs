//! One step: a child of pid 1 that becomes the step's program.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::unistd::{ForkResult, chdir, fork, setsid};
use serde::{Deserialize, Serialize};
use zwieback_model::variation::sighting::Sighting;

use crate::call::{Attempt as _, CallError};
use crate::error::{At as _, Failure, Stage};
use crate::kernel::{process, terminal};
use crate::look::around::{HostClocks, around};
use crate::protocol::{Look, StepPlan, Streams};
use crate::supervise::shift::Shift;

/// A step whose program runs.
pub(crate) struct Started {
    pub(crate) pid: i32,
    /// What it saw before, if it was to look.
    pub(crate) sighting: Option<Sighting>,
}

/// What the child says before its program runs, or instead.
#[derive(Serialize, Deserialize)]
enum Word {
    Saw(Sighting),
    Failed(Failure),
}

/// Starts a step and returns when its program runs.
pub(crate) fn start(
    plan: &StepPlan,
    streams: Vec<OwnedFd>,
    shift: Option<Shift>,
) -> Result<Started, Failure> {
    let program = Program::new(plan).at(Stage::Step)?;
    match (shift, plan.look) {
        (None, Look::Nowhere) => start_borrowing(plan, &program, &streams),
        _ => start_copied(plan, &program, streams, shift),
    }
}

fn start_borrowing(
    plan: &StepPlan,
    program: &Program,
    streams: &[OwnedFd],
) -> Result<Started, Failure> {
    let mut failure = None;
    let mut life = || failure = Some(become_step(plan, program, streams, None, &mut || {}));
    // SAFETY: pid 1 has one thread, like all that it can be a copy of. Without a shift, all that a step
    // changes before its program starts is its own: session, streams, signals, directory.
    let pid = unsafe { process::spawn_borrowing(&mut life) }.at(Stage::Step)?;
    let sighting = None;
    failure.map_or(Ok(Started { pid, sighting }), Err)
}

/// A shift has the child change what belongs to memory, so that it needs its own. So does a look
/// around: what borrows memory is in its time namespace only once it is a program (Linux 6.2).
fn start_copied(
    plan: &StepPlan,
    program: &Program,
    streams: Vec<OwnedFd>,
    shift: Option<Shift>,
) -> Result<Started, Failure> {
    let clocks = HostClocks::read();
    let call = || "pipe2()".to_owned();
    let (report, failures) = std::io::pipe().named(call).at(Stage::Step)?;
    // SAFETY: pid 1 has one thread, like all that it can be a copy of, so the child may do all it may.
    match unsafe { fork() }
        .named(|| "fork()".to_owned())
        .at(Stage::Step)?
    {
        ForkResult::Child => {
            drop(report);
            let mut look = || {
                if plan.look == Look::Around {
                    tell(&failures, &Word::Saw(around(&program.env, clocks)));
                }
            };
            let failure = become_step(plan, program, &streams, shift, &mut look);
            tell(&failures, &Word::Failed(failure));
            process::exit_now()
        }
        ForkResult::Parent { child } => {
            drop((failures, streams));
            let pid = child.as_raw();
            confirm(report).map(|sighting| Started { pid, sighting })
        }
    }
}

/// The program, its arguments and its environment as the kernel takes them.
struct Program {
    candidates: Vec<CString>,
    argv: Vec<CString>,
    env: Vec<CString>,
}

impl Program {
    fn new(plan: &StepPlan) -> Result<Self, CallError> {
        let name = plan.argv.first().map_or("", String::as_str);
        let candidates: Vec<String> = if name.contains('/') {
            vec![name.to_owned()]
        } else {
            let path = plan.env.get("PATH").map_or("/usr/bin:/bin", String::as_str);
            path.split(':').map(|dir| format!("{dir}/{name}")).collect()
        };
        let variables = plan
            .env
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        Ok(Self {
            candidates: texts(candidates)?,
            argv: texts(plan.argv.iter().cloned())?,
            env: texts(variables)?,
        })
    }

    /// Returns only if no candidate could be started.
    fn execute(&self) -> CallError {
        let mut last = Errno::ENOENT;
        for candidate in &self.candidates {
            let Err(errno) = nix::unistd::execve(candidate, &self.argv, &self.env);
            // As execvp(3): a missing one is passed over, a forbidden one is remembered.
            match errno {
                Errno::ENOENT | Errno::ENOTDIR => {}
                Errno::EACCES => last = errno,
                _ => return CallError::new(errno, exec_call(candidate)),
            }
        }
        let name = self.argv.first().map_or(c"", |name| name);
        CallError::new(last, exec_call(name))
    }
}

fn exec_call(name: &CStr) -> String {
    format!("execve({:?})", name.to_string_lossy())
}

fn texts(list: impl IntoIterator<Item = String>) -> Result<Vec<CString>, CallError> {
    let text = |text: String| {
        let call = format!("execve with a zero byte in {text:?}");
        CString::new(text).map_err(|_| CallError::new(Errno::EINVAL, call))
    };
    list.into_iter().map(text).collect()
}

/// The locks are inherited from pid 1; what is left is the step's own.
fn become_step(
    plan: &StepPlan,
    program: &Program,
    streams: &[OwnedFd],
    shift: Option<Shift>,
    look: &mut dyn FnMut(),
) -> Failure {
    let prepared = prepare(plan, streams).at(Stage::Step);
    if let Err(failure) = prepared.and_then(|()| shift.map_or(Ok(()), Shift::enter)) {
        return failure;
    }
    look();
    Failure {
        stage: Stage::Exec,
        call: program.execute(),
    }
}

fn prepare(plan: &StepPlan, streams: &[OwnedFd]) -> Result<(), CallError> {
    setsid().named(|| "setsid()".to_owned())?;
    match (plan.streams, streams) {
        (Streams::Captured, [log]) => {
            // The sandbox's own: the one that pid 1 holds is a file of the host.
            let nothing = File::open("/dev/null").named(|| "open(\"/dev/null\")".to_owned())?;
            process::place_at(nothing, 0)?;
            process::place_at(log, 1)?;
            process::place_at(log, 2)?;
        }
        (Streams::Passed | Streams::Terminal(_), [input, output, errors]) => {
            process::place_at(input, 0)?;
            process::place_at(output, 1)?;
            process::place_at(errors, 2)?;
        }
        _ => return Err(CallError::new(Errno::EBADF, "the streams of the step")),
    }
    if let Streams::Terminal(number) = plan.streams {
        let stream = usize::try_from(number).ok().and_then(|at| streams.get(at));
        terminal::make_controlling(
            stream.ok_or_else(|| CallError::new(Errno::EBADF, "the terminal of the step"))?,
        )?;
    }
    process::reset_signals()?;
    chdir(plan.dir.as_str()).named(|| format!("chdir({:?})", plan.dir))?;
    process::close_on_exec_from(3)
}

fn tell(mut report: &PipeWriter, word: &Word) {
    if let Ok(text) = serde_json::to_vec(word) {
        // A pid 1 that cannot read it sees an end without a program.
        drop(report.write_all(&text));
    }
}

/// The pipe closes when the program starts; a failure is the last word that comes before that.
fn confirm(mut report: PipeReader) -> Result<Option<Sighting>, Failure> {
    let mut text = Vec::new();
    report
        .read_to_end(&mut text)
        .named(|| "read(report)".to_owned())
        .at(Stage::Step)?;
    let unreadable = || CallError::new(Errno::EPROTO, "read(report)");
    let mut sighting = None;
    for word in serde_json::Deserializer::from_slice(&text).into_iter() {
        match word.map_err(|_| unreadable()).at(Stage::Step)? {
            Word::Saw(seen) => sighting = Some(seen),
            Word::Failed(failure) => return Err(failure),
        }
    }
    Ok(sighting)
}
