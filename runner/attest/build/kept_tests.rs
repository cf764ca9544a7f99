//! Results of a store in which something is another build's.

use zwieback_model::digest::Fingerprint;
use zwieback_model::tree::Entry;

use super::*;
use crate::fixture::{BUILDER, Forgery, edit, provenance, public};
use crate::resource::ResourceDescriptor;

const ACTION: &[u8] = b"the action";

fn tree(bytes: &[u8]) -> Tree {
    let mut tree = Tree::default();
    let file = Entry::File {
        content: Fingerprint::of(bytes),
        executable: false,
    };
    tree.insert("one".parse().unwrap(), file).unwrap();
    tree
}

/// A bundle by that key: that action came to that tree in run `q16t2x`.
fn bundle(action: &[u8], outputs: &Tree, signer: u8) -> Vec<u8> {
    let mut provenance = provenance();
    let action = Digest::sha256(action).to_hex();
    let named = ("action".to_owned(), action.as_str().into());
    provenance.internal_parameters.extend([named]);
    provenance.metadata.invocation_id = Some("urn:zwieback:run:q16t2x".to_owned());
    let mut whole = ResourceDescriptor::named(OUTPUTS, &Fingerprint::of(b""));
    whole.digest = zwieback_model::digest_set::DigestSet::sha256(outputs.digest());
    provenance.byproducts.push(whole);
    let subject = ResourceDescriptor::named("one", &Fingerprint::of(b"one"));
    let payload = provenance.into_statement(vec![subject]).to_bytes();
    Forgery::new(String::from_utf8(payload).unwrap(), signer)
        .text()
        .into_bytes()
}

fn entry(outputs: &Tree, bundle: &[u8]) -> ActionResult {
    ActionResult {
        action: Digest::sha256(ACTION),
        outputs: outputs.digest(),
        files: 1,
        bundle: Fingerprint::of(bundle),
        run: "q16t2x".to_owned(),
    }
}

fn ask(result: &ActionResult, outputs: &Tree, bundle: &[u8]) -> Result<(), NotUsable> {
    let asked = Asked {
        action: Digest::sha256(ACTION),
        key: &public(1),
        builders: &[BUILDER],
    };
    check(result, outputs, bundle, &asked)
}

#[test]
fn a_result_is_used_whole_or_not_at_all() {
    let outputs = tree(b"one");
    let honest = bundle(ACTION, &outputs, 1);
    let result = entry(&outputs, &honest);
    assert_eq!(ask(&result, &outputs, &honest), Ok(()));
    let mixed = |what| Err(NotUsable::Mixed(what));
    let with = |change: &dyn Fn(&mut ActionResult)| {
        let mut result = entry(&outputs, &honest);
        change(&mut result);
        result
    };
    let other = with(&|it| it.action = Digest::sha256(b"another"));
    assert_eq!(ask(&other, &outputs, &honest), mixed("record"));
    let more = with(&|it| it.files = 2);
    assert_eq!(ask(&more, &outputs, &honest), mixed("record"));
    let run = with(&|it| it.run = "000000".to_owned());
    assert_eq!(ask(&run, &outputs, &honest), mixed("run"));
    // The entry names other outputs, which are in the store.
    let elsewhere = tree(b"two");
    let edited = with(&|it| it.outputs = elsewhere.digest());
    assert_eq!(ask(&edited, &outputs, &honest), mixed("outputs"));
    assert_eq!(ask(&edited, &elsewhere, &honest), mixed("bundle"));
    // The entry names the bundle of another action, by the right key.
    let of_another = bundle(b"another", &outputs, 1);
    let edited = entry(&outputs, &of_another);
    assert_eq!(ask(&edited, &outputs, &of_another), mixed("bundle"));
    assert_eq!(ask(&result, &outputs, &of_another), mixed("bundle"));
}

#[test]
fn another_keys_bundle_is_not_handed_out() {
    let outputs = tree(b"one");
    let theirs = bundle(ACTION, &outputs, 2);
    let asked = public(1).id().short();
    let refused = ask(&entry(&outputs, &theirs), &outputs, &theirs);
    assert_eq!(refused, Err(NotUsable::OtherKey { asked }));
    let text = String::from_utf8(bundle(ACTION, &outputs, 1)).unwrap();
    let signature = text.split("\"sig\":\"").nth(1).unwrap();
    let piece = &signature[20..40];
    let other: String = piece.chars().rev().collect();
    let forged = edit(&text, piece, &other);
    let refused = ask(
        &entry(&outputs, forged.as_bytes()),
        &outputs,
        forged.as_bytes(),
    );
    assert!(matches!(refused, Err(NotUsable::Bundle(_))), "{refused:?}");
}

#[test]
fn another_mode_of_the_builder_is_another_builder() {
    let outputs = tree(b"one");
    let honest = bundle(ACTION, &outputs, 1);
    let asked = Asked {
        action: Digest::sha256(ACTION),
        key: &public(1),
        builders: &["https://zwieback.example/builder/sandbox/v1"],
    };
    let refused = check(&entry(&outputs, &honest), &outputs, &honest, &asked);
    assert_eq!(refused, Err(NotUsable::OtherBuilder(BUILDER.to_owned())));
}

#[test]
fn an_entry_that_does_not_read_is_none() {
    for entry in [&b""[..], b"{}", b"[]", b"\xff"] {
        assert_eq!(read(entry), Err(NotUsable::Unreadable));
    }
}
