//! Events as sentences on stderr, with progress bars where there is a terminal.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use zwieback_model::amount::counted;
use zwieback_model::bake::completed::Ending;
use zwieback_model::event::Event;
use zwieback_model::labelled::Tone;
use zwieback_model::name::Name;

use super::paint::Paint;
use super::runs::Runs;
use super::terminal;
use super::volume::Volume;
use super::{crowd, sentence};
use crate::pipeline::context::observe::Observe;

/// The screen of a person.
#[derive(Debug)]
pub struct Human {
    paint: Paint,
    volume: Volume,
    bars: MultiProgress,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    runs: Runs,
    download: Option<Bar>,
    assembly: Option<Bar>,
    /// All recipes together, where there are several.
    crowd: Option<ProgressBar>,
}

/// A bar, and the recipe that it is about.
type Bar = (Option<Name>, ProgressBar);

impl Human {
    /// A screen; bars are drawn on a terminal only.
    pub fn new(paint: Paint, volume: Volume, progress: bool) -> Self {
        let drawn = progress && volume > Volume::Quiet && std::io::stderr().is_terminal();
        let target = if drawn {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bars = MultiProgress::with_draw_target(target);
        let runs = Runs::new(bars.clone(), paint);
        Self {
            paint,
            volume,
            bars,
            state: Mutex::new(State {
                runs,
                download: None,
                assembly: None,
                crowd: None,
            }),
        }
    }

    fn line(&self, line: &str) {
        if self.volume == Volume::Quiet {
            return;
        }
        self.bars.suspend(|| {
            drop(writeln!(terminal::stderr(), "{line}"));
        });
    }

    fn bar(&self, length: u64, verb: &str, template: &str) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::new(length));
        let style = ProgressStyle::with_template(template).expect("the template is right");
        bar.set_style(style.progress_chars("━━╌"));
        bar.set_prefix(format!("{verb:>12}"));
        bar
    }

    fn progress(&self, state: &mut State, recipe: Option<&Name>, event: &Event) {
        match event {
            Event::FetchStarted { bytes, .. } => {
                let template =
                    "{prefix:.green.bold} {bar:16} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
                let bar = self.bar(*bytes, "Fetching", template);
                state.download = Some((recipe.cloned(), bar));
            }
            Event::FetchProgress { bytes } => {
                if let Some((_, bar)) = &state.download {
                    bar.inc(*bytes);
                }
            }
            Event::Fetched { .. } => clear(&mut state.download, recipe),
            Event::AssemblyStarted {
                toolchain,
                packages,
            } => {
                let bar = self.bar(0, "Assembling", "{prefix:.green.bold} {msg} {elapsed}");
                bar.set_message(format!(
                    "toolchain {toolchain} ({})",
                    counted(*packages, "package")
                ));
                bar.enable_steady_tick(std::time::Duration::from_millis(100));
                clear(&mut state.assembly, recipe);
                state.assembly = Some((recipe.cloned(), bar));
            }
            Event::Assembled { .. } => clear(&mut state.assembly, recipe),
            Event::Scheduled { recipes, .. } => {
                let template = "{prefix:.green.bold} {bar:16} {pos}/{len} recipes  {elapsed}";
                state.crowd = Some(self.bar(*recipes as u64, "Building", template));
            }
            Event::Finished { .. } | Event::GaveUp { .. } => {
                state.end(recipe);
                if let Some(crowd) = &state.crowd {
                    crowd.inc(1);
                }
            }
            Event::Settled { .. } => {
                if let Some(crowd) = state.crowd.take() {
                    crowd.finish_and_clear();
                }
            }
            _ => self.run_progress(state, recipe, event),
        }
    }

    fn run_progress(&self, state: &mut State, recipe: Option<&Name>, event: &Event) {
        match event {
            Event::RunStarted { run, steps, varied } => {
                state.runs.start(recipe, *run, *steps, varied);
            }
            Event::StepStarted { run, step, .. } => state.runs.step(recipe, *run, step),
            Event::StepFinished {
                run,
                ending: Ending::Exited(0),
                ..
            } => state.runs.step_done(recipe, *run),
            Event::RunFinished { run, wall_ms } => {
                let lines = state.runs.finish(recipe, *run, *wall_ms);
                if state.crowd.is_none() || self.volume == Volume::Verbose {
                    for line in &lines {
                        self.line(line);
                    }
                }
            }
            _ => {}
        }
    }

    fn story(&self, recipe: Option<&Name>, is_crowd: bool, event: &Event) {
        let line = if is_crowd {
            crowd::line(recipe, event, self.volume)
        } else {
            sentence::of(event).map(|(verb, rest)| (Tone::Good, verb, rest))
        };
        if let Some((meaning, verb, rest)) = line {
            self.line(&self.paint.line(meaning, verb, rest));
        }
        match event {
            Event::Sandboxed { weaker, .. } if self.volume == Volume::Verbose => {
                for lock in weaker {
                    self.line(&self.paint.line(Tone::Warning, "", lock));
                }
            }
            Event::StepOutput { run, step, line } => {
                let whose = recipe
                    .map(|recipe| format!("{recipe} "))
                    .unwrap_or_default();
                self.line(&format!("{whose}{run} {step}> {line}"));
            }
            Event::Notice { message } => {
                self.line(&self.paint.line(Tone::Warning, "note", message));
            }
            _ => {}
        }
    }
}

impl State {
    /// Takes all that is about a recipe off the screen.
    fn end(&mut self, recipe: Option<&Name>) {
        self.runs.clear(recipe);
        clear(&mut self.download, recipe);
        clear(&mut self.assembly, recipe);
    }
}

impl Observe for Human {
    fn event(&self, recipe: Option<&Name>, event: &Event) {
        let mut state = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let was_crowd = state.crowd.is_some();
        // The only recipe needs no name before its lines.
        let recipe = recipe.filter(|_| was_crowd);
        self.progress(&mut state, recipe, event);
        self.story(recipe, was_crowd || state.crowd.is_some(), event);
        // The data: where the outputs are, in the order of the graph.
        let paths: Vec<&String> = match event {
            Event::Finished { path, .. } if !was_crowd => vec![path],
            Event::Settled { recipes, .. } => recipes
                .iter()
                .filter_map(|recipe| recipe.path.as_ref())
                .collect(),
            _ => Vec::new(),
        };
        for path in paths {
            drop(writeln!(terminal::stdout(), "{path}"));
        }
    }
}

fn clear(bar: &mut Option<Bar>, recipe: Option<&Name>) {
    if let Some((_, bar)) = bar.take_if(|(whose, _)| whose.as_ref() == recipe) {
        bar.finish_and_clear();
    }
}
