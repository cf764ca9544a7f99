//! The story of `zwieback build a b c`: recipes side by side, each after what it needs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use zwieback_host::project::Project;
use zwieback_model::bake::schedule::{Next, Schedule};
use zwieback_model::event::{Event, Fate, Settled};
use zwieback_model::name::Name;

use super::export;
use super::one::build;
use crate::pipeline::context::command_context::{AfterFailure, Context, Reuse, Wish};
use crate::pipeline::context::error::PipelineError;
use crate::pipeline::context::failure::Failure;
use crate::pipeline::plan::built::{Built, Origin, Output, Outputs};
use crate::pipeline::plan::graph::{self, Wanted};

/// Recipes that are begun for each run that may be at work. Most of a small recipe's time is the
/// time between its runs, which others fill; all that is begun holds memory, though.
const BEGUN_PER_RUN: usize = 10;
/// However many CPUs there are.
const MOST_BEGUN: usize = 128;

/// Builds the named recipes, or all of the project, and first whatever they need.
pub fn run(named: Option<&[String]>, wish: &Wish, ctx: &Context<'_>) -> Result<(), Failure> {
    let project = ctx.project()?;
    let named = named.map_or_else(|| project.recipes(), <[String]>::to_vec);
    let wanted = graph::read(&project, &named);
    let built = wanted.and_then(|wanted| build_wanted(&project, &wanted, wish, ctx));
    Ok(ctx.settle(built.map(drop))?)
}

/// Builds what something else needs: told as it happens, and not among what was asked for.
pub fn build_needed(
    project: &Project,
    needed: &[String],
    wish: &Wish,
    ctx: &Context<'_>,
) -> Result<Outputs, PipelineError> {
    if needed.is_empty() {
        return Ok(Outputs::new());
    }
    let mut wanted = graph::read(project, needed)?;
    wanted.named.clear();
    build_wanted(project, &wanted, wish, ctx)
}

fn build_wanted(
    project: &Project,
    wanted: &Wanted,
    wish: &Wish,
    ctx: &Context<'_>,
) -> Result<Outputs, PipelineError> {
    let begun = Instant::now();
    // Of several recipes each is exported to a folder within the one that is named.
    export::is_possible(wish)?;
    let works = Works::open(project, wanted, wish, ctx);
    let runs = ctx.shared.slots(wish.jobs).capacity().runs;
    let recipes = wanted.graph.order().len();
    if !works.is_alone() {
        ctx.tell(&Event::Scheduled { recipes, runs });
    }
    let hands = recipes.min(runs * BEGUN_PER_RUN).min(MOST_BEGUN);
    thread::scope(|scope| {
        for _ in 1..hands {
            scope.spawn(|| works.work());
        }
        works.work();
    });
    works.settle(begun)
}

/// What all hands work on.
struct Works<'a> {
    project: &'a Project,
    wanted: &'a Wanted,
    wish: &'a Wish,
    for_others: Wish,
    ctx: &'a Context<'a>,
    board: Mutex<Board>,
    changed: Condvar,
}

/// What is to be done, and what became of the rest.
struct Board {
    schedule: Schedule,
    outputs: Outputs,
    failures: BTreeMap<Name, PipelineError>,
}

/// A recipe that one hand has begun. Dropped without a result, it counts as failed: nobody waits for ever.
struct Begun<'a> {
    works: &'a Works<'a>,
    name: &'a Name,
    result: Option<Result<Built, PipelineError>>,
}

impl<'a> Works<'a> {
    fn open(
        project: &'a Project,
        wanted: &'a Wanted,
        wish: &'a Wish,
        ctx: &'a Context<'a>,
    ) -> Self {
        let board = Board {
            schedule: Schedule::new(&wanted.graph),
            outputs: Outputs::new(),
            failures: BTreeMap::new(),
        };
        Self {
            project,
            wanted,
            wish,
            for_others: only_needed(wish),
            ctx,
            board: Mutex::new(board),
            changed: Condvar::new(),
        }
    }

    /// One hand: begins what may begin until nothing is left.
    fn work(&self) {
        while let Some((name, needed)) = self.next() {
            let mut begun = Begun {
                works: self,
                name: &name,
                result: None,
            };
            begun.result = Some(self.one(&name, &needed));
        }
    }

