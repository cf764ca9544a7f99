//! What a statement is about: files while they are few, and always the tree.

use zwieback_model::json::value::Value;
use zwieback_model::tree::Entry;

use super::*;

fn tree(files: usize) -> Tree {
    let mut tree = Tree::default();
    for number in 0..files {
        let file = Entry::File {
            content: Fingerprint::of(number.to_string().as_bytes()),
            executable: number % 2 == 0,
        };
        tree.insert(format!("all/{number}").parse().unwrap(), file)
            .unwrap();
    }
    let target = "all/0".to_owned();
    let link = Entry::Symlink { target };
    tree.insert("link".parse().unwrap(), link).unwrap();
    tree
}

/// A statement about that tree, as it comes out of a bundle.
fn stated(tree: &Tree) -> Statement {
    let statement = Statement {
        subject: subjects(tree, "many-1"),
        predicate_type: "https://example.com/v1".into(),
        predicate: Value::object([]),
    };
    Statement::parse(&statement.to_bytes()).unwrap()
}

fn assert_malformed(read: Result<Tree, Refusal>, said: &str) {
    let refusal = read.unwrap_err();
    assert_eq!(refusal.reason, Reason::TreeMalformed);
    assert!(refusal.saw().contains(said), "{refusal}");
}

#[test]
fn files_are_listed_up_to_a_thousand_and_the_tree_always() {
    for (files, expected) in [
        (0, 1),
        (1, 2),
        (MOST_LISTED, MOST_LISTED + 1),
        (MOST_LISTED + 1, 1),
    ] {
        let tree = tree(files);
        let statement = stated(&tree);
        assert_eq!(statement.subject.len(), expected, "{files}");
        let last = statement.subject.last().unwrap();
        assert!(last.is_tree(), "the tree is the last subject");
        let named = StatedTree::of(&statement).unwrap().unwrap();
        assert_eq!(named.file, "many-1.tree");
        assert_eq!(named.digest, Digest::sha256(tree.canonical().as_bytes()));
        let read = named.read(tree.canonical().as_bytes(), &statement);
        assert_eq!(read, Ok(tree.clone()));
        let all = with_files(statement, &tree);
        assert_eq!(outputs(&all).count(), files);
    }
}

#[test]
fn an_output_called_like_the_tree_keeps_its_name() {
    let mut tree = tree(1);
    let file = Entry::File {
        content: Fingerprint::of(b"an output"),
        executable: false,
    };
    tree.insert("many-1.tree".parse().unwrap(), file).unwrap();
    let statement = stated(&tree);
    let names: Vec<_> = statement
        .subject
        .iter()
        .map(ResourceDescriptor::label)
        .collect();
    assert_eq!(names, ["all/0", "many-1.tree", "many-1.tree.tree"]);
    assert_eq!(
        StatedTree::of(&statement).unwrap().unwrap().digest,
        tree.digest()
    );
}

#[test]
fn a_tree_that_contradicts_its_statement_is_refused() {
    let tree = tree(2);
    let bytes = tree.canonical();
    let honest = stated(&tree);
    let read = |change: &dyn Fn(&mut Vec<ResourceDescriptor>)| {
        let mut statement = honest.clone();
        change(&mut statement.subject);
        let named = StatedTree::of(&statement)?.unwrap();
        named.read(bytes.as_bytes(), &statement)
    };
    assert!(read(&|_| ()).is_ok());
    let fewer = read(&|all| drop(all.remove(0))).unwrap_err();
    assert_eq!(fewer.reason, Reason::TreeMalformed);
    assert_malformed(read(&|all| drop(all.remove(0))), "differ in \"all/0\"");
    assert_malformed(
        read(&|all| all[0].digest = all[1].digest.clone()),
        "\"all/0\"",
    );
    assert_malformed(read(&|all| all[0].name = Some("all/9".into())), "\"all/9\"");
    assert_malformed(read(&|all| all.push(all[2].clone())), "names two");
    assert_malformed(
        read(&|all| all[2].name = Some("../x".into())),
        "no file name",
    );
    assert_malformed(
        read(&|all| all[2].name = Some("a/x.tree".into())),
        "no file name",
    );
    assert_malformed(read(&|all| all[2].name = None), "no file name");
}

#[test]
fn only_the_canonical_bytes_are_the_tree() {
    let honest = tree(1).canonical();
    for other in [
        honest.replace("zwieback-tree v1", "zwieback-tree v2"),
        honest.replace("l link", "l \u{1}link"),
        format!("{honest}\n"),
        format!("{honest}d all\n"),
        honest.replace('\n', "\r\n"),
        String::new(),
    ] {
        assert_ne!(other, honest);
        let digest = Digest::sha256(other.as_bytes());
        let file = "many-1.tree".to_owned();
        let named = StatedTree { file, digest };
        let statement = stated(&tree(MOST_LISTED + 1));
        assert_malformed(named.read(other.as_bytes(), &statement), "canonical");
    }
}
