//! What was derived before, by the digest of what it was derived from: the memory of all that is made of inputs.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zwieback_model::digest::Digest;

use crate::store::error::StoreError;
use crate::store::place::Store;
use crate::store::record::{read_small, write_small};
use crate::store::stored::StoredTree;

/// How a tree is derived. Its version changes whenever the same inputs would come to another tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The files of a source, unpacked.
    Source,
    /// The packages that a lockfile in a source pins, laid out for one ecosystem's client.
    Vendor,
    /// The packages of a toolchain, assembled.
    DebAssembly,
    /// The trees of several toolchains, merged.
    Merge,
    /// The same by the texts of manifests and locks alone.
    Shell,
}

/// The name of a derivation: its method and all of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Derivation {
    method: Method,
    key: Digest,
}

/// As it is recorded where more than the tree is to be known.
#[derive(Serialize, Deserialize)]
struct Noted<N> {
    tree: Digest,
    #[serde(flatten)]
    note: N,
}

impl Method {
    /// What the inputs are hashed behind. Stores hold keys that were made of these bytes.
    const fn header(self) -> &'static str {
        match self {
            Self::Source => "zwieback-source v1\n",
            Self::Vendor => "zwieback-vendor v1 ",
            Self::DebAssembly => "zwieback-deb-assembly v1\n",
            Self::Merge => "zwieback-merge v1\n",
            // Another assembly is another tree behind the same texts.
            Self::Shell => "zwieback-shell v1\nzwieback-deb-assembly v1\n",
        }
    }

    const fn folder(self) -> &'static str {
        match self {
            Self::Vendor | Self::DebAssembly | Self::Merge => "assemblies",
            Self::Source | Self::Shell => "links",
        }
    }
}

impl Derivation {
    /// Names what this method makes of these bytes, which say all that it depends on.
    pub fn of(method: Method, inputs: impl AsRef<[u8]>) -> Self {
        let named = [method.header().as_bytes(), inputs.as_ref()].concat();
        Self {
            method,
            key: Digest::sha256(&named),
        }
    }

    fn place(&self) -> String {
        format!("{}/{}", self.method.folder(), self.key)
    }
}

impl Store {
    /// The tree of a derivation: the one of before, if nobody touched it since, or the one that is made now.
    pub fn derived<E: From<StoreError>>(
        &self,
        derivation: &Derivation,
        make: impl FnOnce() -> Result<StoredTree, E>,
    ) -> Result<StoredTree, E> {
        if let Some(tree) = self.untouched(self.known(derivation)?)? {
            return Ok(tree);
        }
        let tree = make()?;
        write_small(
            self,
            &derivation.place(),
            format!("{}\n", tree.digest()).as_bytes(),
        )?;
        Ok(tree)
    }

    /// The same where something is noted beside the tree.
    pub fn derived_with<N: Serialize + DeserializeOwned, E: From<StoreError>>(
        &self,
        derivation: &Derivation,
        make: impl FnOnce() -> Result<(StoredTree, N), E>,
    ) -> Result<(StoredTree, N), E> {
        if let Some((tree, note)) = self.known_with(derivation)?
            && let Some(tree) = self.untouched(Some(tree))?
        {
            return Ok((tree, note));
        }
        let (tree, note) = make()?;
        self.put_derived(derivation, *tree.digest(), &note)?;
        Ok((tree, note))
    }

    /// The digest of the tree, if it was derived before; the tree itself is not looked at.
    pub fn known(&self, derivation: &Derivation) -> Result<Option<Digest>, StoreError> {
        let text = read_small(self.dir(), &derivation.place())?;
        Ok(text.and_then(|text| parse(&text)))
    }

    /// The same where something was noted beside the tree.
    pub fn known_with<N: DeserializeOwned>(
        &self,
        derivation: &Derivation,
    ) -> Result<Option<(Digest, N)>, StoreError> {
        let text = read_small(self.dir(), &derivation.place())?;
        let noted = text.and_then(|text| serde_json::from_slice::<Noted<N>>(&text).ok());
        Ok(noted.map(|noted| (noted.tree, noted.note)))
    }

