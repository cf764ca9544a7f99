//! What a fetch tells whoever watches it.

use crate::fetch::failure::Failure;

/// One thing that happened. `input` is the position in the list that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchEvent {
    /// A file is being asked for.
    Started {
        /// Which input.
        input: usize,
    },
    /// Bytes came, or had to be thrown away.
    Received {
        /// Which input.
        input: usize,
        /// How many bytes of it there are now.
        have: u64,
    },
    /// One place failed; another is asked, or the same one again.
    PlaceFailed {
        /// Which input.
        input: usize,
        /// The URL that was asked.
        url: String,
        /// What happened there.
        failure: Failure,
    },
    /// The file is complete, verified and delivered.
    Finished {
        /// Which input.
        input: usize,
    },
}

impl FetchEvent {
    /// The same event of an input at another position.
    #[must_use]
    pub fn moved(mut self, to: impl Fn(usize) -> usize) -> Self {
        let (Self::Started { input }
        | Self::Received { input, .. }
        | Self::PlaceFailed { input, .. }
        | Self::Finished { input }) = &mut self;
        *input = to(*input);
        self
    }
}
