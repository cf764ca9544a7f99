//! Locks that say otherwise than their manifest: each refused, by the rule that it breaks.

use std::time::Instant;

use super::*;
use crate::manifest::diagnostic::SourceText;
use crate::manifest::recipe::Recipe;

const RECIPE: &str = r#"
[recipe]
name = "r"
version = "1"
toolchains = ["c"]
[sources.zlib]
purl = "pkg:deb/debian/zlib@1.2?arch=source"
file = "zlib_1.2.orig.tar.gz"
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
[sources.app]
path = "src"
vendor = "npm"
[[steps]]
name = "s"
run = "make"
"#;

const TOOLCHAIN: &str = r#"
[toolchain]
name = "c"
description = "a compiler"
[deb]
release = "bookworm"
architecture = "amd64"
packages = ["gcc"]
[archive.tool]
purl = "pkg:generic/tool@1"
url = ["https://mirror.example/x/tool-1.tar.gz?raw"]
"#;

fn input(source: Option<&str>, purl: &str, file: &str, location: &str) -> LockedInput {
    LockedInput {
        source: source.map(|name| name.parse().unwrap()),
        purl: purl.parse().unwrap(),
        file: file.parse().unwrap(),
        sha256: Digest::sha256(b"abc"),
        blake3: None,
        size: 3,
        locations: vec![location.parse().unwrap()],
    }
}

fn zlib() -> LockedInput {
    let purl = "pkg:deb/debian/zlib@1.2?arch=source";
    let file = "zlib_1.2.orig.tar.gz";
    input(Some("zlib"), purl, file, &format!("pool/z/zlib/{file}"))
}

fn react() -> LockedInput {
    let (purl, at) = ("pkg:npm/react@18.0.0", "react/-/react-18.0.0.tgz");
    input(Some("app"), purl, "react-18.0.0.tgz", at)
}

fn folder() -> LockedFolder {
    LockedFolder {
        source: "app".parse().unwrap(),
        path: "src".parse().unwrap(),
        tree: Digest::sha256(b"tree"),
    }
}

/// What comes of a lock with these entries.
fn said(inputs: &[LockedInput], folders: &[LockedFolder]) -> Result<(), Contradiction> {
    let (path, text) = ("recipe.toml", RECIPE);
    let recipe = Recipe::parse(SourceText { path, text }).unwrap();
    check_sources(&recipe.sources, inputs, folders).map_err(|unclaimed| unclaimed.why)
}

#[test]
fn a_lock_is_what_its_recipe_claims() {
    assert_eq!(said(&[zlib(), react()], &[folder()]), Ok(()));
    let other = |edit: fn(&mut LockedInput)| {
        let mut lied = zlib();
        edit(&mut lied);
        said(&[lied, react()], &[folder()]).unwrap_err()
    };
    // The digest that the recipe's author knows.
    let lied = other(|input| input.sha256 = Digest::sha256(b"abd"));
    assert!(matches!(lied, Contradiction::Digest { .. }));
    // The bytes of another package, under the name of this one.
    let lied = other(|input| {
        input.sha256 = Digest::sha256(b"abc");
        input.locations = vec!["pool/h/hello/hello_2.10.orig.tar.gz".parse().unwrap()];
    });
    assert!(matches!(lied, Contradiction::OtherFile(_)));
    let lied = other(|input| input.file = "hello_2.10.orig.tar.gz".parse().unwrap());
    assert!(matches!(lied, Contradiction::OtherFile(_)));
    let lied = other(|input| {
        input.file = "hello_2.10.orig.tar.gz".parse().unwrap();
        input.locations = Vec::new();
    });
    assert!(matches!(lied, Contradiction::FileName(_)));
    let lied = other(|input| input.purl = "pkg:deb/debian/hello@2?arch=source".parse().unwrap());
    assert!(matches!(lied, Contradiction::Stray(_)));
    let lied = other(|input| input.source = None);
    assert!(matches!(lied, Contradiction::Stray(_)));
}

#[test]
fn nothing_is_missing_and_nothing_is_there_twice() {
    let missing = said(&[react()], &[folder()]).unwrap_err();
    assert_eq!(missing, Contradiction::Missing);
    assert_eq!(said(&[zlib()], &[]).unwrap_err(), Contradiction::Missing);
    // Staged under one name, one of them would stand in no action.
    let url = "?download_url=https://mirror.example/evil.tgz";
    let mut second = react();
    second.purl = format!("{}{url}", second.purl).parse().unwrap();
    second.locations = Vec::new();
    second.sha256 = Digest::sha256(b"evil");
    let twice = said(&[zlib(), react(), second], &[folder()]).unwrap_err();
    assert_eq!(twice, Contradiction::Twice);
    let mut elsewhere = folder();
    elsewhere.path = "other".parse().unwrap();
    let wrong = said(&[zlib(), react()], &[elsewhere]).unwrap_err();
    assert_eq!(wrong, Contradiction::Folder);
    let mut stranger = folder();
    stranger.source = "stranger".parse().unwrap();
    let wrong = said(&[zlib(), react()], &[folder(), stranger]).unwrap_err();
    assert_eq!(wrong, Contradiction::Folder);
}

