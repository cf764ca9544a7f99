//! A directory source for cargo (the Cargo Book, "Source Replacement"): crates unpacked, each with its checksum.

use std::io::Write as _;

use zwieback_model::purl::Purl;
use zwieback_model::rel_path::RelPath;
use zwieback_sandbox::call::Attempt as _;

use crate::archive::options::Options;
use crate::archive::unpack::unpack;
use crate::ecosystem::error::EcosystemError;
use crate::fs::given_file;
use crate::store::blob::StoredBlob;
use crate::store::error::StoreError;
use crate::store::place::Store;
use crate::store::stored::StoredTree;
use crate::store::writer::Layer;

/// Where the tree is staged, below the work folder: cargo looks there from every folder inside.
pub const PLACE: &str = ".cargo";
/// The folder of the crates; the path in the configuration starts where `.cargo` lies.
const CRATES: &str = "crates";
const CONFIG: &str = "\
[source.crates-io]
replace-with = \"zwieback\"

[source.zwieback]
directory = \".cargo/crates\"

[net]
offline = true
";

/// The tree that makes `cargo build --offline --locked` find every crate.
pub fn tree(store: &Store, crates: &[(Purl, StoredBlob)]) -> Result<StoredTree, EcosystemError> {
    let writer = store.tree_writer()?;
    put(
        &writer.layer("cargo's configuration"),
        "config.toml",
        CONFIG.as_bytes(),
    )?;
    for (purl, blob) in crates {
        let layer = writer.layer(purl.as_str());
        one(&layer, purl, blob)?;
    }
    Ok(writer.commit()?)
}

fn one(layer: &Layer<'_>, purl: &Purl, blob: &StoredBlob) -> Result<(), EcosystemError> {
    let none = || EcosystemError::NoVersion(purl.clone());
    let folder = format!("{}-{}", purl.name(), purl.version().ok_or_else(none)?);
    let crates: RelPath = CRATES.parse()?;
    // A crate holds one folder of its own name; what lies beside it is not cargo's.
    let place = |path: RelPath| {
        let is_own = path.parts().next() == Some(folder.as_str());
        is_own.then(|| path.under(&crates))
    };
    let options = Options {
        place: &place,
        ..Options::default()
    };
    let file = given_file::open(blob.path()).map_err(EcosystemError::io("open", blob.path()))?;
    unpack(file, &folder, layer, &options).map_err(|source| EcosystemError::Archive {
        package: purl.clone(),
        source,
    })?;
    // No digest per file: the crate as a whole was checked before it was unpacked.
    let checksum = format!(
        "{{\"files\":{{}},\"package\":\"{}\"}}",
        blob.content().sha256
    );
    put(
        layer,
        &format!("{CRATES}/{folder}/.cargo-checksum.json"),
        checksum.as_bytes(),
    )
}

pub(crate) fn put(layer: &Layer<'_>, path: &str, bytes: &[u8]) -> Result<(), EcosystemError> {
    let mut file = layer.file(path.parse()?, false)?;
    file.write_all(bytes)
        .attempt("write", path)
        .map_err(StoreError::from)?;
    file.finish()?;
    Ok(())
}
