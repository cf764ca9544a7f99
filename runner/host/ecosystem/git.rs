//! A git source: a commit, taken into the store as an archive that always has the same bytes.

use zwieback_model::locked_input::LockedInput;
use zwieback_model::purl::Purl;

use crate::ecosystem::error::EcosystemError;
use crate::ecosystem::git_archive::{self, Submodule};
use crate::ecosystem::git_client::Repository;
use crate::ecosystem::git_place::{self, GitPlace};
use crate::store::blob::{Expected, StoredBlob};
use crate::store::origin::Origin;
use crate::store::place::Store;

/// A commit that is in the store, and the commits of other repositories that belong to it.
pub struct Taken {
    /// The input, without a source yet.
    pub input: LockedInput,
    /// Its submodules.
    pub submodules: Vec<Submodule>,
}

/// Takes a commit into the store for the first time: at most so many bytes, as sent and as an archive.
pub fn take(
    store: &Store,
    purl: &Purl,
    places: &[GitPlace],
    most: u64,
) -> Result<Taken, EcosystemError> {
    let (blob, submodules) = archive(store, purl, (places, most), Expected::Anything)?;
    let content = blob.content();
    let input = LockedInput {
        source: None,
        purl: purl.clone(),
        file: git_place::file_name(purl)?.parse()?,
        sha256: content.sha256,
        blake3: Some(content.blake3),
        size: content.size,
        locations: Vec::new(),
    };
    Ok(Taken { input, submodules })
}

/// Takes a commit that was locked into the store again.
pub fn fetch(
    store: &Store,
    input: &LockedInput,
    places: &[GitPlace],
    most: u64,
) -> Result<(), EcosystemError> {
    let expected = Expected::Sha256(input.sha256);
    archive(store, &input.purl, (places, most), expected)?;
    Ok(())
}

fn archive(
    store: &Store,
    purl: &Purl,
    (places, most): (&[GitPlace], u64),
    expected: Expected,
) -> Result<(StoredBlob, Vec<Submodule>), EcosystemError> {
    let commit = git_place::commit(purl)?;
    let repository = Repository::fetch(commit, places, most)?;
    let mut writer = store.blob_writer()?;
    let submodules = git_archive::write(&repository, commit, &mut writer, most)?;
    let blob = writer.commit(expected, Origin::Package(purl))?;
    Ok((blob, submodules))
}