/// A stranger's statement has as many sources as fit into it: whoever looks through all inputs for each takes hours.
#[test]
fn sources_and_submodules_without_number_are_each_looked_at_once() {
    const MANY: usize = 50_000;
    let (path, text) = ("recipe.toml", RECIPE);
    let recipe = Recipe::parse(SourceText { path, text }).unwrap();
    let [app, zlib]: [&Source; 2] = ["app", "zlib"].map(|name| &recipe.sources[name]);
    let start = Instant::now();
    let mut sources = BTreeMap::new();
    let mut inputs = Vec::new();
    for number in 0..MANY {
        let name = format!("s{number}");
        let mut source = zlib.clone();
        (source.sha256, source.file) = (None, None);
        source.purl = Some(format!("pkg:generic/{name}@1").parse().unwrap());
        sources.insert(name.parse().unwrap(), source);
        inputs.push(input(
            Some(&name),
            &format!("pkg:generic/{name}@1"),
            "f",
            "f",
        ));
    }
    let refused = check_sources(&sources, &inputs, &[]).unwrap_err();
    assert_eq!(refused.why, Contradiction::NoFileName);
    for source in sources.values_mut() {
        source.file = Some("f".parse().unwrap());
    }
    assert_eq!(check_sources(&sources, &inputs, &[]), Ok(()));
    let mut source = app.clone();
    source.path = None;
    inputs.clear();
    for number in 0..MANY {
        let repository = format!("pkg:github/a/b{number}");
        let at = format!("m{number}").parse().unwrap();
        source.submodules.insert(at, repository.parse().unwrap());
        let purl = format!("{repository}@{}", "0".repeat(40));
        let file = format!("b{number}.tar");
        inputs.push(input(Some("app"), &purl, &file, &file));
    }
    let sources = [("app".parse().unwrap(), source)].into();
    let refused = check_sources(&sources, &inputs, &[]);
    assert!(refused.is_err(), "no folder is there");
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
}

#[test]
fn what_a_lockfile_brings_is_of_its_ecosystem() {
    let crates = input(Some("app"), "pkg:cargo/a@1", "a-1.crate", "a/1/download");
    let stray = said(&[zlib(), crates], &[folder()]).unwrap_err();
    assert!(matches!(stray, Contradiction::Stray(_)));
    let mut lied = react();
    lied.locations = vec!["evil/-/evil-1.0.0.tgz".parse().unwrap()];
    let wrong = said(&[zlib(), lied], &[folder()]).unwrap_err();
    assert!(matches!(wrong, Contradiction::OtherFile(_)));
}

#[test]
fn a_toolchain_is_of_its_release_and_its_parts() {
    let (path, text) = ("toolchain.toml", TOOLCHAIN);
    let toolchain = Toolchain::parse(SourceText { path, text }).unwrap();
    let gcc = |query: &str| {
        let purl = format!("pkg:deb/debian/gcc@4:12?{query}");
        input(None, &purl, "gcc_4%3a12_amd64.deb", "pool/gcc_12_amd64.deb")
    };
    let honest = gcc("arch=amd64&distro=bookworm");
    let tool = |file: &str| input(Some("tool"), "pkg:generic/tool@1", file, file);
    let said = |inputs: &[LockedInput]| {
        check_toolchain(&toolchain, inputs).map_err(|unclaimed| unclaimed.why)
    };
    assert_eq!(said(&[honest.clone(), tool("tool-1.tar.gz")]), Ok(()));
    for other in [
        "arch=amd64&distro=trixie",
        "arch=amd64",
        "arch=arm64&distro=bookworm",
    ] {
        let wrong = said(&[gcc(other), tool("tool-1.tar.gz")]).unwrap_err();
        assert!(matches!(wrong, Contradiction::OtherRelease(_)), "{other}");
    }
    let missing = Contradiction::Missing;
    assert_eq!(said(std::slice::from_ref(&honest)).unwrap_err(), missing);
    assert_eq!(said(&[tool("tool-1.tar.gz")]).unwrap_err(), missing);
    let named = said(&[honest, tool("other.tar.gz")]).unwrap_err();
    assert!(matches!(named, Contradiction::FileName(_)));
}
