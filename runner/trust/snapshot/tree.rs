//! The tree of pages: parts found, and many changed at once.

use std::collections::BTreeMap;

use zwieback_model::digest::Digest;

use super::page::{Address, LARGEST, Page, WAYS, way};
use super::pages::Pages;

/// A page that is not what its address says: somebody else wrote to the file, or it was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

/// Parts to be put in place, by the digests of their keys.
pub type Changes = BTreeMap<Digest, Vec<u8>>;

/// The part of that key, if there is one.
pub fn find(
    pages: &Pages,
    root: Option<&Address>,
    key: Digest,
) -> Result<Option<Vec<u8>>, Damaged> {
    let mut next = root.copied();
    for depth in 0.. {
        let Some(address) = next else { return Ok(None) };
        match pages.read(&address).ok_or(Damaged)? {
            Page::Leaf(mut parts) => return Ok(parts.remove(&key)),
            Page::Branch(ways) => next = ways[checked_way(key, depth)?],
        }
    }
    Ok(None)
}

/// The address of a tree with those changes; pages that were replaced are dead.
pub fn change(
    pages: &mut Pages,
    root: Option<Address>,
    changes: Changes,
) -> Result<Option<Address>, Damaged> {
    change_at(pages, root, changes, 0)
}

/// Every part of the tree, page by page; the pages are given in the order of digests.
pub fn copy(from: &Pages, root: &Address, to: &mut Pages) -> Result<Address, Damaged> {
    let page = match from.read(root).ok_or(Damaged)? {
        Page::Branch(mut ways) => {
            for below in ways.iter_mut().flatten() {
                *below = copy(from, below, to)?;
            }
            // A copy that cannot be written is none; the old file stays.
            to.flush_some().map_err(|_| Damaged)?;
            Page::Branch(ways)
        }
        leaf @ Page::Leaf(_) => leaf,
    };
    Ok(to.add(&page))
}

fn change_at(
    pages: &mut Pages,
    root: Option<Address>,
    mut changes: Changes,
    depth: usize,
) -> Result<Option<Address>, Damaged> {
    if changes.is_empty() {
        return Ok(root);
    }
    let page = root
        .map(|address| pages.read(&address).ok_or(Damaged))
        .transpose()?;
    if let Some(root) = &root {
        pages.bury(root);
    }
    match page {
        Some(Page::Branch(ways)) => branch(pages, ways, changes, depth).map(Some),
        Some(Page::Leaf(parts)) => {
            for (key, part) in parts {
                changes.entry(key).or_insert(part);
            }
            leaf(pages, changes, depth).map(Some)
        }
        None => leaf(pages, changes, depth).map(Some),
    }
}

fn leaf(pages: &mut Pages, parts: Changes, depth: usize) -> Result<Address, Damaged> {
    let size: usize = parts.values().map(|part| part.len() + 36).sum();
    if size > LARGEST && parts.len() > 1 {
        branch(pages, Box::new([None; WAYS]), parts, depth)
    } else {
        Ok(pages.add(&Page::Leaf(parts)))
    }
}

fn branch(
    pages: &mut Pages,
    mut ways: Box<[Option<Address>; WAYS]>,
    changes: Changes,
    depth: usize,
) -> Result<Address, Damaged> {
    let mut sorted: [Changes; WAYS] = Default::default();
    for (key, part) in changes {
        sorted[checked_way(key, depth)?].insert(key, part);
    }
    for (below, changes) in ways.iter_mut().zip(sorted) {
        *below = change_at(pages, *below, changes, depth + 1)?;
    }
    Ok(pages.add(&Page::Branch(ways)))
}

/// Two keys differ within 64 steps of four bits, so no sound tree is deeper.
fn checked_way(key: Digest, depth: usize) -> Result<usize, Damaged> {
    (depth < 64).then(|| way(key, depth)).ok_or(Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: u32, round: u32) -> (Digest, Vec<u8>) {
        let key = Digest::sha256(&number.to_be_bytes());
        (
            key,
            format!("{number} in round {round}").repeat(9).into_bytes(),
        )
    }

    #[test]
    fn what_was_put_is_found_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let mut pages = Pages::open(&place.path().join("pages"), 0, 0).unwrap();
        let mut root = None;
        for round in 0..4 {
            let changes = (round * 300..round * 300 + 600).map(|number| part(number, round));
            root = change(&mut pages, root, changes.collect()).unwrap();
            pages.flush().unwrap();
        }
        for number in 0..1500 {
            let (key, expected) = part(number, (number / 300).min(3));
            let found = find(&pages, root.as_ref(), key).unwrap();
            assert_eq!(found, Some(expected), "{number}");
        }
        let absent = Digest::sha256(b"absent");
        assert_eq!(find(&pages, root.as_ref(), absent), Ok(None));
    }

    #[test]
    fn a_copy_has_the_same_parts_and_nothing_dead() {
        let place = tempfile::tempdir().unwrap();
        let open = |name| Pages::open(&place.path().join(name), 0, 0).unwrap();
        let (mut pages, mut other) = (open("a"), open("b"));
        let parts = |round| (0..900).map(move |number| part(number, round)).collect();
        let root = change(&mut pages, None, parts(0)).unwrap();
        let root = change(&mut pages, root, parts(1)).unwrap().unwrap();
        let copied = copy(&pages, &root, &mut other).unwrap();
        let (all, dead) = pages.used();
        assert_eq!(other.used(), (all - dead, 0));
        let (key, expected) = part(450, 1);
        assert_eq!(find(&other, Some(&copied), key), Ok(Some(expected)));
    }

    #[test]
    fn a_changed_byte_is_damage() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("pages");
        let mut pages = Pages::open(&path, 0, 0).unwrap();
        let (key, content) = part(1, 0);
        let root = change(&mut pages, None, [(key, content)].into()).unwrap();
        pages.flush().unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(find(&pages, root.as_ref(), key), Err(Damaged));
    }
}
