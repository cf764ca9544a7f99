//! The store over time: merged, verified, collected, shared by processes and killed in the middle.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use zwieback_host::store::blob::Expected;
use zwieback_host::store::derived::{Derivation, Method};
use zwieback_host::store::error::StoreError;
use zwieback_host::store::gc::Collector;
use zwieback_host::store::origin::Origin;
use zwieback_host::store::place::Store;
use zwieback_host::store::stored::StoredTree;
use zwieback_host::store::verify::Wrong;
use zwieback_model::digest::Digest;

/// Tells this test binary, run again, to be the process that is killed.
const VICTIM: &str = "ZWIEBACK_TEST_VICTIM_STORE";

fn tree_of(store: &Store, files: &[(&str, &[u8])]) -> StoredTree {
    let writer = store.tree_writer().unwrap();
    let layer = writer.layer("test");
    for (path, bytes) in files {
        let mut file = layer.file(path.parse().unwrap(), false).unwrap();
        file.write_all(bytes).unwrap();
        file.finish().unwrap();
    }
    writer.commit().unwrap()
}

fn blob_of(store: &Store, bytes: &[u8]) -> Digest {
    let mut writer = store.blob_writer().unwrap();
    writer.write_all(bytes).unwrap();
    writer
        .commit(Expected::Anything, Origin::Own)
        .unwrap()
        .content()
        .sha256
}

/// Test results name one digest a line.
fn references(result: &[u8]) -> Vec<Digest> {
    let text = String::from_utf8_lossy(result);
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

fn fill(store: &Store, round: u32) {
    let text = format!("round {round}");
    let tree = tree_of(store, &[("a/b", text.as_bytes()), ("c", &vec![1; 100_000])]);
    let blob = blob_of(store, text.as_bytes());
    let result = format!("{}\n{blob}\n", tree.digest());
    store
        .put_action(&Digest::sha256(text.as_bytes()), result.as_bytes())
        .unwrap();
}

fn assert_clean(store: &Store) -> usize {
    let report = store.verify(&references).unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    report.objects
}

#[test]
fn merged_trees_share_their_files() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(place.path()).unwrap();
    let c = tree_of(&store, &[("bin/cc", b"cc"), ("share/licence", b"same")]);
    let rust = tree_of(
        &store,
        &[("bin/rustc", b"rustc"), ("share/licence", b"same")],
    );
    let both = store.merge(&[("c", &c), ("rust", &rust)]).unwrap();
    assert_eq!(both.tree().files().count(), 3);
    let inode = |tree: &StoredTree| std::fs::metadata(tree.path().join("bin/cc")).unwrap().ino();
    assert_eq!(inode(&both), inode(&c));
    for tree in [&c, &rust, &both] {
        let stamps = place.path().join(format!("trees/{}.stamps", tree.digest()));
        let before = std::fs::metadata(&stamps).unwrap().ino();
        tree.check_quick().unwrap();
        assert_eq!(
            std::fs::metadata(&stamps).unwrap().ino(),
            before,
            "checked without reading"
        );
    }
    let clang = tree_of(&store, &[("bin/cc", b"clang")]);
    let clash = store.merge(&[("c", &c), ("zig", &clang)]).unwrap_err();
    assert_eq!(
        clash.to_string(),
        "`bin/cc` comes from both c and zig, and is not the same"
    );
}

#[test]
fn verify_finds_what_is_damaged_missing_or_dangling() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(place.path()).unwrap();
    let tree = tree_of(&store, &[("a", b"good")]);
    let (damaged, lost) = (blob_of(&store, b"one"), blob_of(&store, b"two"));
    store
        .put_action(
            &Digest::sha256(b"x"),
            Digest::sha256(b"y").to_hex().as_bytes(),
        )
        .unwrap();
    let overwrite = |path: &Path| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
        std::fs::write(path, b"evil").unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o444)).unwrap();
    };
    overwrite(&tree.path().join("a"));
    overwrite(store.blob(&damaged).unwrap().unwrap().path());
    std::fs::remove_file(store.blob(&lost).unwrap().unwrap().path()).unwrap();
    let report = store.verify(&references).unwrap();
    let wrong = |digest: &Digest| {
        let mut problems = report.problems.iter();
        &problems
            .find(|problem| problem.object.digest == *digest)
            .unwrap()
            .wrong
    };
    assert_eq!((report.objects, report.problems.len()), (4, 4));
    assert!(matches!(
        wrong(tree.digest()),
        Wrong::Damaged(StoreError::Tampered { .. })
    ));
    assert!(matches!(
        wrong(&damaged),
        Wrong::Damaged(StoreError::Tampered { .. })
    ));
    assert!(matches!(wrong(&lost), Wrong::Missing));
    assert!(matches!(wrong(&Digest::sha256(b"x")), Wrong::Dangling(_)));
}

