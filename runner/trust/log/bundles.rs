//! The bundles behind a block of entries: one after the other, each within the length that a reader of
//! bundles takes. So no log is too large to be read, however much its writers put into it.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use zwieback_host::fs::given_file;
use zwieback_model::json::strict::Limits;
use zwieback_sandbox::call::Attempt as _;

use super::error::LogError;
use super::files::bytes;
use super::place::LogDir;
use crate::reason::{Reason, Refusal};
use crate::tlog::tile::{self, Tile, WIDTH};

/// The most bytes of one bundle, for whoever writes a log and whoever reads it.
pub const LARGEST: usize = Limits::DEFAULT.size;
/// The length of a bundle, before it.
const HEAD: usize = 4;
/// The most bytes of one file of bundles.
pub const LARGEST_FILE: u64 = WIDTH * (HEAD + LARGEST) as u64;

/// What is read or written at once: of a whole file, and of a single bundle, most of which are shorter.
pub(super) const MANY: usize = 256 << 10;
const ONE: usize = 8 << 10;

/// The bundles behind the entries of a tile of level 0, in their order.
///
/// Nothing may follow the last one of a full file: only behind the end of the log a crash can have left
/// what was never committed.
pub(super) struct Bundles {
    file: BufReader<File>,
    path: PathBuf,
    tile: Tile,
    given: u64,
    ended: bool,
}

impl LogDir {
    /// The bundles behind a tile of level 0, without the first `known`.
    pub(super) fn bundles(&self, tile: Tile, known: u64) -> Result<Bundles, LogError> {
        self.bundles_by(MANY, tile, known)
    }

    fn bundles_by(&self, ahead: usize, tile: Tile, known: u64) -> Result<Bundles, LogError> {
        let path = self.statements_path(tile.index);
        let edited = |what: &str| edited(&path, tile, what);
        let mut file = match given_file::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(edited("the file is missing"));
            }
            Err(error) => return Err(error).attempt("open", bytes(&path))?,
        };
        let start = end_of(&file, known).ok_or_else(|| edited("a record is cut short"))?;
        let sought = file.seek(SeekFrom::Start(start));
        sought.attempt("lseek", bytes(&path))?;
        Ok(Bundles {
            file: BufReader::with_capacity(ahead, file),
            path,
            tile,
            given: known,
            ended: false,
        })
    }

    /// One bundle: the others are not read.
    pub(super) fn bundle(&self, index: u64) -> Result<Vec<u8>, LogError> {
        let place = index % WIDTH;
        let tile = Tile {
            level: 0,
            index: index / WIDTH,
            width: place + 1,
        };
        let mut bundles = self.bundles_by(ONE, tile, place)?;
        bundles.record()
    }

    pub(super) fn statements_path(&self, index: u64) -> PathBuf {
        self.path().join("statements").join(tile::number(index))
    }
}

impl Bundles {
    /// The next bundle, whatever follows it.
    fn record(&mut self) -> Result<Vec<u8>, LogError> {
        let mut length = [0; HEAD];
        let read = self.file.read_exact(&mut length);
        read.map_err(|_| self.edited("a record is cut short"))?;
        let length = u64::from(u32::from_be_bytes(length));
        if length > LARGEST as u64 {
            return Err(self.edited("a record is longer than any bundle"));
        }
        // Read as far as the file goes: a length that lies takes no memory.
        let mut bundle = Vec::new();
        let read = (&mut self.file).take(length).read_to_end(&mut bundle);
        match read.attempt("read", bytes(&self.path))? as u64 {
            read if read == length => Ok(bundle),
            _ => Err(self.edited("a record is cut short")),
        }
    }

    fn next_record(&mut self) -> Result<Vec<u8>, LogError> {
        let bundle = self.record()?;
        self.given += 1;
        if self.given < self.tile.width {
            return Ok(bundle);
        }
        self.ended = true;
        let left = self.file.read(&mut [0]).attempt("read", bytes(&self.path));
        if self.tile.is_full() && left? > 0 {
            return Err(self.edited("something follows the last record"));
        }
        Ok(bundle)
    }

    fn edited(&self, what: &str) -> LogError {
        edited(&self.path, self.tile, what)
    }
}

impl Iterator for Bundles {
    type Item = Result<Vec<u8>, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let record = self.next_record();
        self.ended |= record.is_err();
        Some(record)
    }
}

/// Where the first `count` records of a file end, found by their lengths alone; nothing if they do not
/// lie there. What follows was never committed.
pub(super) fn end_of(file: &File, count: u64) -> Option<u64> {
    let mut end = 0;
    let mut length = [0; HEAD];
    for _ in 0..count {
        file.read_exact_at(&mut length, end).ok()?;
        end += HEAD as u64 + u64::from(u32::from_be_bytes(length));
    }
    (end <= file.metadata().ok()?.len()).then_some(end)
}

fn edited(path: &Path, tile: Tile, what: &str) -> LogError {
    let from = tile.index * WIDTH;
    let until = from + tile.width - 1;
    let saw = format!("entries {from} to {until} in {:?}: {what}", path.display());
    Refusal::new(Reason::LogEdited, saw).into()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::*;
    use crate::tlog::note_key::{NoteKey, NoteKind};

    fn log(folder: &Path) -> LogDir {
        let key = zwieback_host::keys::private_key::PrivateKey::generate(
            zwieback_attest::public_key::Algorithm::Ed25519,
        )
        .unwrap();
        let signer: &dyn zwieback_host::keys::signer::Signer = &key;
        let name = "log.example/large".parse().unwrap();
        let key = NoteKey::new(NoteKind::Log, name, signer.public_key()).unwrap();
        fs::write(folder.join("log.vkey"), format!("{key}\n")).unwrap();
        fs::create_dir(folder.join("statements")).unwrap();
        LogDir::open(folder).unwrap()
    }

    /// A file of so many records, each as long as may be and a hole but for its first byte.
    fn fill(file: &Path, count: u8) {
        let mut file = File::create(file).unwrap();
        for number in 0..count {
            let length = u32::try_from(LARGEST).unwrap();
            file.write_all(&length.to_be_bytes()).unwrap();
            file.write_all(&[number]).unwrap();
            let rest = i64::from(length) - 1;
            let end = file.seek(SeekFrom::Current(rest)).unwrap();
            file.set_len(end).unwrap();
        }
    }

    #[test]
    fn a_file_of_many_bundles_of_the_largest_size_is_read_one_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let log = log(folder.path());
        fill(&folder.path().join("statements/000"), 68);
        let tile = Tile::within(0, 0, 68).unwrap();
        let mut next = 0;
        for bundle in log.bundles(tile, 0).unwrap() {
            let bundle = bundle.unwrap();
            assert_eq!((bundle.len(), bundle[0]), (LARGEST, next));
            next += 1;
        }
        assert_eq!(next, 68);
        assert_eq!(log.bundle(67).unwrap()[0], 67);
        let later: Vec<u8> = log
            .bundles(tile, 66)
            .unwrap()
            .map(|bundle| bundle.unwrap()[0])
            .collect();
        assert_eq!(later, [66, 67]);
    }

    #[test]
    fn a_record_that_is_longer_than_any_bundle_takes_no_memory() {
        let folder = tempfile::tempdir().unwrap();
        let log = log(folder.path());
        let path = folder.path().join("statements/000");
        fs::write(&path, u32::MAX.to_be_bytes()).unwrap();
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(4 + u64::from(u32::MAX))
            .unwrap();
        let refused = log.bundle(0).unwrap_err().to_string();
        assert!(refused.contains("longer than any bundle"), "{refused}");
    }
}
