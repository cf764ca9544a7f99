//! Two compressed streams read side by side, so that what they agree on is held once.

use std::io::{self, Read};
use std::rc::Rc;

use crate::content::{BLOCK, Blocks, View};
use crate::location::Location;
use crate::walk::Walk;

/// The two contents, and why they are not whole where they are not.
struct Inflated {
    a: Blocks,
    b: Blocks,
    cut: Option<String>,
}

/// Decompresses both sides within the walk's limit and explains what is inside.
pub fn explain<'r>(
    walk: &mut Walk<'_>,
    location: &Location,
    a: Box<dyn Read + 'r>,
    b: Box<dyn Read + 'r>,
) {
    let held = walk.inflatable;
    // What is decompressed here counts once against what may be held and once for ever.
    let mut left = held.min(walk.decompressible);
    let all = left;
    let both = inflate(&mut left, a, b);
    walk.decompressible -= all - left;
    walk.inflatable = held - (all - left);
    if let Some(reason) = both.cut {
        walk.skip(location, reason);
    }
    let a = View::inflated(Rc::new(both.a));
    let b = View::inflated(Rc::new(both.b));
    walk.contents(location, &a, &b);
    // The blocks are gone from here on.
    walk.inflatable = held;
}

fn inflate(left: &mut u64, mut a: impl Read, mut b: impl Read) -> Inflated {
    let mut both = Inflated {
        a: Blocks::default(),
        b: Blocks::default(),
        cut: None,
    };
    let (mut more_a, mut more_b) = (true, true);
    while both.cut.is_none() && (more_a || more_b) {
        // Room for two blocks must be there before they are made.
        let Some(rest) = left.checked_sub(2 * BLOCK as u64) else {
            both.cut = Some(format!(
                "only the first {} bytes were decompressed",
                both.size()
            ));
            break;
        };
        let block_a = next(&mut a, &mut more_a, &mut both.cut);
        let block_b = next(&mut b, &mut more_b, &mut both.cut);
        let shared = block_a == block_b;
        *left = if shared { rest + BLOCK as u64 } else { rest };
        both.push(block_a, block_b, shared);
    }
    both
}

impl Inflated {
    fn size(&self) -> u64 {
        use crate::content::Content as _;
        self.a.size().max(self.b.size())
    }

    fn push(&mut self, a: Vec<u8>, b: Vec<u8>, shared: bool) {
        let block: Rc<[u8]> = a.into();
        if shared {
            self.b.push(Rc::clone(&block));
        } else if !b.is_empty() {
            self.b.push(b.into());
        }
        if !block.is_empty() {
            self.a.push(block);
        }
    }
}

/// The next block; a short one is the last, for only full blocks may be followed by others.
fn next(from: &mut impl Read, more: &mut bool, cut: &mut Option<String>) -> Vec<u8> {
    if !*more {
        return Vec::new();
    }
    let mut block = vec![0; BLOCK];
    let mut filled = 0;
    while filled < BLOCK {
        match from.read(&mut block[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                *cut = Some(format!("the compressed data is damaged: {error}"));
                break;
            }
        }
    }
    *more = filled == BLOCK;
    block.truncate(filled);
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Content as _;

    #[test]
    fn what_is_equal_is_paid_for_once() {
        let a = vec![7; 4 * BLOCK];
        let mut b = a.clone();
        b[0] = 8;
        let mut left = 8 * BLOCK as u64;
        let both = inflate(&mut left, a.as_slice(), b.as_slice());
        assert_eq!(both.a.size(), both.b.size());
        // Four blocks each, one of them not shared; the empty one at the end costs like a block.
        assert_eq!(left, 2 * BLOCK as u64);
    }

    #[test]
    fn the_limit_stops_a_bomb() {
        let mut left = 8 * BLOCK as u64;
        let both = inflate(&mut left, io::repeat(0), io::repeat(1));
        assert!(both.cut.is_some());
        assert_eq!(both.size(), 4 * BLOCK as u64);
    }
}
