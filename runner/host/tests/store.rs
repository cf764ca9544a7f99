//! The store from outside: what is committed is found, what is touched is noticed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zwieback_host::store::blob::Expected;
use zwieback_host::store::error::StoreError;
use zwieback_host::store::origin::Origin;
use zwieback_host::store::place::Store;
use zwieback_host::store::stored::StoredTree;
use zwieback_host::store::writer::Layer;
use zwieback_model::digest::{Digest, Fingerprint};
use zwieback_model::rel_path::RelPath;
use zwieback_model::tree::Entry;

fn path(text: &str) -> RelPath {
    text.parse().unwrap()
}

fn put(layer: &Layer<'_>, at: &str, bytes: &[u8]) -> Result<Fingerprint, StoreError> {
    let mut file = layer.file(path(at), false)?;
    file.write_all(bytes).unwrap();
    file.finish()
}

fn small_tree(store: &Store) -> StoredTree {
    let writer = store.tree_writer().unwrap();
    let layer = writer.layer("one");
    put(&layer, "usr/bin/tool", b"tool").unwrap();
    put(&layer, "usr/share/doc", b"text").unwrap();
    layer.symlink(path("bin"), "usr/bin").unwrap();
    writer.commit().unwrap()
}

fn garbage(store: &Store) -> usize {
    std::fs::read_dir(store.path().join("tmp")).unwrap().count()
}

fn overwrite(file: &Path, bytes: &[u8]) {
    std::fs::set_permissions(file, PermissionsExt::from_mode(0o644)).unwrap();
    std::fs::write(file, bytes).unwrap();
    std::fs::set_permissions(file, PermissionsExt::from_mode(0o444)).unwrap();
}

#[test]
fn a_blob_is_found_by_its_sha256() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(place.path()).unwrap();
    let mut writer = store.blob_writer().unwrap();
    writer.write_all(b"twice").unwrap();
    let blob = writer
        .commit(Expected::Exactly(Fingerprint::of(b"twice")), Origin::Own)
        .unwrap();
    assert_eq!(std::fs::read(blob.path()).unwrap(), b"twice");
    assert_eq!(store.blob(&Digest::sha256(b"twice")).unwrap(), Some(blob));
    assert_eq!(store.blob(&Digest::sha256(b"once")).unwrap(), None);
    assert_eq!(garbage(&store), 0);
}

#[test]
fn a_blob_with_other_bytes_never_becomes_visible() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(place.path()).unwrap();
    let mut writer = store.blob_writer().unwrap();
    writer.write_all(b"evil").unwrap();
    let refused = writer.commit(Expected::Sha256(Digest::sha256(b"good")), Origin::Own);
    assert!(
        matches!(refused, Err(StoreError::Mismatch { .. })),
        "{refused:?}"
    );
    assert_eq!(store.blob(&Digest::sha256(b"evil")).unwrap(), None);
    assert_eq!(garbage(&store), 0);
}

#[test]
fn a_touched_blob_is_never_used() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(place.path()).unwrap();
    let file = place.path().join("file");
    std::fs::write(&file, b"good").unwrap();
    let blob = store
        .import_file(&file, Expected::Anything, Origin::Import)
        .unwrap();
    overwrite(blob.path(), b"evil");
    let used = store.blob(&blob.content().sha256);
    assert!(matches!(used, Err(StoreError::Tampered { .. })), "{used:?}");
    let again = store
        .import_file(&file, Expected::Anything, Origin::Import)
        .unwrap();
    assert_eq!(std::fs::read(again.path()).unwrap(), b"good");
}

#[test]
fn a_tree_is_the_same_tree_whoever_wrote_it() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(place.path()).unwrap();
    let one = small_tree(&store);
    let two = small_tree(&Store::open(place.path()).unwrap());
    assert_eq!(one.digest(), two.digest());
    let found = store.tree(one.digest()).unwrap().unwrap();
    assert_eq!(found.tree(), one.tree());
    found.check_quick().unwrap();
    found.check_whole().unwrap();
    let ready = store.ready_tree(one.digest()).unwrap();
    assert_eq!(ready.as_deref(), Some(one.path()));
    assert_eq!(store.ready_tree(&Digest::sha256(b"none")).unwrap(), None);
    assert_eq!(
        std::fs::read(found.path().join("bin/tool")).unwrap(),
        b"tool"
    );
    assert_eq!(garbage(&store), 0);
}

