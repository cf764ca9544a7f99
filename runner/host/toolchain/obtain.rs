//! A toolchain's tree: the one in the store, or a new one.

use zwieback_model::bake::plan::PlannedToolchain;
use zwieback_model::digest::Digest;
use zwieback_model::locked_input::LockedInput;

use crate::fetch::canceller::Canceller;
use crate::fetch::into_store::{Reach, stored};
use crate::store::derived::{Derivation, Method};
use crate::store::place::Store;
use crate::store::stored::StoredTree;
use crate::toolchain::assemble::{Ingredients, assemble};
use crate::toolchain::error::AssembleError;
use crate::toolchain::package::{Layout, Made, Package};

/// The tree of a toolchain, checked if it is in the store, assembled if it is not.
pub fn obtain(
    store: &Store,
    planned: &PlannedToolchain,
    canceller: &Canceller,
) -> Result<StoredTree, AssembleError> {
    let derivation = derivation(planned).ok_or_else(|| not_built(planned))?;
    store.derived(&derivation, || {
        let packages = planned
            .inputs
            .iter()
            .map(|input| package(store, planned, input))
            .collect::<Result<_, _>>()?;
        let ingredients = Ingredients {
            packages,
            made: made(store, planned)?,
            fixups: &planned.toolchain.fixups,
        };
        assemble(store, &ingredients, canceller)
    })
}

/// The digest of that tree, if it was assembled before; the tree itself is not looked at.
pub fn known_digest(
    store: &Store,
    planned: &PlannedToolchain,
) -> Result<Option<Digest>, AssembleError> {
    match derivation(planned) {
        Some(derivation) => Ok(store.known(&derivation)?),
        None => Ok(None),
    }
}

/// Names an assembly by what goes into it, in an order of its own; nothing while a recipe of it is not built.
fn derivation(planned: &PlannedToolchain) -> Option<Derivation> {
    let toolchain = &planned.toolchain;
    let of_debs = planned.inputs.iter().filter(|input| input.source.is_none());
    let mut packages: Vec<Digest> = of_debs.map(|input| input.sha256).collect();
    packages.sort();
    packages.dedup();
    let mut inputs: Vec<u8> = packages
        .iter()
        .flat_map(Digest::as_bytes)
        .copied()
        .collect();
    // Maps are sorted and lists keep their order, so equal fix-ups and parts are equal text.
    let text = serde_json::to_vec(&toolchain.fixups);
    inputs.extend(text.expect("fix-ups hold only strings, maps and lists"));
    for (name, form, part) in toolchain.parts() {
        let input = planned
            .inputs
            .iter()
            .find(|input| input.source.as_ref() == Some(name))?;
        let text = serde_json::to_string(part).expect("a part holds only strings and numbers");
        inputs.extend(format!("\n{} {text} {}", form.as_str(), input.sha256).bytes());
    }
    for (name, part) in &toolchain.recipe {
        let text = serde_json::to_string(part).expect("a part holds only strings");
        let tree = planned.made.get(name)?;
        inputs.extend(format!("\nrecipe {text} {tree}").bytes());
    }
    Some(Derivation::of(Method::DebAssembly, inputs))
}

fn package(
    store: &Store,
    planned: &PlannedToolchain,
    input: &LockedInput,
) -> Result<Package, AssembleError> {
    // Whether it may be used was found out when it was fetched, or not fetched.
    let file = stored(store, input, Reach::StoreOnly)?;
    let file = file.ok_or_else(|| AssembleError::Missing(input.purl.clone()))?;
    let layout = match &input.source {
        None => Layout::Deb,
        Some(name) => {
            let stray = || AssembleError::Stray(input.purl.clone());
            let (form, part) = planned.toolchain.part(name).ok_or_else(stray)?;
            Layout::archive(form, part)?
        }
    };
    let (purl, name) = (input.purl.clone(), input.file.to_string());
    Ok(Package {
        purl,
        name,
        file,
        layout,
    })
}

/// The outputs of recipes, which were built before.
fn made(store: &Store, planned: &PlannedToolchain) -> Result<Vec<Made>, AssembleError> {
    let one = |(name, part): (&_, &zwieback_model::manifest::part::MadePart)| {
        let digest = planned.made.get(name);
        let tree = digest.map(|digest| store.tree(digest)).transpose()?;
        Ok(Made {
            owner: format!("recipe {name}"),
            tree: tree.flatten().ok_or_else(|| not_built(planned))?,
            to: part.to.clone(),
        })
    };
    planned.toolchain.recipe.iter().map(one).collect()
}

fn not_built(planned: &PlannedToolchain) -> AssembleError {
    let recipes = planned.toolchain.recipe.keys();
    AssembleError::NotBuilt {
        toolchain: planned.toolchain.name().clone(),
        recipes: recipes.cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zwieback_model::manifest::diagnostic::SourceText;
    use zwieback_model::manifest::toolchain::Toolchain;

    fn input(content: &[u8], part: Option<&str>) -> LockedInput {
        LockedInput {
            source: part.map(|name| name.parse().unwrap()),
            purl: "pkg:deb/debian/a@1".parse().unwrap(),
            file: "a.deb".parse().unwrap(),
            sha256: Digest::sha256(content),
            blake3: None,
            size: 1,
            locations: Vec::new(),
        }
    }

    fn planned(inputs: &[LockedInput], more: &str) -> PlannedToolchain {
        let text = format!(
            "[toolchain]\nname = \"t\"\ndescription = \"d\"\n[deb]\nrelease = \"bookworm\"\n\
             architecture = \"amd64\"\npackages = [\"a\"]\n{more}"
        );
        let source = SourceText {
            path: "toolchain.toml",
            text: &text,
        };
        PlannedToolchain {
            toolchain: Toolchain::parse(source).unwrap(),
            inputs: inputs.to_vec(),
            made: std::collections::BTreeMap::new(),
        }
    }

    #[test]
    fn the_key_is_what_goes_in() {
        let (a, b) = (input(b"a", None), input(b"b", None));
        let one = derivation(&planned(&[a.clone(), b.clone()], ""));
        assert!(one.is_some());
        let again = [b.clone(), a.clone(), a.clone()];
        assert_eq!(one, derivation(&planned(&again, "")));
        assert_ne!(one, derivation(&planned(std::slice::from_ref(&a), "")));
        let both = [a, b];
        let pruned = planned(&both, "[fixups]\nprune = [\"x\"]\n");
        assert_ne!(one, derivation(&pruned));
    }

    #[test]
    fn a_part_is_its_bytes_and_its_place() {
        let part = |to: &str| format!("[archive.p]\npurl = \"pkg:generic/p@1\"\nto = \"{to}\"\n");
        let of =
            |bytes: &[u8], to: &str| derivation(&planned(&[input(bytes, Some("p"))], &part(to)));
        assert_eq!(of(b"a", "opt"), of(b"a", "opt"));
        assert_ne!(of(b"a", "opt"), of(b"b", "opt"));
        assert_ne!(of(b"a", "opt"), of(b"a", "usr"));
    }

    #[test]
    fn what_is_not_built_has_no_key() {
        let mut planned = planned(&[], "[recipe.lua]\n");
        assert_eq!(derivation(&planned), None);
        planned
            .made
            .insert("lua".parse().unwrap(), Digest::sha256(b"tree"));
        assert!(derivation(&planned).is_some());
    }
}