#[test]
fn a_collection_keeps_what_is_kept_and_waits_for_nobody() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(place.path()).unwrap();
    for round in 0..3 {
        fill(&store, round);
    }
    let root = blob_of(&store, b"kept by a root");
    store.put_root(&"mine".parse().unwrap(), &[root]).unwrap();
    let kept = Digest::sha256(b"round 1");
    let tree = references(&store.action(&kept).unwrap().unwrap())[0];
    let derived = |inputs: &str, tree: &Digest| {
        let derivation = Derivation::of(Method::Merge, inputs);
        let made = || Ok::<_, StoreError>(store.tree(tree)?.unwrap());
        store.derived(&derivation, made).unwrap();
        derivation
    };
    let gone = references(&store.action(&Digest::sha256(b"round 2")).unwrap().unwrap())[0];
    let (live, dead) = (derived("live", &tree), derived("dead", &gone));
    std::fs::create_dir_all(place.path().join(format!("trees/{kept}/half"))).unwrap();
    let plan = store.plan_gc(&BTreeSet::from([kept]), &references).unwrap();
    assert_eq!(plan.remove.len(), 6);
    assert!(matches!(
        Collector::open(place.path()),
        Err(StoreError::InUse(_))
    ));
    drop(store);
    let collector = Collector::open(place.path()).unwrap();
    collector.collect(&plan).unwrap();
    let store = collector.store();
    assert_eq!(assert_clean(store), 4);
    assert_eq!(store.ls().unwrap().len(), 4);
    assert_eq!(store.known(&live).unwrap(), Some(tree));
    assert_eq!(store.known(&dead).unwrap(), None);
    assert!(!place.path().join(format!("trees/{kept}")).exists());
}

#[test]
fn a_link_keeps_its_tree_for_as_long_as_it_points_there() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(&place.path().join("store")).unwrap();
    let tree = tree_of(&store, &[("a", b"linked")]);
    let link = place.path().join("result\n with a line");
    symlink(tree.path(), &link).unwrap();
    store.put_link_root(&link, tree.digest()).unwrap();
    let removed = || store.plan_gc(&BTreeSet::new(), &references).unwrap().remove;
    assert_eq!(removed(), []);
    std::fs::remove_file(&link).unwrap();
    assert_eq!(removed().len(), 1);
    symlink("elsewhere", &link).unwrap();
    assert_eq!(removed().len(), 1);
    let plan = store.plan_gc(&BTreeSet::new(), &references).unwrap();
    drop((tree, store));
    let collector = Collector::open(&place.path().join("store")).unwrap();
    collector.collect(&plan).unwrap();
    let roots = std::fs::read_dir(place.path().join("store/roots")).unwrap();
    assert_eq!(roots.count(), 0);
}

#[test]
fn threads_of_several_openings_agree() {
    let place = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let store = Store::open(place.path()).unwrap();
                for round in 0..8 {
                    fill(&store, round);
                }
            });
        }
    });
    assert_eq!(assert_clean(&Store::open(place.path()).unwrap()), 24);
}

/// Not a test of its own: the process that the next test kills.
#[test]
#[ignore = "the process that `killed_at_any_moment_the_store_stays_clean` starts and kills"]
fn victim() {
    let place = std::env::var(VICTIM).expect("started with a store to fill");
    for round in 0.. {
        let store = Store::open(Path::new(&place)).unwrap();
        fill(&store, std::process::id() * 1000 + round);
    }
}

#[test]
fn killed_at_any_moment_the_store_stays_clean() {
    let place = tempfile::tempdir().unwrap();
    let mut objects = 0;
    for round in 0..25_u64 {
        let mut victims: Vec<_> = (0..2).map(|_| spawn_victim(place.path())).collect();
        // Any moment will do: no outcome depends on which one it is.
        while round == 0
            && std::fs::read_dir(place.path().join("actions")).map_or(0, Iterator::count) == 0
        {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_micros(10_000 + round * round * 211 % 37_000));
        for victim in &mut victims {
            victim.kill().unwrap();
            victim.wait().unwrap();
        }
        let store = Store::open(place.path()).unwrap();
        objects = assert_clean(&store);
        let scratch = std::fs::read_dir(place.path().join("tmp")).unwrap().count();
        assert_eq!(scratch, 0, "what the dead left is swept");
    }
    let store = Store::open(place.path()).unwrap();
    assert!(objects > 0, "the victims got to write");
    fill(&store, 1);
    assert_eq!(assert_clean(&store), objects + 3);
}

fn spawn_victim(place: &Path) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "victim", "--nocapture"])
        .env(VICTIM, place)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn toolchains_that_differ_at_one_path_are_both_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let c = tree_of(&store, &[("usr/bin/awk", b"mawk"), ("usr/bin/cc", b"gcc")]);
    let same = tree_of(&store, &[("usr/bin/awk", b"mawk"), ("usr/bin/go", b"go")]);
    let other = tree_of(&store, &[("usr/bin/awk", b"gawk")]);
    let merged = store.merge(&[("c", &c), ("go", &same)]).unwrap();
    assert_eq!(merged.tree().files().count(), 3);
    let error = store.merge(&[("c", &c), ("other", &other)]).unwrap_err();
    let StoreError::Collision {
        path,
        first,
        second,
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(
        (path.as_str(), &*first, &*second),
        ("usr/bin/awk", "c", "other")
    );
}
