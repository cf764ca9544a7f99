//! The lines of two texts from the first one that differs.

use std::io;

use crate::content::{BLOCK, View};

/// The most lines held of one side: a text may be nothing but line ends.
const MOST: usize = 400_000;

/// Where the first line that differs begins; before it both sides are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// The lines before it.
    pub line: usize,
    /// The bytes before it.
    pub offset: u64,
}

/// The beginning of the line that holds the byte at `offset`. A line longer than a block is
/// cut, so that what differs stays within reach.
pub fn start(view: &View<'_>, offset: u64) -> io::Result<Start> {
    let mut found = Start { line: 0, offset: 0 };
    let mut block = vec![0; BLOCK];
    let mut at = 0;
    while at < offset {
        let read = view.read_at(at, &mut block)?;
        let wanted = usize::try_from(offset - at).unwrap_or(BLOCK).min(read);
        for (place, _) in block[..wanted]
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'\n')
        {
            found = Start {
                line: found.line + 1,
                offset: at + place as u64 + 1,
            };
        }
        if wanted == 0 {
            break;
        }
        at += wanted as u64;
    }
    found.offset = found.offset.max(offset.saturating_sub(BLOCK as u64));
    Ok(found)
}

/// The lines of some bytes with their ends, and whether there are more than are taken.
pub fn split(bytes: &[u8]) -> (Vec<&[u8]>, bool) {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let taken: Vec<_> = lines.by_ref().take(MOST).collect();
    (taken, lines.next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_an_offset() {
        let bytes = b"one\ntwo\nthree".to_vec();
        let view = View::of(&bytes);
        assert_eq!(start(&view, 0).unwrap(), Start { line: 0, offset: 0 });
        assert_eq!(start(&view, 5).unwrap(), Start { line: 1, offset: 4 });
        assert_eq!(start(&view, 99).unwrap(), Start { line: 2, offset: 8 });
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let bytes = vec![b'x'; 3 * BLOCK];
        let found = start(&View::of(&bytes), 3 * BLOCK as u64 - 1).unwrap();
        assert_eq!(found.offset, 2 * BLOCK as u64 - 1);
    }
}
