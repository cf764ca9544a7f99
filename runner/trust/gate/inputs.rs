//! The inputs of a build by what they are to the gate: what people write, and what recipes made.

use zwieback_attest::build::statement::{MADE, NEEDS};
use zwieback_attest::build_type::{FILE, FOLDER, PATCH};
use zwieback_attest::policy::decide::TOOLCHAIN_PREFIX;
use zwieback_attest::provenance::Provenance;
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_model::digest::Digest;
use zwieback_model::json::value::Value;

/// A source that has authors: what a toolchain is made of says nothing about who wrote the release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Authored {
    /// Its digest.
    pub(crate) digest: Digest,
    /// What the provenance calls it.
    pub(super) name: String,
    /// Whether it lies in the project: a folder or a patch.
    pub(super) is_own: bool,
    /// Whether it is a file of such a folder, and no source by itself: who is known to have changed it has
    /// changed the folder, and for the whole of that somebody must be known all the same.
    pub(super) is_part: bool,
}

/// The sources of a build that have authors.
pub(crate) fn authored(provenance: &Provenance) -> impl Iterator<Item = Authored> {
    let inputs = provenance.resolved_dependencies.iter();
    inputs.filter_map(|input| {
        let is_own = input.is_called(&[FOLDER, PATCH]);
        let is_part = input.is_called(&[FILE]);
        (is_own || is_part || is_source(input)).then_some(Authored {
            digest: input.digest.get_sha256()?,
            name: input.label().to_owned(),
            is_own,
            is_part,
        })
    })
}

/// What is no part of a toolchain, of a folder or of another recipe.
fn is_source(input: &ResourceDescriptor) -> bool {
    let role = input.annotations.get("role").and_then(Value::as_str);
    let of_toolchain = role.is_some_and(|role| role.starts_with("toolchain"));
    !of_toolchain && !input.is_called(&[FILE, MADE, NEEDS, TOOLCHAIN_PREFIX])
}

#[cfg(test)]
mod tests {
    use zwieback_model::digest_set::DigestSet;

    use super::*;

    #[test]
    fn what_was_fetched_has_authors_whatever_its_file_is_called() {
        let digest = || DigestSet::sha256(Digest::sha256(b"bytes"));
        let called = |name: &str, uri: Option<&str>| {
            let resolved = ResourceDescriptor {
                uri: uri.map(str::to_owned),
                ..ResourceDescriptor::named(name, digest())
            };
            authored(&Provenance {
                build_type: String::new(),
                external_parameters: <_>::default(),
                internal_parameters: <_>::default(),
                resolved_dependencies: vec![resolved],
                builder: <_>::default(),
                metadata: <_>::default(),
                byproducts: vec![],
            })
            .map(|source| source.is_part)
            .collect::<Vec<_>>()
        };
        for name in [
            "app.tar",
            "file app.tar",
            "needs app",
            "outputs of app",
            "toolchain/c",
        ] {
            let fetched = called(name, Some("pkg:deb/debian/app@1"));
            assert_eq!(fetched, [false], "{name}");
        }
        for name in ["needs app", "outputs of app", "toolchain/c"] {
            assert!(called(name, None).is_empty(), "{name}");
        }
        assert_eq!(called("file a/app", None), [true]);
    }
}
