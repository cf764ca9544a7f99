//! The progress bars of runs at work, or plain lines where there is no terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use zwieback_model::amount::{counted, seconds};
use zwieback_model::labelled::Tone;
use zwieback_model::name::Name;
use zwieback_model::variation::conditions::RunName;
use zwieback_model::variation::factor::Factor;

use super::paint::Paint;

/// Whose run it is: of a recipe among several, or of the only one.
type Key = (Option<Name>, RunName);

/// What is shown of one run.
#[derive(Debug)]
struct Row {
    bar: ProgressBar,
    steps: usize,
    done: usize,
    last: String,
    varied: Vec<Factor>,
}

/// All runs at work.
#[derive(Debug)]
pub struct Runs {
    bars: MultiProgress,
    paint: Paint,
    rows: BTreeMap<Key, Row>,
    /// Recipes whose run A has been told of, and run B not yet.
    told: BTreeSet<Option<Name>>,
    /// The line of a run B that ended before its run A.
    held: BTreeMap<Option<Name>, String>,
}

impl Runs {
    /// Nothing yet. Hidden bars draw nothing, whatever is done to them.
    pub fn new(bars: MultiProgress, paint: Paint) -> Self {
        Self {
            bars,
            paint,
            rows: BTreeMap::new(),
            told: BTreeSet::new(),
            held: BTreeMap::new(),
        }
    }

    /// A run begins.
    pub fn start(&mut self, recipe: Option<&Name>, run: RunName, steps: usize, varied: &[Factor]) {
        // Above what was there: the line of all recipes together stays the last.
        let bar = self.bars.insert(0, ProgressBar::new(steps as u64));
        bar.set_style(style());
        bar.set_prefix(format!("{:>12}", format!("Run {run}")));
        bar.enable_steady_tick(Duration::from_millis(100));
        let row = Row {
            bar,
            steps,
            done: 0,
            last: String::new(),
            varied: varied.to_vec(),
        };
        self.rows.insert((recipe.cloned(), run), row);
    }

    /// A step of a run begins.
    pub fn step(&mut self, recipe: Option<&Name>, run: RunName, step: &Name) {
        if let Some(row) = self.rows.get_mut(&(recipe.cloned(), run)) {
            row.last = step.to_string();
            row.bar.set_message(match recipe {
                Some(recipe) => format!("{recipe} {step}"),
                None => step.to_string(),
            });
        }
    }

    /// A step of a run ended.
    pub fn step_done(&mut self, recipe: Option<&Name>, run: RunName) {
        if let Some(row) = self.rows.get_mut(&(recipe.cloned(), run)) {
            row.done += 1;
            row.bar.inc(1);
        }
    }

    /// A run ended: the lines that stay. That of run B comes after that of run A, whichever ends first.
    pub fn finish(&mut self, recipe: Option<&Name>, run: RunName, wall_ms: u64) -> Vec<String> {
        let Some(row) = self.rows.remove(&(recipe.cloned(), run)) else {
            return Vec::new();
        };
        row.bar.finish_and_clear();
        let line = self.line(recipe, run, &row, wall_ms);
        match run {
            RunName::A => {
                let other = self.held.remove(&recipe.cloned());
                if other.is_none() {
                    self.told.insert(recipe.cloned());
                }
                [Some(line), other].into_iter().flatten().collect()
            }
            RunName::B if self.told.remove(&recipe.cloned()) => vec![line],
            RunName::B => {
                self.held.insert(recipe.cloned(), line);
                Vec::new()
            }
        }
    }

    fn line(&self, recipe: Option<&Name>, run: RunName, row: &Row, wall_ms: u64) -> String {
        let whose = recipe
            .map(|recipe| format!("{recipe}: "))
            .unwrap_or_default();
        let mut text = format!(
            "{whose}{}/{} {}  {}",
            row.done,
            row.steps,
            row.last,
            seconds(wall_ms)
        );
        if !row.varied.is_empty() {
            text.push_str(&format!("  ({})", varied(&row.varied)));
        }
        self.paint.line(Tone::Good, &format!("Run {run}"), text)
    }

    /// Takes the bars of one recipe off the screen.
    pub fn clear(&mut self, recipe: Option<&Name>) {
        self.told.remove(&recipe.cloned());
        self.held.remove(&recipe.cloned());
        for run in [RunName::A, RunName::B] {
            if let Some(row) = self.rows.remove(&(recipe.cloned(), run)) {
                row.bar.finish_and_clear();
            }
        }
    }
}

/// The first few factors by name, the rest by number: the line must fit a terminal.
fn varied(factors: &[Factor]) -> String {
    let shown: Vec<_> = factors
        .iter()
        .take(4)
        .map(|factor| factor.as_str())
        .collect();
    let more = factors.len() - shown.len();
    let rest = if more > 0 {
        format!(" and {}", counted(more, "other"))
    } else {
        String::new()
    };
    format!("varied: {}{rest}", shown.join(", "))
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix:.green.bold} {bar:16} {pos}/{len} {msg}  {elapsed}")
        .expect("the template is right")
        .progress_chars("━━╌")
}
