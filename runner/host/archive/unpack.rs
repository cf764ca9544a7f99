//! One archive into one layer of a tree.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use crate::archive::error::ArchiveError;
use crate::archive::format::{ArchiveFormat, HEAD};
use crate::archive::options::{Options, Unpacked};
use crate::archive::{tar, zip};
use crate::store::writer::Layer;

/// Unpacks a file whose format its content tells; `name` appears in errors.
pub fn unpack(
    mut file: File,
    name: &str,
    layer: &Layer<'_>,
    options: &Options<'_>,
) -> Result<Unpacked, ArchiveError> {
    let mut head = Vec::with_capacity(HEAD);
    (&file).take(HEAD as u64).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    match ArchiveFormat::sniff(&head, name) {
        Some(ArchiveFormat::Zip) => zip::unpack(file, layer, options),
        Some(ArchiveFormat::Tar(compression)) => {
            tar::unpack(compression.decode(file)?, layer, options)
        }
        None => Err(ArchiveError::UnknownFormat(name.to_owned())),
    }
}
