//! Chapter: what is kept of a pair of runs: its record from the first moment, its outputs at the end.

use std::collections::BTreeMap;

use zwieback_attest::build::unsigned::KeptPlan;
use zwieback_attest::statement::Statement;
use zwieback_host::clock;
use zwieback_host::run_folder::RunFolder;
use zwieback_host::store::stored::StoredTree;
use zwieback_model::bake::action::{Action, ActionResult};
use zwieback_model::bake::comparison::Comparison;
use zwieback_model::bake::record::{Outcome, Record};
use zwieback_model::digest::{Digest, Fingerprint};
use zwieback_model::event::Event;
use zwieback_model::tree::Tree;

use super::attest::Made;
use crate::pipeline::context::command_context::{Confirm, Context, Wish};
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::explain::confirm::confirm;
use crate::pipeline::explain::differences::explain;
use crate::pipeline::plan::built::{Built, Origin};
use crate::pipeline::plan::read::Planned;
use crate::pipeline::runs::run::{Bake, Ran};
use crate::pipeline::runs::twice::Twin;

/// Keeps the record of one invocation.
pub struct Keeper<'a> {
    folder: RunFolder,
    record: Record,
    planned: &'a Planned,
    wish: &'a Wish,
    ctx: &'a Context<'a>,
}

impl<'a> Keeper<'a> {
    /// Opens a folder for an invocation that begins now.
    pub fn open(
        planned: &'a Planned,
        action: &Action,
        wish: &'a Wish,
        ctx: &'a Context<'a>,
    ) -> Result<Self, PipelineError> {
        ctx.shared.sweep_runs(&ctx.dirs.runs());
        let folder = RunFolder::create(&ctx.dirs.runs())?;
        let record = Record {
            id: folder.id().to_owned(),
            recipe: planned.plan.recipe.name().clone(),
            version: planned.plan.recipe.recipe.version.clone(),
            action: action.digest(),
            profile: planned.plan.profile,
            started: clock::now(),
            finished: None,
            program: None,
            statement: None,
            outcome: Outcome::Unfinished,
            parted: BTreeMap::new(),
            runs: Vec::new(),
        };
        folder.write(&record)?;
        Ok(Self {
            folder,
            record,
            planned,
            wish,
            ctx,
        })
    }

    /// The folder.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// The record of two runs that gave the same: all that the builder alone can know of them.
    pub fn reproduced(&self, a: &Ran, b: &Ran) -> Record {
        Record {
            finished: Some(clock::now()),
            program: Some(env!("CARGO_PKG_VERSION").to_owned()),
            ..self.record(Outcome::Reproduced, &[a, b])
        }
    }

    /// Records a failure, and clears the disks that the runs worked on.
    pub fn guard<T>(&self, ran: Result<T, PipelineError>) -> Result<T, PipelineError> {
        if ran.is_ok() || !self.wish.keep_failed {
            self.folder.clear_disks();
        }
        if ran.is_err() {
            self.write(Outcome::Failed, &[])?;
        }
        ran
    }

    /// Records that what both runs gave is not signed, and keeps it to be looked at.
    pub fn guard_kept<T>(
        &self,
        refused: Result<T, PipelineError>,
        runs: (&Ran, &Ran),
    ) -> Result<T, PipelineError> {
        if matches!(
            refused,
            Err(PipelineError::Secrets { .. } | PipelineError::Unsearched { .. })
        ) {
            let kept = [runs.0, runs.1].map(|run| *run.written.digest());
            self.ctx
                .store
                .put_root(&root_name(&self.record.id), &kept)?;
        }
        self.guard(refused)
    }

    /// Keeps the outputs of a single run. They answer for nothing later: no index entry is written.
    pub fn once(&self, run: &Ran) -> Result<Built, PipelineError> {
        self.write(Outcome::Once, &[run])?;
        let outputs = self.select(run, run.completed.outputs())?;
        Ok(Built {
            action: self.record.action,
            outputs,
            bundle: None,
            run: self.record.id.clone(),
            origin: Origin::Runs,
        })
    }

