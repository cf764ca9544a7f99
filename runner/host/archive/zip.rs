//! Reading zip archives: sources, wheels and jars.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::rc::Rc;

use zip::result::ZipError;
use zip::{DateTime, ZipArchive};

use crate::archive::error::{ArchiveError, MemberRefusal};
use crate::archive::limits::Exceeded;
use crate::archive::member::Intake;
use crate::archive::options::{Options, Unpacked};
use crate::store::writer::Layer;

/// The longest target a symlink can have (`PATH_MAX` of limits.h).
const LONGEST_TARGET: u64 = 4096;
/// The names of half a million members; each member takes six times the memory of its place in the list.
const LONGEST_DIRECTORY: u64 = 64 << 20;

/// Unpacks a zip file.
pub fn unpack(
    file: File,
    layer: &Layer<'_>,
    options: &Options<'_>,
) -> Result<Unpacked, ArchiveError> {
    let left = Rc::new(Cell::new(LONGEST_DIRECTORY));
    let opening = Opening {
        file,
        left: Rc::clone(&left),
        members: options.limits.entries,
    };
    let mut archive = ZipArchive::new(BufReader::new(opening)).map_err(damaged)?;
    left.set(u64::MAX);
    if archive.has_duplicate_names() {
        // Readers disagree on which of two members counts: that is how one archive shows two faces.
        let kind = MemberRefusal::Kind("name that is used twice".into());
        return Err(ArchiveError::refused(b"*", kind));
    }
    let mut intake = Intake::new(layer, options);
    for index in 0..archive.len() {
        put(&mut intake, &mut archive, index)?;
    }
    Ok(intake.done())
}

/// A file whose list of members is read: the library holds all of it in memory, before anybody can count.
struct Opening {
    file: File,
    left: Rc<Cell<u64>>,
    members: u64,
}

impl Read for Opening {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(into)?;
        match self.left.get().checked_sub(count as u64) {
            Some(left) => self.left.set(left),
            None => return Err(io::Error::other(Exceeded::Entries(self.members))),
        }
        Ok(count)
    }
}

impl Seek for Opening {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

fn put(
    intake: &mut Intake<'_, '_>,
    archive: &mut ZipArchive<BufReader<Opening>>,
    index: usize,
) -> Result<(), ArchiveError> {
    let mut member = archive.by_index(index).map_err(damaged)?;
    let entry = member.entry();
    let name = entry.name_raw().to_owned();
    let (is_dir, is_symlink) = (entry.is_dir(), entry.is_symlink());
    let mode = entry.unix_mode().unwrap_or(0o644);
    let mtime = entry.last_modified().map(seconds);
    if entry.encrypted() {
        return Err(ArchiveError::refused(&name, MemberRefusal::Encrypted));
    }
    let Some(path) = intake.place(&name)? else {
        return Ok(());
    };
    if is_dir {
        return intake.directory(&path);
    }
    if is_symlink {
        let mut target = String::new();
        let read = (&mut member)
            .take(LONGEST_TARGET)
            .read_to_string(&mut target);
        read.map_err(|_| ArchiveError::refused(&name, MemberRefusal::LinkTarget))?;
        return intake.symlink(path, &target);
    }
    intake.file(path, mode, mtime, member)
}

fn damaged(error: ZipError) -> ArchiveError {
    match error {
        ZipError::Io(error) => error.into(),
        other => ArchiveError::Damaged(io::Error::new(io::ErrorKind::InvalidData, other)),
    }
}

/// Seconds since 1970 of a DOS time, which has no zone and is taken as UTC.
fn seconds(time: DateTime) -> i64 {
    let days = days_since_1970(time.year().into(), time.month().into(), time.day().into());
    let (hour, minute) = (i64::from(time.hour()), i64::from(time.minute()));
    days * 86_400 + hour * 3_600 + minute * 60 + i64::from(time.second())
}

/// Days in the proleptic Gregorian calendar, counted in years that begin in March so that leap days come last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719 468 days lie between 1 March of the year 0 and 1 January 1970.
    year * 365 + leaps + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(days_since_1970(1970, 1, 1), 0);
        assert_eq!(days_since_1970(1980, 1, 1), 3_652);
        assert_eq!(days_since_1970(2000, 3, 1), 11_017);
        assert_eq!(days_since_1970(2024, 2, 29), 19_782);
    }
}
