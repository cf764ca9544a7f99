//! One Debian package into one layer of a tree.

use std::fs::File;
use std::io;

use zwieback_explain::archive::ar;
use zwieback_explain::archive::compression::{Compression, WindowLimit};
use zwieback_explain::archive::member::Extent;
use zwieback_explain::content::View;
use zwieback_explain::content_kind::ContentKind;
use zwieback_model::glob::Glob;

use crate::archive::error::ArchiveError;
use crate::archive::options::Options;
use crate::archive::tar;
use crate::content::OpenFile;
use crate::store::writer::Layer;
use crate::toolchain::error::AssembleError;
use crate::toolchain::package::{Package, glob_work};

/// deb(5) names three members; signatures may follow.
const MEMBERS: usize = 1_000;

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
    match unpack_data(package.open()?, layer, &options) {
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
fn unpack_data(file: File, layer: &Layer<'_>, options: &Options<'_>) -> Result<bool, ArchiveError> {
    let file = OpenFile::new(file)?;
    let view = View::of(&file);
    if view.bytes(0, ar::MAGIC.len())? != ar::MAGIC {
        return Err(damaged("no ar archive"));
    }
    let list = ar::members(&view, MEMBERS)?;
    let mut members = list.members.iter();
    let Some(data) = members.find(|member| member.name.starts_with("data.tar")) else {
        return match list.extent {
            Extent::Whole => Ok(false),
            Extent::Cut => Err(damaged("header or size of a member")),
        };
    };
    let compression = Compression::of(ContentKind::of("", &data.content)?);
    let stream = compression.decode(data.content.reader(), WindowLimit::ONE_ARCHIVE)?;
    tar::unpack(stream, layer, options)?;
    Ok(true)
}

fn damaged(what: &str) -> ArchiveError {
    io::Error::new(io::ErrorKind::InvalidData, what).into()
}
