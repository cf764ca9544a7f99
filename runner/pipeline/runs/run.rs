//! Chapter: one run of the steps, in a sandbox of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use zwieback_host::capture::error::CaptureError;
use zwieback_host::capture::outputs::capture_into;
use zwieback_host::capture::rules::{Rules, SetGroup};
use zwieback_host::capture::snapshot::{Snapshot, snapshot};
use zwieback_host::clock;
use zwieback_host::fs::beneath::open_dir;
use zwieback_host::run_folder::RunFolder;
use zwieback_host::store::stored::StoredTree;
use zwieback_model::bake::completed::{Completed, Ending, StepResult};
use zwieback_model::bake::record::RunRecord;
use zwieback_model::budget::Budget;
use zwieback_model::enforcement::{Enforcement, Lock, LockState};
use zwieback_model::event::Event;
use zwieback_model::manifest::recipe::Step;
use zwieback_model::name::Name;
use zwieback_model::sandbox_spec::operation::{Medium, Place};
use zwieback_model::sandbox_spec::spec::SandboxSpec;
use zwieback_model::supervision::Supervision;
use zwieback_model::variation::conditions::{Conditions, RunName};
use zwieback_model::variation::factor::Factor;
use zwieback_model::variation::sighting::Sighting;
use zwieback_sandbox::canceller::Canceller;
use zwieback_sandbox::sandbox::{Sandbox, Sources as Disks};
use zwieback_sandbox::step::{self, Command};

use super::advice;
use super::alone::Alone;
use super::log::Log;
use super::mounts;
use super::surroundings;
use crate::pipeline::context::command_context::{Context, Wish};
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::context::slots::{Rank, Slot};
use crate::pipeline::inputs::sources::{Sources, patch_list};
use crate::pipeline::inputs::toolchain::Root;
use crate::pipeline::plan::read::Planned;

/// What both runs share.
#[derive(Clone, Copy)]
pub struct Bake<'a> {
    /// The recipe, its locks and its patches.
    pub planned: &'a Planned,
    /// The tree that is `/`.
    pub root: &'a Root,
    /// The unpacked sources.
    pub sources: &'a Sources,
    /// What keeps other builds waiting, where they must.
    pub alone: &'a Alone,
    /// What the user wants.
    pub wish: &'a Wish,
    /// Where logs and disks are.
    pub folder: &'a RunFolder,
    /// Ends both.
    pub canceller: &'a Canceller,
    /// The world.
    pub ctx: &'a Context<'a>,
}

/// One run's own part.
pub struct Part<'a> {
    /// What the steps find around them.
    pub conditions: &'a Conditions,
    /// The sandbox that makes it so.
    pub spec: &'a SandboxSpec,
    /// What differs from the other run.
    pub varied: Vec<Factor>,
    /// Which runs of other recipes it goes before.
    pub rank: Rank,
}

/// A run that came to its end.
pub struct Ran {
    /// What is kept of it.
    pub record: RunRecord,
    /// The declared outputs.
    pub completed: Completed,
    /// All that it wrote, in the store.
    pub written: StoredTree,
    /// What the work place and the outputs looked like after each step.
    pub snapshots: Vec<[Snapshot; 2]>,
}

/// Runs the steps.
pub fn run(bake: &Bake<'_>, part: &Part<'_>) -> Result<Ran, PipelineError> {
    let _slot = enter(bake, part)?;
    in_sandbox(bake, part, start(bake, part)?)
}

/// Runs the steps beside another run, unless the times of files could then not be told apart: that takes a
/// supervisor, which not every machine and not every recipe allows.
pub fn run_beside(bake: &Bake<'_>, part: &Part<'_>) -> Result<Option<Ran>, PipelineError> {
    let _slot = enter(bake, part)?;
    let sandbox = start(bake, part)?;
    let shifted = sandbox.supervision().file_times.as_ref();
    if shifted.is_some_and(|effect| !effect.is_effective()) {
        sandbox.leave();
        return Ok(None);
    }
    in_sandbox(bake, part, sandbox).map(Some)
}

