//! A toolchain's tree: the one in the store, or a new one.

use zwieback_core::digest::{Digest, Hasher};
use zwieback_core::locked_input::LockedInput;
use zwieback_core::manifest::toolchain::Fixups;

use crate::fetch::canceller::Canceller;
use crate::fetch::into_store::stored;
use crate::store::place::Store;
use crate::store::stored::StoredTree;
use crate::toolchain::assemble::assemble;
use crate::toolchain::error::AssembleError;
use crate::toolchain::unpack_deb::Package;

/// Changes whenever the same packages and fix-ups would give another tree.
pub const METHOD: &str = "zwieback-deb-assembly v1\n";

/// The tree of these packages, checked if it is in the store, assembled if it is not.
pub fn obtain(
    store: &Store,
    inputs: &[LockedInput],
    fixups: &Fixups,
    canceller: &Canceller,
) -> Result<StoredTree, AssembleError> {
    let key = key(inputs, fixups);
    if let Some(tree) = ready(store, &key)? {
        return Ok(tree);
    }
    let packages = inputs
        .iter()
        .map(|input| package(store, input))
        .collect::<Result<Vec<_>, _>>()?;
    let tree = assemble(store, &packages, fixups, canceller)?;
    store.put_assembly(&key, tree.digest())?;
    Ok(tree)
}

/// The digest of that tree, if it was assembled before; the tree itself is not looked at.
pub fn known_digest(
    store: &Store,
    inputs: &[LockedInput],
    fixups: &Fixups,
) -> Result<Option<Digest>, AssembleError> {
    Ok(store.assembly(&key(inputs, fixups))?)
}

/// The tree that was assembled before, if nobody touched it since.
fn ready(store: &Store, key: &Digest) -> Result<Option<StoredTree>, AssembleError> {
    let Some(digest) = store.assembly(key)? else {
        return Ok(None);
    };
    let tree = store.tree(&digest)?;
    if let Some(tree) = &tree {
        tree.check_quick()?;
    }
    Ok(tree)
}

/// Names an assembly by what goes into it, in an order of its own.
fn key(inputs: &[LockedInput], fixups: &Fixups) -> Digest {
    let mut packages: Vec<Digest> = inputs.iter().map(|input| input.sha256).collect();
    packages.sort();
    packages.dedup();
    let mut hasher = Hasher::default();
    hasher.update(METHOD.as_bytes());
    for package in packages {
        hasher.update(package.as_bytes());
    }
    // Maps are sorted and lists keep their order, so equal fix-ups are equal text.
    let text = serde_json::to_vec(fixups).expect("fix-ups hold only strings, maps and lists");
    hasher.update(&text);
    hasher.finish().sha256
}

fn package(store: &Store, input: &LockedInput) -> Result<Package, AssembleError> {
    let file = stored(store, input)?.ok_or_else(|| AssembleError::Missing(input.purl.clone()))?;
    let purl = input.purl.clone();
    Ok(Package { purl, file })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(content: &[u8]) -> LockedInput {
        LockedInput {
            source: None,
            purl: "pkg:deb/debian/a@1".parse().unwrap(),
            file: "a.deb".parse().unwrap(),
            sha256: Digest::sha256(content),
            blake3: None,
            size: 1,
            locations: Vec::new(),
        }
    }

    #[test]
    fn the_key_is_what_goes_in() {
        let (a, b) = (input(b"a"), input(b"b"));
        let plain = Fixups::default();
        let pruned = Fixups {
            prune: vec!["x".to_owned()],
            ..Fixups::default()
        };
        let one = key(&[a.clone(), b.clone()], &plain);
        assert_eq!(one, key(&[b.clone(), a.clone(), a.clone()], &plain));
        assert_ne!(one, key(std::slice::from_ref(&a), &plain));
        assert_ne!(one, key(&[a, b], &pruned));
    }
}