    /// The next recipe and what it needs, waited for if need be.
    fn next(&self) -> Option<(Name, Outputs)> {
        let mut board = self.board();
        loop {
            if self.ctx.stop.is_wanted() {
                board.schedule.close();
            }
            match board.schedule.pick() {
                Next::Over => return None,
                Next::Begin(name) => {
                    let needs = self.wanted.graph.needs(&name).iter();
                    let output = |it: &Name| Some((it.clone(), board.outputs.get(it)?.clone()));
                    let needed = needs.filter_map(output).collect();
                    return Some((name, needed));
                }
                Next::Wait => {
                    let waited = self.changed.wait(board);
                    board = waited.unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    fn one(&self, name: &Name, needed: &Outputs) -> Result<Built, PipelineError> {
        let ctx = &self.ctx.about(name);
        match self.wanted.named.get(name) {
            None => build(self.project, name.as_str(), needed, &self.for_others, ctx),
            Some(given) if self.wanted.named.len() == 1 => {
                build(self.project, given, needed, self.wish, ctx)
            }
            Some(given) => build(self.project, given, needed, &one_of(self.wish, name), ctx),
        }
    }

    /// Writes down what became of a recipe, and wakes whoever waits for it.
    fn close(&self, name: &Name, result: Result<Built, PipelineError>) {
        let mut board = self.board();
        match result {
            Ok(built) => {
                board.schedule.built(name);
                board.outputs.insert(name.clone(), Output::of(&built));
            }
            Err(error) => {
                if !self.is_alone() && !self.ctx.stop.is_wanted() {
                    self.ctx.tell(&Event::GaveUp {
                        recipe: name.clone(),
                        message: error.to_string(),
                    });
                }
                board.schedule.failed(name);
                board.failures.insert(name.clone(), error);
                if self.wish.after_failure == AfterFailure::BeginNothing {
                    board.schedule.close();
                }
            }
        }
        drop(board);
        self.changed.notify_all();
    }

    fn settle(self, begun: Instant) -> Result<Outputs, PipelineError> {
        let is_alone = self.is_alone();
        let order = self.wanted.graph.order();
        let board = self.board.into_inner();
        let mut board = board.unwrap_or_else(PoisonError::into_inner);
        if !is_alone {
            let named = &self.wanted.named;
            let settled = order.iter().map(|name| board.settled(name, named));
            self.ctx.tell(&Event::Settled {
                recipes: settled.collect(),
                wall_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            });
        }
        let failures: Vec<_> = order
            .iter()
            .filter_map(|name| board.failures.remove_entry(name))
            .collect();
        let skipped: Vec<_> = board.schedule.skipped().clone().into_iter().collect();
        match failures {
            failures if failures.is_empty() && skipped.is_empty() => Ok(board.outputs),
            mut failures if is_alone && failures.len() == 1 => Err(failures.remove(0).1),
            failures => Err(PipelineError::Several {
                failures,
                skipped,
                total: order.len(),
            }),
        }
    }

    /// Whether there is one recipe only, and it was asked for: nothing has to be told apart.
    fn is_alone(&self) -> bool {
        self.wanted.graph.order().len() == 1 && !self.wanted.named.is_empty()
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Board {
    fn settled(&self, recipe: &Name, named: &BTreeMap<Name, String>) -> Settled {
        let output = self.outputs.get(recipe);
        let fate = match (output, self.schedule.skipped().get(recipe)) {
            (Some(output), _) if output.origin == Origin::Store => Fate::Found,
            (Some(_), _) => Fate::Built,
            (None, Some(needs)) => Fate::Skipped {
                needs: needs.clone(),
            },
            (None, None) => Fate::Failed,
        };
        let path = output.filter(|_| named.contains_key(recipe));
        Settled {
            recipe: recipe.clone(),
            fate,
            path: path.map(|output| output.path.clone()),
        }
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let result = self.result.take();
        self.works
            .close(self.name, result.unwrap_or(Err(PipelineError::Interrupted)));
    }
}

/// Where several recipes were named, each has a folder and a link of its own.
fn one_of(wish: &Wish, name: &Name) -> Wish {
    let link = |link: &PathBuf| {
        let mut link = link.clone().into_os_string();
        link.push(format!("-{name}"));
        PathBuf::from(link)
    };
    Wish {
        export: wish
            .export
            .as_ref()
            .map(|export| export.join(name.as_str())),
        out_link: wish.out_link.as_ref().map(link),
        ..wish.clone()
    }
}

/// What nobody named is neither exported nor built without need.
fn only_needed(wish: &Wish) -> Wish {
    Wish {
        export: None,
        out_link: None,
        reuse: Reuse::Allowed,
        ..wish.clone()
    }
}
