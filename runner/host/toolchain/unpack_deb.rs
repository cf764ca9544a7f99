//! One Debian package into one layer of a tree.

use std::io::{BufReader, Read};

use zwieback_model::glob::Glob;

use crate::archive::ar::Ar;
use crate::archive::error::ArchiveError;
use crate::archive::format::Compression;
use crate::archive::options::Options;
use crate::archive::tar;
use crate::store::writer::Layer;
use crate::toolchain::error::AssembleError;
use crate::toolchain::package::{Package, glob_work};

/// The longest magic of a compression that deb(5) knows.
const MAGIC: usize = 6;

/// Unpacks the files of a package onto a merged `/usr`, but for those that are left out.
///
/// Nothing of `control.tar` is read: no maintainer script can run.
pub fn unpack_deb(
    package: &Package,
    layer: &Layer<'_>,
    prune: &[Glob],
) -> Result<(), AssembleError> {
    let work = glob_work();
    let place = |path| package.layout.place(path, prune, &work);
    let options = Options {
        place: &place,
        ..Options::default()
    };
    match unpack_data(BufReader::new(package.open()?), layer, &options) {
        Ok(true) => Ok(work.check()?),
        Ok(false) => Err(AssembleError::NoData(package.purl.clone())),
        // A clash of two packages is told by its owners; it is nobody's damaged archive.
        Err(ArchiveError::Store(error)) => Err(error.into()),
        Err(source) => Err(AssembleError::Package {
            package: package.purl.clone(),
            source,
        }),
    }
}

/// Whether there was an archive of files to unpack.
fn unpack_data(
    file: impl Read,
    layer: &Layer<'_>,
    options: &Options<'_>,
) -> Result<bool, ArchiveError> {
    let mut shell = Ar::new(file)?;
    let Some(mut member) = shell.find(|name| name.starts_with("data.tar"))? else {
        return Ok(false);
    };
    let mut head = Vec::with_capacity(MAGIC);
    member
        .content
        .by_ref()
        .take(MAGIC as u64)
        .read_to_end(&mut head)?;
    let compression = Compression::sniff(&head);
    let stream = compression.decode(head.chain(member.content))?;
    tar::unpack(stream, layer, options)?;
    Ok(true)
}
