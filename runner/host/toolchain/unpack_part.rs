//! One wheel, tarball of npm or other archive into one layer of a tree. Nothing of it is run.

use zwieback_model::glob::Glob;
use zwieback_model::rel_path::RelPath;

use crate::archive::error::ArchiveError;
use crate::archive::options::Options;
use crate::archive::unpack::unpack;
use crate::store::writer::Layer;
use crate::toolchain::error::AssembleError;
use crate::toolchain::package::{Package, glob_work};

/// Unpacks the files of a part to their folder, but for those that are left out.
pub fn unpack_part(
    package: &Package,
    layer: &Layer<'_>,
    prune: &[Glob],
) -> Result<(), AssembleError> {
    let work = glob_work();
    let place = |path: RelPath| package.layout.place(path, prune, &work);
    let is_program = |path: &RelPath| package.layout.is_program(path, &work);
    let options = Options {
        place: &place,
        is_program: &is_program,
        ..Options::default()
    };
    match unpack(package.open()?, &package.name, layer, &options) {
        Ok(_) => Ok(work.check()?),
        Err(ArchiveError::Store(error)) => Err(error.into()),
        Err(source) => Err(AssembleError::Package {
            package: package.purl.clone(),
            source,
        }),
    }
}