fn in_sandbox(
    bake: &Bake<'_>,
    part: &Part<'_>,
    mut sandbox: Sandbox,
) -> Result<Ran, PipelineError> {
    if part.conditions.run == RunName::A {
        bake.ctx.tell(&sandboxed(sandbox.enforcement()));
    }
    mounts::stage(&sandbox, bake.sources, part.conditions, bake.ctx)?;
    mounts::patch(
        &mut sandbox,
        &patch_list(&bake.planned.plan),
        part.conditions,
    )?;
    let out = surroundings::out(&sandbox, part.conditions)?;
    let mut steps = Steps::new(bake, part, &out)?;
    bake.ctx.tell(&steps.started());
    let ended = steps.all(&mut sandbox);
    let report = sandbox.finish();
    ended?;
    let mut record = steps.record;
    record.enforcement = report.enforcement;
    record.supervision = report.supervision;
    record.sighting = report.sighting;
    record.programs = report.programs;
    for step in &bake.planned.plan.recipe.steps {
        record.sighting.heed(&step.env);
    }
    record.ended = clock::now().as_unix();
    let wall_ms = record.steps.iter().map(|step| step.wall_ms).sum();
    // Only now, when no process of the run is left, are the outputs read.
    let written =
        capture_into(out.as_fd(), &rules(part.spec), bake.ctx.store).map_err(|source| {
            PipelineError::Outputs {
                run: record.run,
                step: writer_of(&source, &steps.snapshots, &record.steps),
                source: Box::new(source),
            }
        })?;
    let completed = Completed::new(&bake.planned.plan.recipe, &record.steps, written.tree())
        .map_err(|source| PipelineError::Incomplete {
            run: record.run,
            source,
        })?;
    record.outputs = Some(*written.digest());
    bake.ctx.tell(&Event::RunFinished {
        run: record.run,
        wall_ms,
    });
    Ok(Ran {
        record,
        completed,
        written,
        snapshots: steps.snapshots,
    })
}

/// The steps of a run, one after another.
struct Steps<'a> {
    bake: &'a Bake<'a>,
    part: &'a Part<'a>,
    /// The folder that outputs are written to.
    out: &'a OwnedFd,
    record: RunRecord,
    snapshots: Vec<[Snapshot; 2]>,
    /// What more of them may take.
    memory: Budget,
    log: Log<'a>,
}

impl<'a> Steps<'a> {
    fn new(
        bake: &'a Bake<'a>,
        part: &'a Part<'a>,
        out: &'a OwnedFd,
    ) -> Result<Self, PipelineError> {
        let run = part.conditions.run;
        let screen = bake.wish.print_logs.then_some(bake.ctx);
        let record = RunRecord {
            run,
            conditions: part.conditions.clone(),
            source_date_epoch: bake.sources.source_date_epoch,
            began: clock::now().as_unix(),
            booted: clock::booted(),
            ended: 0,
            steps: Vec::new(),
            log_offsets: Vec::new(),
            outputs: None,
            enforcement: Enforcement::default(),
            supervision: Supervision::default(),
            sighting: Sighting::default(),
            programs: BTreeSet::new(),
        };
        let log = Log::new(bake.folder.log(run)?, run, screen);
        Ok(Self {
            bake,
            part,
            out,
            record,
            snapshots: Vec::new(),
            memory: Snapshot::memory(&rules(part.spec)),
            log,
        })
    }

    fn started(&self) -> Event {
        Event::RunStarted {
            run: self.record.run,
            steps: self.bake.planned.plan.recipe.steps.len(),
            varied: self.part.varied.clone(),
        }
    }

    fn all(&mut self, sandbox: &mut Sandbox) -> Result<(), PipelineError> {
        sandbox.look_around();
        for (index, step) in self.bake.planned.plan.recipe.steps.iter().enumerate() {
            self.one(index, step, sandbox)?;
            self.look(sandbox)?;
        }
        Ok(())
    }

    fn one(
        &mut self,
        index: usize,
        step: &Step,
        sandbox: &mut Sandbox,
    ) -> Result<(), PipelineError> {
        let run = self.record.run;
        let tell = |event: &Event| self.bake.ctx.tell(event);
        tell(&Event::StepStarted {
            run,
            index: index + 1,
            step: step.name.clone(),
        });
        self.record.log_offsets.push(self.log.begin(&step.name));
        let mut failed = Ok(());
        let mut take = |bytes: &[u8]| {
            if failed.is_ok() {
                failed = self.log.take(bytes);
            }
        };
        let command = command(sandbox, step, self.part.conditions)?;
        let outcome = sandbox.run(&command, &mut take)?;
        mounts::clear_script(sandbox, step);
        failed.map_err(|source| PipelineError::Log {
            id: self.bake.folder.id().to_owned(),
            source,
        })?;
        self.log.end();
        let ending = ending(outcome.ending)?;
        let wall_ms = milliseconds(outcome.usage.wall);
        tell(&Event::StepFinished {
            run,
            step: step.name.clone(),
            ending: ending.clone(),
            wall_ms,
        });
        let cpu_ms = milliseconds(outcome.usage.cpu);
        self.record.steps.push(StepResult {
            step: step.name.clone(),
            ending: ending.clone(),
            wall_ms,
            cpu_ms,
        });
        if ending == Ending::Exited(0) {
            Ok(())
        } else {
            Err(self.failure(step, ending))
        }
    }