    /// Keeps both trees of runs that differ, and says why they do.
    pub fn differs(
        &self,
        comparison: &Comparison,
        runs: (&Ran, &Ran),
        twin: &Twin,
        bake: &Bake<'_>,
    ) -> Result<PipelineError, PipelineError> {
        let (files, differing) = (comparison.compared, comparison.differences.len());
        self.ctx.tell(&Event::Compared { files, differing });
        let kept = [runs.0, runs.1].map(|run| *run.written.digest());
        self.ctx
            .store
            .put_root(&root_name(&self.record.id), &kept)?;
        let recipe = &self.planned.plan.recipe;
        let varied = twin.variation.varied();
        let mut explained = explain(comparison, runs, recipe, &varied, self.folder.id())?;
        let steps = explained.report.findings.iter();
        let steps = steps.filter_map(|step| Some((step.path.to_string(), step.step.clone()?)));
        let mut record = self.record(Outcome::Differs, &[runs.0, runs.1]);
        record.parted = steps.collect();
        self.folder.write(&record)?;
        if self.wish.confirm == Confirm::Suspects {
            confirm(&mut explained.report, runs.0, bake, twin)?;
        }
        self.folder.write_report(&explained.report)?;
        Ok(PipelineError::NotReproducible {
            recipe: recipe.name().clone(),
            version: recipe.recipe.version.clone(),
            explained: Box::new(explained),
        })
    }

    /// Keeps what was made until somebody signs it, see [`super::sign`], who makes the same statement again. It
    /// answers for nothing till then: no index entry is written.
    pub fn unsigned(
        &self,
        made: &Made<'_>,
        runs: (&Ran, &Ran),
        statement: &Statement,
    ) -> Result<Built, PipelineError> {
        let outputs = self.select(runs.0, made.reproduced.outputs())?;
        let plan = &made.planned.plan;
        let written = [runs.0, runs.1].map(|run| *run.written.digest());
        let folders = plan.folders.iter().map(|folder| folder.tree);
        let kept = written.into_iter().chain([*outputs.digest()]);
        let kept: Vec<Digest> = kept.chain(folders).collect();
        self.ctx
            .store
            .put_root(&root_name(&self.record.id), &kept)?;
        let (needed, patches) = (&made.planned.actions, &made.planned.patches);
        self.folder
            .write_plan(&KeptPlan::of(plan, needed, patches))?;
        let digest = Digest::sha256(&statement.to_bytes());
        self.folder.write(&Record {
            outcome: Outcome::Unsigned,
            statement: Some(digest),
            ..made.record.clone()
        })?;
        let id = &self.record.id;
        self.ctx.tell(&Event::Notice {
            message: format!(
                "nothing was signed; where the key is: zwieback sign {id} --statement {digest}"
            ),
        });
        Ok(Built {
            action: self.record.action,
            outputs,
            bundle: None,
            run: id.clone(),
            origin: Origin::Runs,
        })
    }

    /// Commits what was made to the store. The index entry comes last: a crash leaves garbage, never a lie.
    pub fn commit(
        &self,
        made: &Made<'_>,
        run: &Ran,
        bundle: Fingerprint,
    ) -> Result<Built, PipelineError> {
        let outputs = self.select(run, made.reproduced.outputs())?;
        self.folder.write(made.record)?;
        enter(&self.record, outputs, bundle, self.ctx)
    }

    /// The declared outputs as a tree of their own.
    fn select(&self, run: &Ran, outputs: &Tree) -> Result<StoredTree, PipelineError> {
        if run.written.tree() == outputs {
            return Ok(run.written.clone());
        }
        let writer = self.ctx.store.tree_writer()?;
        writer
            .layer("the outputs")
            .link_part(&run.written, outputs)?;
        Ok(writer.commit()?)
    }

    fn write(&self, outcome: Outcome, runs: &[&Ran]) -> Result<(), PipelineError> {
        Ok(self.folder.write(&self.record(outcome, runs))?)
    }

    fn record(&self, outcome: Outcome, runs: &[&Ran]) -> Record {
        let runs = runs.iter().map(|run| run.record.clone()).collect();
        Record {
            outcome,
            runs,
            ..self.record.clone()
        }
    }
}

/// Writes the index entry of a signed result, after all that it names is in the store.
pub fn enter(
    record: &Record,
    outputs: StoredTree,
    bundle: Fingerprint,
    ctx: &Context<'_>,
) -> Result<Built, PipelineError> {
    let result = ActionResult {
        action: record.action,
        outputs: *outputs.digest(),
        files: outputs.tree().files().count(),
        bundle,
        run: record.id.clone(),
    };
    let entry = serde_json::to_vec(&result).expect("a result holds only text and numbers");
    ctx.store.put_action(&result.action, &entry)?;
    Ok(Built {
        action: result.action,
        outputs,
        bundle: Some(bundle),
        run: result.run,
        origin: Origin::Runs,
    })
}

/// What the root is called that keeps a run's trees.
pub fn root_name(id: &str) -> zwieback_model::name::Name {
    format!("run-{id}").parse().expect("a run's name is a name")
}
