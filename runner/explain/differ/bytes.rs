//! Differing ranges of two contents, found block by block.

use std::io;
use std::ops::Range;

use crate::content::{BLOCK, View};

/// Equal bytes between two differences that still belong together.
const GAP: usize = 8;

/// A difference as a range of each side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByteDifference {
    /// Where in A.
    pub a: Range<u64>,
    /// Where in B.
    pub b: Range<u64>,
}

/// The offset of the first byte that differs, or of the end of the shorter side.
pub fn first(a: &View<'_>, b: &View<'_>) -> io::Result<Option<u64>> {
    let (mut left, mut right) = (vec![0; BLOCK], vec![0; BLOCK]);
    let mut at = 0;
    loop {
        let count_a = a.read_at(at, &mut left)?;
        let count_b = b.read_at(at, &mut right)?;
        let (block_a, block_b) = (&left[..count_a], &right[..count_b]);
        if block_a != block_b {
            let equal = block_a
                .iter()
                .zip(block_b)
                .take_while(|(a, b)| a == b)
                .count();
            return Ok(Some(at + equal as u64));
        }
        if count_a == 0 {
            return Ok((a.size() != b.size()).then_some(at));
        }
        at += count_a as u64;
    }
}

/// The differing ranges of two slices, at most `most`: place by place where the lengths agree,
/// else the one range between the common head and the common tail.
pub fn ranges(a: &[u8], b: &[u8], most: usize) -> Vec<ByteDifference> {
    if a.len() != b.len() {
        return between(a, b).into_iter().collect();
    }
    let mut found: Vec<Range<usize>> = Vec::new();
    for (block, (left, right)) in a.chunks(256).zip(b.chunks(256)).enumerate() {
        if left == right {
            continue;
        }
        for (at, _) in left
            .iter()
            .zip(right)
            .enumerate()
            .filter(|(_, (a, b))| a != b)
        {
            let at = block * 256 + at;
            match found.last_mut() {
                Some(last) if at <= last.end + GAP => last.end = at + 1,
                _ => found.push(at..at + 1),
            }
            if found.len() > most {
                found.truncate(most);
                return both(&found);
            }
        }
    }
    both(&found)
}

fn both(found: &[Range<usize>]) -> Vec<ByteDifference> {
    let wide = |range: &Range<usize>| range.start as u64..range.end as u64;
    found
        .iter()
        .map(|range| ByteDifference {
            a: wide(range),
            b: wide(range),
        })
        .collect()
}

fn between(a: &[u8], b: &[u8]) -> Option<ByteDifference> {
    if a == b {
        return None;
    }
    let head = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (rest_a, rest_b) = (&a[head..], &b[head..]);
    let tail = rest_a
        .iter()
        .rev()
        .zip(rest_b.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    Some(ByteDifference {
        a: head as u64..(a.len() - tail) as u64,
        b: head as u64..(b.len() - tail) as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_difference_may_be_the_end() {
        let (a, b) = (b"abc".to_vec(), b"abcd".to_vec());
        assert_eq!(first(&View::of(&a), &View::of(&b)).unwrap(), Some(3));
        assert_eq!(first(&View::of(&a), &View::of(&a)).unwrap(), None);
    }

    #[test]
    fn near_differences_are_one() {
        let mut b = vec![0; 600];
        (b[10], b[14], b[500]) = (1, 1, 1);
        let found = ranges(&[0; 600], &b, 9);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].a, 10..15);
    }

    proptest! {
        #[test]
        fn outside_the_ranges_all_is_equal(a: Vec<u8>, b: Vec<u8>) {
            let found = ranges(&a, &b, usize::MAX);
            let start = found.first().map_or(a.len(), |range| usize::try_from(range.a.start).unwrap());
            prop_assert_eq!(a.get(..start), b.get(..start));
            prop_assert_eq!(found.is_empty(), a == b);
        }
    }
}
