//! Same parts in another order: who may have ordered them?

use std::collections::BTreeMap;

use crate::knowledge::Knowledge;
use zwieback_model::variation::factor::Factor;

/// Whether both rows hold the same items, each as often, and are not equal.
pub fn is_order_only<T: Ord>(a: &[T], b: &[T]) -> bool {
    a.len() == b.len() && a != b && count(a) == count(b)
}

/// The factors that may have ordered these rows, the likeliest first.
pub fn suspects(knowledge: &Knowledge, a: &[&[u8]], b: &[&[u8]]) -> Vec<Factor> {
    use Factor::{Aslr, HashSeed, Inode, Locale, ReaddirOrder, Scheduling};
    let order = if is_interleaved(a, b) {
        [Scheduling, ReaddirOrder, HashSeed, Inode, Locale, Aslr]
    } else if is_collation(a, b) {
        [Locale, ReaddirOrder, HashSeed, Scheduling, Inode, Aslr]
    } else if is_reverse(a, b) {
        [ReaddirOrder, Inode, HashSeed, Scheduling, Locale, Aslr]
    } else if is_sorted_once(a, b) {
        [Locale, ReaddirOrder, HashSeed, Scheduling, Inode, Aslr]
    } else if a
        .iter()
        .chain(b)
        .any(|item| item.contains(&b'/') || item.contains(&b'.'))
    {
        [ReaddirOrder, Scheduling, HashSeed, Inode, Locale, Aslr]
    } else {
        [HashSeed, ReaddirOrder, Scheduling, Inode, Locale, Aslr]
    };
    // Run A sorts by bytes: two orders that are both another are not the locale's.
    let possible = order
        .into_iter()
        .filter(|factor| *factor != Locale || is_sorted_once(a, b));
    knowledge.suspects(&possible.collect::<Vec<_>>())
}

/// Many parts that largely keep their order, as the lines of several writers do: the longest row
/// that ascends on both sides is far longer than chance makes it, which is 2 √n (Vershik, Kerov).
fn is_interleaved(a: &[&[u8]], b: &[&[u8]]) -> bool {
    let mut places: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
    for (at, item) in b.iter().enumerate().rev() {
        places.entry(item).or_default().push(at);
    }
    // The smallest end of an ascending row of each length (patience sorting).
    let mut ends: Vec<usize> = Vec::new();
    for at in a.iter().filter_map(|item| places.get_mut(item)?.pop()) {
        let length = ends.partition_point(|end| *end < at);
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    a.len() >= 32 && ends.len() * ends.len() > 16 * a.len()
}

/// One side sorted by bytes, the other by whatever rules a language may have: Estonian has z before t.
fn is_sorted_once(a: &[&[u8]], b: &[&[u8]]) -> bool {
    a.is_sorted() != b.is_sorted()
}

/// One side sorted by bytes, the other as English does: letters first, case and signs aside.
fn is_collation(a: &[&[u8]], b: &[&[u8]]) -> bool {
    (a.is_sorted() && is_folded(b)) || (b.is_sorted() && is_folded(a))
}

fn is_folded(items: &[&[u8]]) -> bool {
    items.len() > 1 && items.is_sorted_by_key(|item| fold(item))
}

fn fold(item: &[u8]) -> Vec<u8> {
    let letters = item
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric() || **byte >= 0x80);
    letters.map(u8::to_ascii_lowercase).collect()
}

fn is_reverse(a: &[&[u8]], b: &[&[u8]]) -> bool {
    a.iter().eq(b.iter().rev())
}

fn count<T: Ord>(items: &[T]) -> BTreeMap<&T, usize> {
    let mut counts = BTreeMap::new();
    for item in items {
        *counts.entry(item).or_insert(0) += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(a: &[&str], b: &[&str]) -> Option<Factor> {
        let bytes = |items: &[&'static str]| -> Vec<&'static [u8]> {
            items.iter().map(|item| item.as_bytes()).collect()
        };
        let (a, b): (Vec<&'static str>, Vec<&'static str>) = (leak(a), leak(b));
        suspects(&Knowledge::default(), &bytes(&a), &bytes(&b))
            .first()
            .copied()
    }

    fn leak(items: &[&str]) -> Vec<&'static str> {
        items
            .iter()
            .map(|item| &*Box::leak((*item).to_owned().into_boxed_str()))
            .collect()
    }

    #[test]
    fn writers_that_take_turns_are_a_race() {
        let line = |writer: usize, number: usize| -> &'static [u8] {
            format!("{writer} {number}").leak().as_bytes()
        };
        let turns =
            |of: usize| (0..60).map(move |at| line(at / of % 2, at / of / 2 * of + at % of));
        let (a, b): (Vec<_>, Vec<_>) = (turns(3).collect(), turns(5).collect());
        let first = suspects(&Knowledge::default(), &a, &b)[0];
        assert_eq!(first, Factor::Scheduling);
    }

    #[test]
    fn each_order_has_its_suspect() {
        assert_eq!(
            first(&["B", "a", "c"], &["a", "B", "c"]),
            Some(Factor::Locale)
        );
        assert_eq!(
            first(&["b.c", "c.c", "a.c"], &["a.c", "c.c", "b.c"]),
            Some(Factor::ReaddirOrder)
        );
        assert_eq!(
            first(&["beta", "alpha", "gamma"], &["alpha", "gamma", "beta"]),
            Some(Factor::HashSeed)
        );
    }
}
