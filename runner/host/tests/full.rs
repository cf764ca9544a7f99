//! A store on a disk that is full, or that cannot be written to.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use zwieback_host::store::blob::Expected;
use zwieback_host::store::error::StoreError;
use zwieback_host::store::origin::Origin;
use zwieback_host::store::place::Store;
use zwieback_model::digest::Digest;
use zwieback_test_world::skip::skip;

/// A small disk, mounted as long as this lives.
struct Disk(tempfile::TempDir);

impl Disk {
    fn mount() -> Option<Self> {
        let place = tempfile::tempdir().unwrap();
        let mounted = mount(&["-t", "tmpfs", "-o", "size=1m", "tmpfs"], place.path());
        if !mounted {
            skip("full", "mounting a small disk takes root");
        }
        mounted.then_some(Self(place))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let left = Command::new("umount").arg("-l").arg(self.0.path()).status();
        assert!(left.is_ok_and(|status| status.success()));
    }
}

fn mount(arguments: &[&str], place: &Path) -> bool {
    let output = Command::new("mount").args(arguments).arg(place).output();
    output.unwrap().status.success()
}

#[test]
fn a_full_disk_is_named_and_leaves_no_trace() {
    let Some(disk) = Disk::mount() else { return };
    let store = Store::open(disk.0.path()).unwrap();
    let writer = store.tree_writer().unwrap();
    let mut file = writer
        .layer("big")
        .file("big".parse().unwrap(), false)
        .unwrap();
    let full = file.write_all(&vec![1; 4 << 20]).unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    let source = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(source.path(), vec![1; 4 << 20]).unwrap();
    let full = store
        .import_file(source.path(), Expected::Anything, Origin::Import)
        .unwrap_err();
    assert!(matches!(full, StoreError::Full(_)), "{full:?}");
    assert!(full.hint().unwrap().contains("store gc"));
    drop(file);
    drop(writer);
    assert_eq!(
        std::fs::read_dir(disk.0.path().join("tmp"))
            .unwrap()
            .count(),
        0
    );
    assert!(store.verify(&|_| Vec::new()).unwrap().problems.is_empty());
}

#[test]
fn a_read_only_store_is_read_and_says_why_it_is_not_written() {
    let Some(disk) = Disk::mount() else { return };
    let key = Digest::sha256(b"x");
    Store::open(disk.0.path())
        .unwrap()
        .put_action(&key, b"{}")
        .unwrap();
    assert!(mount(&["-o", "remount,ro"], disk.0.path()));
    let store = Store::open(disk.0.path()).unwrap();
    assert_eq!(store.action(&key).unwrap().as_deref(), Some(&b"{}"[..]));
    let refused = store.put_action(&key, b"[]").unwrap_err();
    assert!(matches!(refused, StoreError::ReadOnly(_)), "{refused:?}");
    assert!(matches!(store.tree_writer(), Err(StoreError::ReadOnly(_))));
}
