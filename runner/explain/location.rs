//! A place inside of an output, and a finding there before it is counted.

use zwieback_model::rel_path::RelPath;

use crate::content_kind::ContentKind;
use crate::evidence::attribution::Attribution;
use crate::excerpt;

/// A place: an output, and the way through the containers in it.
#[derive(Clone, Debug)]
pub struct Location {
    /// The output.
    pub path: RelPath,
    /// The members on the way.
    pub members: Vec<String>,
    /// What the innermost container is.
    pub holder: Option<ContentKind>,
}

/// A finding before it is added to an explanation.
pub struct FindingDraft<'d> {
    /// The field, section or line.
    pub detail: String,
    /// The first difference.
    pub offset: Option<u64>,
    /// What run A has.
    pub left: String,
    /// What run B has.
    pub right: String,
    /// Why.
    pub attribution: Attribution,
    /// The text around, for the hint.
    pub context: &'d [u8],
}

impl Location {
    /// The output itself.
    pub fn output(path: &RelPath) -> Self {
        Self {
            path: path.clone(),
            members: Vec::new(),
            holder: None,
        }
    }

    /// A member of the container at this location.
    #[must_use]
    pub fn member(&self, name: &str, holder: ContentKind) -> Self {
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
