//! Events as sentences on stderr, with progress bars where there is a terminal.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use zwieback_core::build::completed::Ending;
use zwieback_core::event::{Event, Verdict};
use zwieback_core::name::Name;

use super::paint::{Meaning, Paint, bytes, counted, seconds};
use super::runs::Runs;
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

    fn say(&self, verb: &str, rest: String) {
        self.line(&self.paint.line(Meaning::Good, verb, rest));
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
        match event {
            Event::Planned {
                recipe,
                version,
                steps,
                sources,
                toolchains,
            } => {
                self.say(
                    "Planned",
                    planned(recipe, version, *steps, *sources, toolchains),
                );
            }
            Event::Locked { kind, name } => self.say("Locked", format!("{kind} {name}")),
            Event::Fetched {
                inputs,
                bytes: size,
                ..
            } if *inputs > 0 => {
                self.say(
                    "Fetched",
                    format!("{} ({})", counted(*inputs, "input"), bytes(*size)),
                );
            }
            Event::Sandboxed { summary, weaker } => {
                self.say("Sandbox", summary.clone());
                for lock in weaker {
                    self.line(&self.paint.line(Meaning::Warning, "", lock));
                }
            }
            Event::StepOutput { run, step, line } => self.line(&format!("{run:?} {step}> {line}")),
            Event::Compared { files, differing } => {
                self.say("Compared", compared(*files, *differing));
            }
            Event::Signed { bundle, key } => self.say("Signed", format!("{bundle}, key {key}")),
            Event::Reused { run, .. } => self.say(
                "Found",
                format!("in the store, built and signed by run {run}"),
            ),
            Event::Exported { folder, files } => {
                self.say(
                    "Exported",
                    format!("{} to {folder}", counted(*files, "file")),
                );
            }
            Event::Notice { message } => {
                self.line(&self.paint.line(Meaning::Warning, "note", message));
            }
            Event::Finished {
                recipe,
                version,
                verdict,
                wall_ms,
                ..
            } => {
                self.say("Finished", finished(recipe, version, *verdict, *wall_ms));
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

fn planned(
    recipe: &Name,
    version: &str,
    steps: usize,
    sources: usize,
    toolchains: &[(Name, usize)],
) -> String {
    let toolchains: Vec<_> = toolchains
        .iter()
        .map(|(name, packages)| format!("{name} ({})", counted(*packages, "package")))
        .collect();
    let noun = if toolchains.len() == 1 {
        "toolchain"
    } else {
        "toolchains"
    };
    format!(
        "{recipe} {version}: {}, {}, {noun} {}",
        counted(steps, "step"),
        counted(sources, "source"),
        toolchains.join(" + ")
    )
}

fn compared(files: usize, differing: usize) -> String {
    let same = files - differing;
    match differing {
        0 => format!("{}, {same} identical", counted(files, "file")),
        1 => format!("{}, {same} identical, 1 differs", counted(files, "file")),
        _ => format!(
            "{}, {same} identical, {differing} differ",
            counted(files, "file")
        ),
    }
}

fn finished(recipe: &Name, version: &str, verdict: Verdict, wall_ms: u64) -> String {
    let time = seconds(wall_ms);
    match verdict {
        Verdict::Reproducible => format!("{recipe} {version} is reproducible, in {time}"),
        Verdict::BuiltOnce => {
            format!(
                "{recipe} {version} was built once, in {time}: nothing was compared, nothing was signed"
            )
        }
    }
}