    fn failure(&self, step: &Step, ending: Ending) -> PipelineError {
        let limits = &self.part.spec.limits;
        let way_out = advice::of(&ending, self.log.clues(), limits, self.bake.wish.timeout);
        let log = format!("the whole log: zwieback logs {}", self.bake.folder.id());
        PipelineError::StepFailed {
            run: self.record.run,
            step: step.name.clone(),
            ending,
            tail: self.log.tail(),
            hint: way_out.map_or(log.clone(), |way_out| format!("{way_out}\n      {log}")),
        }
    }

    /// Remembers what the step left, so that a difference can be traced to the step that made it.
    fn look(&mut self, sandbox: &Sandbox) -> Result<(), PipelineError> {
        let rules = rules(self.part.spec);
        let base = surroundings::base(self.part.conditions);
        let base = base.as_ref().map_or(".", |base| base.as_str());
        let folder = open_dir(sandbox.place(Place::Work), base).map_err(PipelineError::Look)?;
        let last = self.snapshots.last();
        let memory = &mut self.memory;
        let mut look = |dir, last| {
            let taken = snapshot(dir, &rules, last, memory);
            taken.map_err(PipelineError::Look)
        };
        let out = look(self.out.as_fd(), last.map(|both| &both[1]))?;
        let work = look(folder.as_fd(), last.map(|both| &both[0]))?;
        self.snapshots.push([work, out]);
        Ok(())
    }
}

/// The first step after which the entry that is refused lay there.
fn writer_of(
    refused: &CaptureError,
    snapshots: &[[Snapshot; 2]],
    steps: &[StepResult],
) -> Option<Name> {
    let path = refused.path()?;
    let has = |both: &[Snapshot; 2]| both[1].has_shown(path);
    let first = snapshots.iter().position(has)?;
    steps.get(first).map(|result| result.step.clone())
}

/// Waits for room to run.
fn enter<'a>(bake: &Bake<'a>, part: &Part<'_>) -> Result<Slot<'a>, PipelineError> {
    let is_stopped = || bake.canceller.is_cancelled();
    let slots = bake.ctx.shared.slots(bake.wish.jobs);
    let slot = slots.enter(part.rank, part.spec.limits.memory, is_stopped);
    slot.ok_or(PipelineError::Interrupted)
}

fn start(bake: &Bake<'_>, part: &Part<'_>) -> Result<Sandbox, PipelineError> {
    let mut disks = BTreeMap::new();
    if part.conditions.medium == Medium::Disk {
        for place in Place::ALL {
            disks.insert(place, bake.folder.disk(part.conditions.run, place)?);
        }
    }
    let sources = Disks {
        toolchain: bake.root.path().to_owned(),
        empty: bake.ctx.store.empty(),
        trees: BTreeMap::new(),
        disks,
    };
    let sandbox = Sandbox::start(bake.ctx.sandboxes, part.spec, sources, bake.canceller)?;
    let enforcement = sandbox.enforcement();
    // It was tried before, and had its own then.
    let is_unguarded = enforcement.shares_inodes() && bake.alone.is_none();
    for (lock, held) in enforcement.iter() {
        let name = lock.as_str();
        let is_absent =
            held.state == LockState::Absent || lock == Lock::PrivateInodes && is_unguarded;
        if is_absent && !bake.wish.allow_absent.iter().any(|allowed| allowed == name) {
            return Err(PipelineError::LockAbsent {
                lock: name,
                detail: held.detail.clone(),
            });
        }
    }
    Ok(sandbox)
}

fn sandboxed(enforcement: &Enforcement) -> Event {
    let partly = enforcement
        .iter()
        .filter(|(_, held)| held.state != LockState::Enforced);
    let weaker = partly
        .map(|(lock, held)| format!("{}: {}", lock.as_str(), held.detail))
        .collect();
    Event::Sandboxed {
        summary: enforcement.to_string(),
        weaker,
    }
}

fn command(
    sandbox: &Sandbox,
    step: &Step,
    conditions: &Conditions,
) -> Result<Command, PipelineError> {
    let dir = match &step.dir {
        Some(dir) => format!("{}/{dir}", conditions.build_path),
        None => conditions.build_path.clone(),
    };
    Ok(Command {
        env: step.env.clone(),
        dir,
        ..mounts::script(sandbox, step)?
    })
}

fn ending(ending: step::Ending) -> Result<Ending, PipelineError> {
    Ok(match ending {
        step::Ending::Exited(code) => Ending::Exited(code.into()),
        step::Ending::Signalled(signal) => Ending::Signalled(signal),
        step::Ending::LimitReached(limit) => Ending::Limited(limit.to_string()),
        step::Ending::Cancelled => return Err(PipelineError::Interrupted),
    })
}

/// The outputs' directory, which outlives the sandbox as long as it is held.
fn rules(spec: &SandboxSpec) -> Rules {
    let limits = &spec.limits.outputs;
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Rules {
        entries: count(limits.count),
        depth: count(limits.depth),
        bytes: limits.bytes,
        set_group: SetGroup::Refused,
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
