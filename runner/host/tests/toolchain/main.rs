//! Toolchains from packages: the same tree in any order, and every clash named.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod deb;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use deb::{Item, deb};
use zwieback_host::fetch::canceller::Canceller;
use zwieback_host::store::blob::Expected;
use zwieback_host::store::error::StoreError;
use zwieback_host::store::origin::Origin;
use zwieback_host::store::place::Store;
use zwieback_host::store::stored::StoredTree;
use zwieback_host::toolchain::error::AssembleError;
use zwieback_host::toolchain::obtain::obtain;
use zwieback_model::bake::plan::PlannedToolchain;
use zwieback_model::digest::Fingerprint;
use zwieback_model::locked_input::LockedInput;
use zwieback_model::manifest::diagnostic::SourceText;
use zwieback_model::manifest::toolchain::{Fixups, Toolchain};
use zwieback_model::tree::Entry;

const SHELL: [Item<'_>; 6] = [
    Item::Dir("./bin/"),
    Item::Program("./bin/dash", b"\x7fELF dash"),
    Item::Link("./bin/sh", "dash"),
    Item::File("./usr/share/doc/dash/copyright", b"free"),
    Item::File("./lib64/ld.so", b"loader"),
    Item::Hard("./usr/bin/ash", "./bin/dash"),
];
const AWK: [Item<'_>; 3] = [
    Item::Dir("./usr/bin/"),
    Item::Program("./usr/bin/mawk", b"mawk"),
    Item::File("./etc/hosts", b"from a package"),
];

fn package(store: &Store, name: &str, items: &[Item<'_>]) -> LockedInput {
    import(store, name, &deb(items))
}

fn import(store: &Store, name: &str, bytes: &[u8]) -> LockedInput {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let print = Fingerprint::of(bytes);
    store
        .import_file(file.path(), Expected::Exactly(print), Origin::Import)
        .unwrap();
    LockedInput {
        source: None,
        purl: format!("pkg:deb/debian/{name}@1?arch=amd64")
            .parse()
            .unwrap(),
        file: format!("{name}_1_amd64.deb").parse().unwrap(),
        sha256: print.sha256,
        blake3: None,
        size: print.size,
        locations: Vec::new(),
    }
}

fn fixups() -> Fixups {
    Fixups {
        links: [("usr/bin/awk".parse().unwrap(), "mawk".to_owned())].into(),
        files: [("etc/profile".parse().unwrap(), "umask 022\n".to_owned())].into(),
        prune: vec!["usr/share/doc/**".to_owned()],
    }
}

fn planned(inputs: &[LockedInput], fixups: &Fixups) -> PlannedToolchain {
    let text = "[toolchain]\nname = \"t\"\ndescription = \"d\"\n[deb]\nrelease = \"bookworm\"\n\
                architecture = \"amd64\"\npackages = [\"a\"]\n";
    let path = "toolchain.toml";
    let mut toolchain = Toolchain::parse(SourceText { path, text }).unwrap();
    toolchain.fixups = fixups.clone();
    PlannedToolchain {
        toolchain,
        inputs: inputs.to_vec(),
        made: BTreeMap::new(),
    }
}

fn make(
    store: &Store,
    inputs: &[LockedInput],
    fixups: &Fixups,
) -> Result<StoredTree, AssembleError> {
    obtain(store, &planned(inputs, fixups), &Canceller::default())
}

fn text(tree: &StoredTree, path: &str) -> String {
    fs::read_to_string(tree.path().join(path)).unwrap()
}

#[test]
fn packages_become_one_tree_on_a_merged_usr() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store")).unwrap();
    let inputs = [
        package(&store, "dash", &SHELL),
        package(&store, "mawk", &AWK),
    ];
    let tree = make(&store, &inputs, &fixups()).unwrap();
    // Through the links, as a step sees them.
    assert_eq!(text(&tree, "bin/sh"), "\x7fELF dash");
    assert_eq!(text(&tree, "bin/awk"), "mawk");
    assert_eq!(text(&tree, "lib64/ld.so"), "loader");
    assert_eq!(text(&tree, "usr/bin/ash"), "\x7fELF dash");
    assert_eq!(text(&tree, "etc/profile"), "umask 022\n");
    assert_eq!(text(&tree, "etc/hosts"), "from a package");
    assert_eq!(text(&tree, "etc/passwd"), "");
    for name in ["build", "out", "tmp", "dev", "proc", "sys"] {
        assert_eq!(tree.tree().get(name), Some(&Entry::Directory), "{name}");
    }
    assert!(matches!(
        tree.tree().get("usr/bin/dash"),
        Some(Entry::File {
            executable: true,
            ..
        })
    ));
    assert!(
        matches!(tree.tree().get("sbin"), Some(Entry::Symlink { target }) if target == "usr/sbin")
    );
    assert_eq!(tree.tree().get("usr/share/doc/dash/copyright"), None);
    assert!(tree.check_whole().is_ok());
}

