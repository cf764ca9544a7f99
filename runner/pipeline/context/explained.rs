//! What is told of runs that differ.

use zwieback_explain::finding::Explanation;
use zwieback_explain::screen::summary;
use zwieback_model::labelled::Line;

/// Why two runs differ.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The findings.
    pub report: Explanation,
    /// How many files were compared.
    pub compared: usize,
    /// How many differ.
    pub differing: usize,
    /// The step after which the runs were no longer the same, and the first path at which.
    pub parted: Option<(String, String)>,
    /// The run's name.
    pub id: String,
}

impl Explained {
    /// The findings in at most a screenful, for people.
    pub fn summary(&self) -> Vec<Line> {
        summary(&self.report)
    }
}
