//! Where a walk stands, and what it noted there before anybody judged whether it is worth keeping.

use zwieback_model::rel_path::RelPath;

use crate::clue::verdict::Verdict;
use crate::excerpt;
use crate::format::kind::Kind;

/// Where the walk stands: an output, and the way through the containers in it.
#[derive(Clone, Debug)]
pub struct Spot {
    /// The output.
    pub path: RelPath,
    /// The members on the way.
    pub members: Vec<String>,
    /// What the innermost container is.
    pub holder: Option<Kind>,
}

/// A finding before it is judged worth keeping.
pub struct Draft<'d> {
    /// The field, section or line.
    pub detail: String,
    /// The first difference.
    pub offset: Option<u64>,
    /// What run A has.
    pub left: String,
    /// What run B has.
    pub right: String,
    /// Why.
    pub verdict: Verdict,
    /// The text around, for the hint.
    pub context: &'d [u8],
}

impl Spot {
    /// The output itself.
    pub fn output(path: &RelPath) -> Self {
        Self {
            path: path.clone(),
            members: Vec::new(),
            holder: None,
        }
    }

    /// A member of the container at this spot.
    #[must_use]
    pub fn member(&self, name: &str, holder: Kind) -> Self {
        let mut members = self.members.clone();
        members.push(excerpt::text(name));
        Self {
            path: self.path.clone(),
            members,
            holder: Some(holder),
        }
    }

    /// The name of the innermost thing.
    pub fn name(&self) -> &str {
        self.members
            .last()
            .map_or(self.path.as_str(), String::as_str)
    }
}
