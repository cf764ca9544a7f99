//! Packages as they are, side by side in one folder: what npm and pip take from the disk.

use zwieback_model::locked_input::FileName;
use zwieback_sandbox::call::Attempt as _;

use crate::ecosystem::error::EcosystemError;
use crate::fs::given_file;
use crate::store::blob::StoredBlob;
use crate::store::error::StoreError;
use crate::store::place::Store;
use crate::store::stored::StoredTree;

/// Where the tarballs of npm are staged, below the work folder.
pub const NPM: &str = ".npm";
/// Where the wheels and sdists of Python are staged.
pub const PYPI: &str = ".wheels";

/// The tree of these files.
pub fn tree(store: &Store, files: &[(FileName, StoredBlob)]) -> Result<StoredTree, EcosystemError> {
    let writer = store.tree_writer()?;
    for (name, blob) in files {
        // The same name with other bytes is a clash that names both.
        let layer = writer.layer(&format!("{name} ({})", blob.content().sha256.short()));
        let mut source =
            given_file::open(blob.path()).map_err(EcosystemError::io("open", blob.path()))?;
        let mut copy = layer.file(name.as_str().parse()?, false)?;
        let copied = std::io::copy(&mut source, &mut copy);
        copied
            .attempt("write", name.as_str())
            .map_err(StoreError::from)?;
        copy.finish()?;
    }
    Ok(writer.commit()?)
}
