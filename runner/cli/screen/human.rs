//! Events as sentences on stderr, with progress bars where there is a terminal.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use zwieback_core::bake::completed::Ending;
use zwieback_core::event::Event;

use super::paint::{Meaning, Paint, counted};
use super::runs::Runs;
use super::sentence;
use crate::pipeline::observe::Observe;

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Volume {
    /// Errors only.
    Quiet,
    /// The story.
    Normal,
    /// What is worked around as well.
    Verbose,
}

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
    download: Option<ProgressBar>,
    assembly: Option<ProgressBar>,
}

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
            }),
        }
    }

    fn line(&self, line: &str) {
        if self.volume == Volume::Quiet {
            return;
        }
        self.bars.suspend(|| {
            drop(writeln!(std::io::stderr().lock(), "{line}"));
        });
    }

    fn bar(&self, length: u64, verb: &str, template: &str) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::new(length));
        let style = ProgressStyle::with_template(template).expect("the template is right");
        bar.set_style(style.progress_chars("━━╌"));
        bar.set_prefix(format!("{verb:>12}"));
        bar
    }

    fn progress(&self, state: &mut State, event: &Event) {
        match event {
            Event::FetchStarted { bytes, .. } => {
                let template =
                    "{prefix:.green.bold} {bar:16} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
                state.download = Some(self.bar(*bytes, "Fetching", template));
            }
            Event::FetchProgress { bytes } => {
                if let Some(bar) = &state.download {
                    bar.inc(*bytes);
                }
            }
            Event::Fetched { .. } => clear(&mut state.download),
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
                state.assembly = Some(bar);
            }
            Event::Assembled { .. } => clear(&mut state.assembly),
            Event::RunStarted { run, steps, varied } => state.runs.start(*run, *steps, varied),
            Event::StepStarted { run, step, .. } => state.runs.step(*run, step),
            Event::StepFinished {
                run,
                ending: Ending::Exited(0),
                ..
            } => state.runs.step_done(*run),
            Event::RunFinished { run, wall_ms } => {
                if let Some(line) = state.runs.finish(*run, *wall_ms) {
                    self.line(&line);
                }
            }
            _ => {}
        }
    }

    fn story(&self, event: &Event) {
        if let Some((verb, rest)) = sentence::of(event) {
            self.line(&self.paint.line(Meaning::Good, verb, rest));
        }
        match event {
            Event::Sandboxed { weaker, .. } if self.volume == Volume::Verbose => {
                for lock in weaker {
                    self.line(&self.paint.line(Meaning::Warning, "", lock));
                }
            }
            Event::StepOutput { run, step, line } => self.line(&format!("{run:?} {step}> {line}")),
            Event::Notice { message } => {
                self.line(&self.paint.line(Meaning::Warning, "note", message));
            }
            _ => {}
        }
    }
}

impl Observe for Human {
    fn event(&self, event: &Event) {
        let mut state = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        self.progress(&mut state, event);
        self.story(event);
        if let Event::Finished { path, .. } = event {
            state.runs.clear();
            // The one line of data: where the outputs are.
            drop(writeln!(std::io::stdout().lock(), "{path}"));
        }
    }
}

fn clear(bar: &mut Option<ProgressBar>) {
    if let Some(bar) = bar.take() {
        bar.finish_and_clear();
    }
}