#[test]
fn neither_order_nor_place_matters() {
    let digest = |order: fn(Vec<LockedInput>) -> Vec<LockedInput>| {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("store")).unwrap();
        let inputs = vec![
            package(&store, "dash", &SHELL),
            package(&store, "mawk", &AWK),
        ];
        *make(&store, &order(inputs), &fixups()).unwrap().digest()
    };
    let reversed = |inputs: Vec<LockedInput>| inputs.into_iter().rev().collect();
    assert_eq!(digest(|inputs| inputs), digest(reversed));
}

#[test]
fn a_second_request_is_answered_from_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store")).unwrap();
    let inputs = [
        package(&store, "dash", &SHELL),
        package(&store, "mawk", &AWK),
    ];
    let first = make(&store, &inputs, &fixups()).unwrap();
    // Without its packages it can only come from the record of the assembly.
    for input in &inputs {
        store.remove_blob(&input.sha256).unwrap();
    }
    assert_eq!(
        make(&store, &inputs, &fixups()).unwrap().digest(),
        first.digest()
    );
    let error = make(&store, &inputs, &Fixups::default()).unwrap_err();
    assert!(matches!(error, AssembleError::Missing(_)));
}

#[test]
fn a_clash_names_both_owners_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store")).unwrap();
    let same = [Item::File("./usr/x", b"1")];
    let inputs = [
        package(&store, "one", &same),
        package(&store, "two", &[Item::File("./usr/x", b"2")]),
    ];
    let error = make(&store, &inputs, &Fixups::default()).unwrap_err();
    assert!(
        matches!(error, AssembleError::Store(StoreError::Collision { .. })),
        "{error}"
    );
    let words = error.to_string();
    assert!(
        words.contains("pkg:deb/debian/one@1") && words.contains("pkg:deb/debian/two@1"),
        "{words}"
    );
    assert!(error.hint().is_some());
    assert_eq!(entries(&dir.path().join("store/trees")), 0);
    assert_eq!(entries(&dir.path().join("store/tmp")), 0);
    // Equal files of two packages are no clash.
    let inputs = [
        package(&store, "one", &same),
        package(
            &store,
            "two",
            &[Item::Dir("./usr/"), Item::File("./usr/x", b"1")],
        ),
    ];
    assert!(make(&store, &inputs, &Fixups::default()).is_ok());
}

#[test]
fn fix_ups_are_checked_against_the_tree() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store")).unwrap();
    let inputs = [package(&store, "dash", &SHELL)];
    let error = make(&store, &inputs, &fixups()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the fix-up `usr/bin/awk` -> `mawk` leads nowhere in this toolchain"
    );
    let over = Fixups {
        files: [("bin/sh".parse().unwrap(), String::new())].into(),
        ..Fixups::default()
    };
    let error = make(&store, &inputs, &over).unwrap_err();
    assert!(error.to_string().contains("[fixups]"), "{error}");
    let merged = Fixups {
        links: [("lib".parse().unwrap(), "elsewhere".to_owned())].into(),
        ..Fixups::default()
    };
    assert!(matches!(
        make(&store, &inputs, &merged),
        Err(AssembleError::MergedName(_))
    ));
}

#[test]
fn what_is_no_package_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store")).unwrap();
    let mut cut = deb(&SHELL);
    cut.truncate(900);
    let empty = b"!<arch>\n";
    for (name, bytes) in [
        ("zip", &b"PK\x03\x04 zip"[..]),
        ("cut", &cut),
        ("empty", empty),
    ] {
        let input = import(&store, name, bytes);
        let error = make(&store, &[input], &Fixups::default()).unwrap_err();
        assert!(
            error
                .to_string()
                .contains(&format!("pkg:deb/debian/{name}@1")),
            "{error}"
        );
    }
    assert_eq!(entries(&dir.path().join("store/trees")), 0);
}

#[test]
fn an_interruption_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store")).unwrap();
    let canceller = Canceller::default();
    canceller.cancel();
    let inputs = [package(&store, "dash", &SHELL)];
    let result = obtain(&store, &planned(&inputs, &Fixups::default()), &canceller);
    assert!(matches!(result, Err(AssembleError::Cancelled)));
    assert_eq!(entries(&dir.path().join("store/trees")), 0);
}

fn entries(dir: &Path) -> usize {
    fs::read_dir(dir).unwrap().count()
}