#[test]
fn every_way_to_touch_a_tree_is_noticed() {
    let ways: [fn(&Path); 6] = [
        |tree| overwrite(&tree.join("usr/bin/tool"), b"evil"),
        |tree| {
            std::fs::set_permissions(tree.join("usr/bin/tool"), PermissionsExt::from_mode(0o555))
                .unwrap();
        },
        |tree| std::fs::write(tree.join("usr/bin/more"), b"x").unwrap(),
        |tree| std::fs::write(tree.join("more"), b"x").unwrap(),
        |tree| std::fs::remove_file(tree.join("usr/share/doc")).unwrap(),
        |tree| {
            std::fs::remove_file(tree.join("bin")).unwrap();
            std::os::unix::fs::symlink("/usr/bin", tree.join("bin")).unwrap();
        },
    ];
    for (at, touch) in ways.into_iter().enumerate() {
        let place = tempfile::tempdir().unwrap();
        let store = Store::open(place.path()).unwrap();
        let tree = small_tree(&store);
        for directory in ["", "usr/bin", "usr/share"] {
            std::fs::set_permissions(
                tree.path().join(directory),
                PermissionsExt::from_mode(0o755),
            )
            .unwrap();
        }
        touch(tree.path());
        for directory in ["", "usr/bin", "usr/share"] {
            std::fs::set_permissions(
                tree.path().join(directory),
                PermissionsExt::from_mode(0o555),
            )
            .unwrap();
        }
        let ready = store.ready_tree(tree.digest());
        assert!(
            matches!(ready, Err(StoreError::Tampered { .. })),
            "way {at}: {ready:?}"
        );
        assert!(matches!(
            tree.check_whole(),
            Err(StoreError::Tampered { .. })
        ));
        let checked = tree.check_quick();
        assert!(
            matches!(checked, Err(StoreError::Tampered { .. })),
            "way {at}: {checked:?}"
        );
        small_tree(&store).check_quick().unwrap();
    }
}

#[test]
fn a_moved_store_heals_its_stamps() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(&place.path().join("old")).unwrap();
    let digest = *small_tree(&store).digest();
    drop(store);
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .args([place.path().join("old"), place.path().join("new")])
        .status();
    assert!(copied.unwrap().success());
    let store = Store::open(&place.path().join("new")).unwrap();
    let tree = store.tree(&digest).unwrap().unwrap();
    let stamps = place.path().join(format!("new/trees/{digest}.stamps"));
    let before = std::fs::read(&stamps).unwrap();
    tree.check_quick().unwrap();
    assert_ne!(std::fs::read(&stamps).unwrap(), before);
}

#[test]
fn two_owners_of_one_path_are_named() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(place.path()).unwrap();
    let writer = store.tree_writer().unwrap();
    let (gcc, clang) = (writer.layer("gcc"), writer.layer("clang"));
    put(&gcc, "usr/bin/cc", b"gcc").unwrap();
    put(&clang, "usr/bin/cc", b"gcc").unwrap();
    let refused = put(&clang, "usr/bin/cc", b"clang").unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`usr/bin/cc` comes from both gcc and clang, and is not the same"
    );
    let below = put(&clang, "usr/bin/cc/x", b"x").unwrap_err();
    assert!(matches!(below, StoreError::Collision { .. }), "{below:?}");
    assert!(matches!(
        clang.symlink(path("usr"), "x"),
        Err(StoreError::Collision { .. })
    ));
}

#[test]
fn nothing_is_written_through_a_symlink() {
    let place = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let store = Store::open(&place.path().join("store")).unwrap();
    let writer = store.tree_writer().unwrap();
    let layer = writer.layer("evil");
    layer
        .symlink(path("way"), outside.path().to_str().unwrap())
        .unwrap();
    assert!(matches!(
        put(&layer, "way/out", b"x"),
        Err(StoreError::Collision { .. })
    ));
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn an_unfinished_file_is_never_committed() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(place.path()).unwrap();
    let writer = store.tree_writer().unwrap();
    drop(writer.layer("cut").file(path("half"), false).unwrap());
    assert!(matches!(writer.commit(), Err(StoreError::Unfinished(1))));
    assert_eq!(garbage(&store), 0);
}

#[test]
fn the_only_top_directory_can_become_the_root() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(place.path()).unwrap();
    let mut writer = store.tree_writer().unwrap();
    put(&writer.layer("tar"), "zlib-1.2.13/src/zlib.h", b"h").unwrap();
    assert_eq!(
        writer.strip_single_top().unwrap().as_deref(),
        Some("zlib-1.2.13")
    );
    put(&writer.layer("patch"), "src/more.h", b"m").unwrap();
    let tree = writer.commit().unwrap();
    assert!(matches!(
        tree.tree().get("src/zlib.h"),
        Some(Entry::File { .. })
    ));
    assert_eq!(tree.tree().len(), 3);
    tree.check_quick().unwrap();
}

#[test]
fn records_are_kept_and_forgotten() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(place.path()).unwrap();
    let (key, tree) = (Digest::sha256(b"key"), Digest::sha256(b"tree"));
    assert_eq!(store.action(&key).unwrap(), None);
    store.put_action(&key, b"{}").unwrap();
    store.put_root(&"zlib".parse().unwrap(), &[tree]).unwrap();
    assert_eq!(store.action(&key).unwrap().as_deref(), Some(&b"{}"[..]));
    assert_eq!(store.roots().unwrap(), [tree]);
    store.remove_action(&key).unwrap();
    assert_eq!(store.action(&key).unwrap(), None);
}

#[test]
fn another_layout_is_refused() {
    let place = tempfile::tempdir().unwrap();
    drop(Store::open(place.path()).unwrap());
    std::fs::write(place.path().join("version"), "zwieback-store 9\n").unwrap();
    assert!(matches!(
        Store::open(place.path()),
        Err(StoreError::Version { .. })
    ));
}
