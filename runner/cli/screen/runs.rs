//! The two progress bars of a build, or plain lines where there is no terminal.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use zwieback_core::name::Name;
use zwieback_core::twin::conditions::RunName;
use zwieback_core::twin::factor::Factor;

use super::paint::{Meaning, Paint, counted, seconds};

/// What is shown of one run.
#[derive(Debug)]
struct Row {
    bar: ProgressBar,
    steps: usize,
    done: usize,
    last: String,
    varied: Vec<Factor>,
}

/// Both runs.
#[derive(Debug)]
pub struct Runs {
    bars: MultiProgress,
    paint: Paint,
    rows: [Option<Row>; 2],
}

impl Runs {
    /// Nothing yet. Hidden bars draw nothing, whatever is done to them.
    pub fn new(bars: MultiProgress, paint: Paint) -> Self {
        Self {
            bars,
            paint,
            rows: [None, None],
        }
    }

    /// A run begins.
    pub fn start(&mut self, run: RunName, steps: usize, varied: &[Factor]) {
        let bar = self.bars.add(ProgressBar::new(steps as u64));
        bar.set_style(style());
        bar.set_prefix(format!("{:>12}", format!("Run {run:?}")));
        bar.enable_steady_tick(Duration::from_millis(100));
        let last = String::new();
        self.rows[run as usize] = Some(Row {
            bar,
            steps,
            done: 0,
            last,
            varied: varied.to_vec(),
        });
    }

    /// A step of a run begins.
    pub fn step(&mut self, run: RunName, step: &Name) {
        if let Some(row) = &mut self.rows[run as usize] {
            row.last = step.to_string();
            row.bar.set_message(step.to_string());
        }
    }

    /// A step of a run ended.
    pub fn step_done(&mut self, run: RunName) {
        if let Some(row) = &mut self.rows[run as usize] {
            row.done += 1;
            row.bar.inc(1);
        }
    }

    /// A run ended: the line that stays.
    pub fn finish(&mut self, run: RunName, wall_ms: u64) -> Option<String> {
        let row = self.rows[run as usize].take()?;
        row.bar.finish_and_clear();
        let mut text = format!(
            "{}/{} {}  {}",
            row.done,
            row.steps,
            row.last,
            seconds(wall_ms)
        );
        if !row.varied.is_empty() {
            text.push_str(&format!("  ({})", varied(&row.varied)));
        }
        Some(
            self.paint
                .line(Meaning::Good, &format!("Run {run:?}"), text),
        )
    }

    /// Takes all bars off the screen.
    pub fn clear(&mut self) {
        for row in self.rows.iter_mut().filter_map(Option::take) {
            row.bar.finish_and_clear();
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
