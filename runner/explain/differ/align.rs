//! Which lines (or strings) of two sides belong together, and which of those differ.

use std::collections::BTreeMap;
use std::ops::Range;

/// A line that is not the same on both sides; at least one index is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineChange {
    /// The index in A.
    pub a: Option<usize>,
    /// The index in B.
    pub b: Option<usize>,
}

/// The changed items, at most `most`. Items that occur once on each side are the anchors
/// (as in patience diff); between two anchors items are paired in order. O(n log n).
pub fn changes<T: Ord + Copy>(a: &[T], b: &[T], most: usize) -> Vec<LineChange> {
    let head = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let tail = a[head..]
        .iter()
        .rev()
        .zip(b[head..].iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let (middle_a, middle_b) = (head..a.len() - tail, head..b.len() - tail);
    let mut found = Vec::new();
    let (mut from_a, mut from_b) = (middle_a.start, middle_b.start);
    let anchors = anchors(&a[middle_a.clone()], &b[middle_b.clone()]);
    let ends = anchors
        .into_iter()
        .map(|(a, b)| (head + a, head + b))
        .chain([(middle_a.end, middle_b.end)]);
    for (to_a, to_b) in ends {
        pair(a, b, from_a..to_a, from_b..to_b, &mut found);
        (from_a, from_b) = (to_a + 1, to_b + 1);
        if found.len() >= most {
            found.truncate(most);
            break;
        }
    }
    found
}

fn pair<T: Ord + Copy>(
    a: &[T],
    b: &[T],
    in_a: Range<usize>,
    in_b: Range<usize>,
    found: &mut Vec<LineChange>,
) {
    for step in 0..in_a.len().max(in_b.len()) {
        let at = |range: &Range<usize>| Some(range.start + step).filter(|at| *at < range.end);
        let change = LineChange {
            a: at(&in_a),
            b: at(&in_b),
        };
        let equal = change.a.map(|at| a[at]) == change.b.map(|at| b[at]);
        if !equal {
            found.push(change);
        }
    }
}

/// Items unique on both sides, in the longest order they have in common.
pub fn anchors<T: Ord + Copy>(a: &[T], b: &[T]) -> Vec<(usize, usize)> {
    let in_b = unique(b);
    let mut shared: Vec<_> = unique(a)
        .into_iter()
        .filter_map(|(item, at)| Some((at, *in_b.get(&item)?)))
        .collect();
    shared.sort_unstable();
    longest_rise(&shared)
}

fn unique<T: Ord + Copy>(items: &[T]) -> BTreeMap<T, usize> {
    let mut places: BTreeMap<T, (usize, bool)> = BTreeMap::new();
    for (at, item) in items.iter().enumerate() {
        places
            .entry(*item)
            .and_modify(|place| place.1 = false)
            .or_insert((at, true));
    }
    let once = places.into_iter().filter(|(_, (_, once))| *once);
    once.map(|(item, (at, _))| (item, at)).collect()
}

/// The longest subsequence that rises in its second part, by patience sorting.
fn longest_rise(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut tops: Vec<usize> = Vec::new();
    let mut below: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (index, pair) in pairs.iter().enumerate() {
        let pile = tops.partition_point(|top| pairs[*top].1 < pair.1);
        below.push(pile.checked_sub(1).map(|left| tops[left]));
        match tops.get_mut(pile) {
            Some(top) => *top = index,
            None => tops.push(index),
        }
    }
    let mut rise = Vec::new();
    let mut at = tops.last().copied();
    while let Some(index) = at {
        rise.push(pairs[index]);
        at = below[index];
    }
    rise.reverse();
    rise
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_inserted_line_does_not_shift_the_rest() {
        let found = changes(
            &["a", "b", "c", "d", "e"],
            &["a", "x", "b", "c", "D", "e"],
            9,
        );
        let expected = [
            LineChange {
                a: None,
                b: Some(1),
            },
            LineChange {
                a: Some(3),
                b: Some(4),
            },
        ];
        assert_eq!(found, expected);
    }

    proptest! {
        #[test]
        fn unchanged_items_are_equal_in_order(a in prop::collection::vec(0_u8..6, 0..30), b in prop::collection::vec(0_u8..6, 0..30)) {
            let found = changes(&a, &b, usize::MAX);
            let kept = |items: &[u8], of: fn(&LineChange) -> Option<usize>| -> Vec<u8> {
                let changed: Vec<_> = found.iter().filter_map(of).collect();
                items.iter().enumerate().filter(|(at, _)| !changed.contains(at)).map(|(_, item)| *item).collect()
            };
            prop_assert_eq!(kept(&a, |change| change.a), kept(&b, |change| change.b));
        }
    }
}
