//! Folders that are carried, and what is refused in their place.

use super::*;

fn path(text: &str) -> RelPath {
    text.parse().unwrap()
}

fn tree(files: &[(&str, &[u8])]) -> Tree {
    let mut tree = Tree::default();
    for (name, bytes) in files {
        let content = Fingerprint::of(bytes);
        let executable = false;
        let file = Entry::File {
            content,
            executable,
        };
        tree.insert(path(name), file).unwrap();
    }
    tree
}

fn bytes(files: &[(&str, &[u8])]) -> BTreeMap<RelPath, Vec<u8>> {
    let owned = files
        .iter()
        .map(|(name, bytes)| (path(name), bytes.to_vec()));
    owned.collect()
}

fn read(text: &str) -> Result<CarriedFolder, CarriedError> {
    let digest = Digest::sha256(text.as_bytes());
    CarriedFolder::read(&digest, text.as_bytes(), BTreeMap::new())
}

#[test]
fn what_is_written_is_read_back() {
    let files: &[(&str, &[u8])] = &[("a/b", b"one"), ("c", b"\0\xff"), ("empty", b"")];
    let folder = CarriedFolder::new(tree(files), bytes(files)).unwrap();
    let source = "own".parse().unwrap();
    let mut claimed = Claimed::default();
    for input in folder.inputs(&source) {
        claimed.add(&input).unwrap();
    }
    let digest = folder.tree().digest();
    let content = folder.content();
    let again = CarriedFolder::read(&digest, &content, claimed.take_files(&source));
    assert_eq!(again, Ok(folder));
}

#[test]
fn the_files_are_those_of_the_tree() {
    let honest: &[(&str, &[u8])] = &[("a", b"one"), ("b", b"two")];
    for (files, expected) in [
        (bytes(&[("a", b"one")]), CarriedError::OtherBytes(path("b"))),
        (
            bytes(&[("a", b"one"), ("b", b"tw0")]),
            CarriedError::OtherBytes(path("b")),
        ),
        (
            bytes(&[("a", b"one"), ("b", b"two"), ("c", b"")]),
            CarriedError::Stray(path("c")),
        ),
    ] {
        assert_eq!(CarriedFolder::new(tree(honest), files), Err(expected));
    }
}

#[test]
fn names_of_a_tree_stay_inside_it() {
    let header = "zwieback-tree v1\n";
    assert!(read(&format!("{header}d a\nl a/link\0../b\n")).is_ok());
    for line in [
        "d ../a", "d /etc", "d a/../b", "d a//b", "d ./a", "l a/x\0b", "d b\nd a", "y a", "d a\\",
    ] {
        let read = read(&format!("{header}{line}\n"));
        // The last is a name like any other, and the one before it no kind of entry.
        assert_eq!(read.is_ok(), line == "d a\\", "{line}: {read:?}");
    }
    assert!(matches!(
        read("zwieback-tree v2\n"),
        Err(CarriedError::Tree(_))
    ));
    for target in ["/etc/passwd", "../x", "a/../../x"] {
        let read = read(&format!("{header}l link\0{target}\n"));
        assert_eq!(read, Err(CarriedError::LeadsOut(path("link"))), "{target}");
    }
}

#[test]
fn what_is_too_large_is_not_carried() {
    let room = LARGEST_CONTENT - tree(&[("a", b"")]).canonical().len() - "65000".len();
    let large = vec![b'x'; room];
    let fits: &[(&str, &[u8])] = &[("a", &large)];
    assert!(CarriedFolder::fits(&tree(fits)));
    let large = vec![b'x'; room + 6];
    let files: &[(&str, &[u8])] = &[("a", &large)];
    assert_eq!(
        CarriedFolder::new(tree(files), bytes(files)),
        Err(CarriedError::TooLarge)
    );
    // Names count too: a thousand empty files are a long statement.
    let names: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert!(!CarriedFolder::fits(&tree(&many)));
}