    /// Records what a derivation came to.
    pub fn put_derived<N: Serialize>(
        &self,
        derivation: &Derivation,
        tree: Digest,
        note: &N,
    ) -> Result<(), StoreError> {
        let noted = Noted { tree, note };
        let text = serde_json::to_vec(&noted).expect("a note holds only text, numbers and maps");
        write_small(self, &derivation.place(), &text)
    }

    fn untouched(&self, tree: Option<Digest>) -> Result<Option<StoredTree>, StoreError> {
        let tree = tree.map(|digest| self.tree(&digest)).transpose()?.flatten();
        if let Some(tree) = &tree {
            tree.check_quick()?;
        }
        Ok(tree)
    }
}

/// The tree in a record of `assemblies/`.
pub(crate) fn parse(record: &[u8]) -> Option<Digest> {
    std::str::from_utf8(record).ok()?.trim_end().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io::Write as _;

    use super::*;

    fn tree(store: &Store, bytes: &[u8]) -> Result<StoredTree, StoreError> {
        let writer = store.tree_writer()?;
        let mut file = writer.layer("a").file("a".parse().unwrap(), false)?;
        file.write_all(bytes).unwrap();
        file.finish()?;
        writer.commit()
    }

    #[test]
    fn stores_of_earlier_versions_stay_warm() {
        let scratch = tempfile::tempdir().unwrap();
        let store = Store::open(scratch.path()).unwrap();
        let made = *tree(&store, b"made").unwrap().digest();
        for (method, inputs, place) in [
            (
                Method::Source,
                "unpack true\n",
                "links/ad8734aa65f61132faf48f3208bda25e3fa0fd727afb40bbe6b4ded6334331c4",
            ),
            (
                Method::Vendor,
                "cargo\n",
                "assemblies/e39503734ce485bf17aff3edc23157c20ca6f80e40b82823ba62f295ff814de5",
            ),
            (
                Method::DebAssembly,
                "{}",
                "assemblies/4e42b6939e923835930bc719a9a8d96b6097966ec030591fecb2329003cba269",
            ),
            (
                Method::Merge,
                "a\nb",
                "assemblies/52523e1a944f560cf80c3dc193afc70a5e1dd2cef84a71c93dcf747cc8760c3e",
            ),
            (
                Method::Shell,
                "c",
                "links/a7bef3082200fe2fe0427ac038e0336aff43f236287bb6de93829720a6d8c30d",
            ),
        ] {
            let derivation = Derivation::of(method, inputs);
            assert_eq!(derivation.place(), place);
            let again = || -> Result<StoredTree, StoreError> { panic!("{place} was made again") };
            let found = if place.starts_with("assemblies/") {
                std::fs::write(scratch.path().join(place), format!("{made}\n")).unwrap();
                store.derived(&derivation, again).unwrap()
            } else {
                let record = format!("{{\"tree\":\"{made}\",\"newest\":1}}");
                std::fs::write(scratch.path().join(place), &record).unwrap();
                let again = || Ok::<_, StoreError>((again()?, serde_json::Value::Null));
                let (tree, note) = store.derived_with(&derivation, again).unwrap();
                store.put_derived(&derivation, made, &note).unwrap();
                let written = std::fs::read_to_string(scratch.path().join(place)).unwrap();
                assert_eq!(written, record);
                tree
            };
            assert_eq!(*found.digest(), made);
        }
    }

    #[test]
    fn a_tree_is_made_once_and_again_when_it_is_gone() {
        let scratch = tempfile::tempdir().unwrap();
        let store = Store::open(scratch.path()).unwrap();
        let derivation = Derivation::of(Method::Merge, "a");
        let times = Cell::new(0);
        let derived = || {
            store.derived(&derivation, || {
                times.set(times.get() + 1);
                tree(&store, b"made")
            })
        };
        let first = *derived().unwrap().digest();
        assert_eq!(derived().unwrap().digest(), &first);
        assert_eq!(times.get(), 1);
        store.remove_tree(&first).unwrap();
        assert_eq!(derived().unwrap().digest(), &first);
        assert_eq!(times.get(), 2);
    }
}
