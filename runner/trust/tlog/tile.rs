//! Tiles: 256 digests of one level in a file, so that a tree can be served as static files.

use zwieback_model::digest::Digest;

use super::node;

/// Levels of the tree in one tile, and so 256 digests.
pub const HEIGHT: u32 = 8;
/// Digests in a full tile.
pub const WIDTH: u64 = 1 << HEIGHT;
/// The same, for slices.
pub const DIGESTS: usize = 1 << HEIGHT;

/// Which tile, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    /// The tree's levels in eights: 0 has leaves.
    pub level: u32,
    /// Tiles of the level before it.
    pub index: u64,
    /// Digests in it, 1 to 256.
    pub width: u64,
}

impl Tile {
    /// The tile of that place as a tree of that size has it; nothing if it has none.
    pub fn within(level: u32, index: u64, size: u64) -> Option<Self> {
        let digests = size.checked_shr(level * HEIGHT).unwrap_or(0);
        let width = digests.saturating_sub(index.checked_mul(WIDTH)?).min(WIDTH);
        (width > 0).then_some(Self {
            level,
            index,
            width,
        })
    }

    /// The tiles that a tree of `new` entries has and one of `old` had not.
    pub fn added(old: u64, new: u64) -> Vec<Self> {
        let mut tiles = Vec::new();
        let levels = (0..).take_while(|level| new >> (level * HEIGHT) > 0);
        for level in levels.take(8) {
            let (before, after) = (old >> (level * HEIGHT), new >> (level * HEIGHT));
            if before == after {
                continue;
            }
            let places = before / WIDTH..=(after - 1) / WIDTH;
            tiles.extend(places.filter_map(|index| Self::within(level, index, new)));
        }
        tiles
    }

    /// All tiles of a tree, the highest first, one after the other: their number is what somebody else says.
    pub fn of(size: u64) -> impl Iterator<Item = Self> {
        (0..8_u32).rev().flat_map(move |level| {
            let tiles = (size >> (level * HEIGHT)).div_ceil(WIDTH);
            (0..tiles).filter_map(move |index| Self::within(level, index, size))
        })
    }

    /// Those of them that are not full: all that the root of the tree is made of.
    pub fn edge(size: u64) -> impl Iterator<Item = Self> {
        let last = move |level: u32| {
            let digests = size >> (level * HEIGHT);
            Self::within(level, digests / WIDTH, size)
        };
        (0..8_u32).rev().filter_map(last)
    }

    /// Whether it will never change again.
    pub fn is_full(&self) -> bool {
        self.width == WIDTH
    }

    /// The path below the log's address.
    pub fn path(&self) -> String {
        format!(
            "tile/{}/{}{}",
            self.level,
            number(self.index),
            self.suffix()
        )
    }

    /// The path of the entries whose digests this tile has, if it is of level 0.
    pub fn entries_path(&self) -> String {
        format!("tile/entries/{}{}", number(self.index), self.suffix())
    }

    /// The path of the bundles behind those entries; that file only ever grows.
    pub fn statements_path(&self) -> String {
        format!("statements/{}", number(self.index))
    }

    fn suffix(&self) -> String {
        if self.is_full() {
            String::new()
        } else {
            format!(".p/{}", self.width)
        }
    }
}

/// The bytes of a tile.
pub fn to_bytes(digests: &[Digest]) -> Vec<u8> {
    digests
        .iter()
        .flat_map(|digest| *digest.as_bytes())
        .collect()
}

/// The digests of a tile, if there are exactly `width`.
pub fn parse(bytes: &[u8], width: u64) -> Option<Vec<Digest>> {
    let (digests, rest) = bytes.as_chunks::<32>();
    let fits = rest.is_empty() && digests.len() as u64 == width;
    fits.then(|| digests.iter().copied().map(Digest::from_bytes).collect())
}

/// The digest of a perfect tree of `1 << height` digests that starts in the tile at `offset`.
pub fn subtree(digests: &[Digest], offset: u64, height: u32) -> Option<Digest> {
    let start = usize::try_from(offset).ok()?;
    let end = start.checked_add(1_usize.checked_shl(height)?)?;
    digests.get(start..end).map(node::root)
}

/// Entries as a bundle of them has them: each after its length in two bytes.
pub fn entries_to_bytes(entries: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        let entry = entry.as_ref();
        let length = u16::try_from(entry.len()).expect("an entry was checked to be short");
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    bytes
}

/// The entries of a bundle, if there are exactly `width`.
pub fn parse_entries(mut bytes: &[u8], width: u64) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let (entry, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        entries.push(entry);
        bytes = rest;
    }
    (bytes.is_empty() && entries.len() as u64 == width).then_some(entries)
}

/// Three digits to a folder, all but the last marked: 1234067 is `x001/x234/067`.
pub fn number(index: u64) -> String {
    let mut text = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1000);
        rest /= 1000;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_specification() {
        let path = |level, index, size| Tile::within(level, index, size).map(|tile| tile.path());
        assert_eq!(number(1_234_067), "x001/x234/067");
        assert_eq!(path(0, 273, 70_000).unwrap(), "tile/0/273.p/112");
        assert_eq!(path(1, 1, 70_000).unwrap(), "tile/1/001.p/17");
        assert_eq!(path(2, 0, 70_000).unwrap(), "tile/2/000.p/1");
        assert_eq!(path(0, 0, 70_000).unwrap(), "tile/0/000");
        assert_eq!(path(0, 274, 70_000), None);
        for size in [0, 1, 255, 256, 257, 70_000] {
            let mut all: Vec<Tile> = Tile::of(size).collect();
            let edge: Vec<Tile> = Tile::edge(size).collect();
            let part = all.iter().copied().filter(|tile| !tile.is_full());
            assert_eq!(edge, part.collect::<Vec<_>>(), "{size}");
            all.sort();
            assert_eq!(all, Tile::added(0, size));
        }
        let entries = Tile::within(0, 273, 70_000).unwrap().entries_path();
        assert_eq!(entries, "tile/entries/273.p/112");
    }

    #[test]
    fn what_an_append_adds() {
        let paths =
            |old, new| -> Vec<String> { Tile::added(old, new).iter().map(Tile::path).collect() };
        assert_eq!(paths(0, 1), ["tile/0/000.p/1"]);
        assert_eq!(
            paths(255, 257),
            ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]
        );
        assert_eq!(paths(256, 256), Vec::<String>::new());
    }

    #[test]
    fn bundles_of_entries() {
        let entries = vec![b"a".to_vec(), vec![], vec![7; 65_535]];
        let bytes = entries_to_bytes(&entries);
        let read = parse_entries(&bytes, 3).unwrap();
        assert_eq!(read, entries.iter().map(Vec::as_slice).collect::<Vec<_>>());
        assert_eq!(parse_entries(&bytes, 2), None);
        assert_eq!(parse_entries(&bytes[..bytes.len() - 1], 3), None);
    }
}
