//! How much the screen of a person says.

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
