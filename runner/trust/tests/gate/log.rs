//! Logs on the disk: batches of all sizes, proofs, witnesses, and foreign readers' formats.

use zwieback_core::attest::bundle::Bundle;
use zwieback_core::attest::public_key::Algorithm;
use zwieback_host::keys::private_key::PrivateKey;
use zwieback_host::keys::signer::Signer as _;
use zwieback_trust::log::append::Submission;
use zwieback_trust::log::monitor::Memory;
use zwieback_trust::log::witness::Witness;
use zwieback_trust::tlog::logged;
use zwieback_trust::tlog::node;
use zwieback_trust::tlog::note_key::{NoteKey, NoteKind};
use zwieback_trust::tlog::proof_file::LogProof;
use zwieback_trust::tlog::view::Expectation;
use zwieback_trust::tlog::witness_policy::WitnessPolicy;

use crate::world::World;

fn expectation<'a>(world: &World, policy: &'a WitnessPolicy) -> Expectation<'a> {
    Expectation {
        policy,
        seen: None,
        max_age: None,
        now: world.now,
    }
}

fn submission(world: &World, version: &str) -> Submission {
    let (bundle, key) = world.provenance("acme", version);
    Submission::new(&bundle, &key).unwrap()
}

#[test]
fn batches_of_all_sizes_across_tiles() {
    let world = World::new();
    let log = &world.ledger.log;
    let mut size = log.checkpoint().unwrap().head.size;
    let one = submission(&world, "1");
    for batch in [1, 0, 2, 250, 1, 1, 255, 256, 3, 600] {
        let appended = log
            .append(&vec![one.clone(); batch], &world.log_key)
            .unwrap();
        assert_eq!(
            (appended.first, appended.head.size),
            (size, size + batch as u64)
        );
        size = appended.head.size;
        let expected = expectation(&world, &world.ledger.witnesses);
        let (checkpoint, entries) = log.entries(&expected).unwrap();
        assert_eq!(entries.map(Result::unwrap).count() as u64, size);
        assert_eq!(checkpoint.head, appended.head);
    }
    log.verify(&expectation(&world, &world.ledger.witnesses))
        .unwrap();
    let partials = walk(&world.home.join("log/tile")).into_iter();
    let partials: Vec<_> = partials.filter(|it| it.contains(".p/")).collect();
    let last = size % 256;
    assert!(
        partials
            .iter()
            .any(|it| it.ends_with(&format!("005.p/{last}"))),
        "{partials:?}"
    );
    assert!(
        !partials.iter().any(|it| it.contains("tile/0/004.p")),
        "{partials:?}"
    );
}

fn walk(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else {
            found.push(path.to_str().unwrap().to_owned());
        }
    }
    found
}

#[test]
fn every_entry_can_be_proved_offline() {
    let world = World::new();
    let log = &world.ledger.log;
    let batch: Vec<_> = (0..20)
        .map(|it| submission(&world, &it.to_string()))
        .collect();
    log.append(&batch, &world.log_key).unwrap();
    let expected = expectation(&world, &world.ledger.witnesses);
    for index in 0..log.checkpoint().unwrap().head.size {
        let text = log.prove(index).unwrap().to_text();
        let proof = LogProof::parse(text.as_bytes()).unwrap();
        assert_eq!(proof.to_text(), text);
        let leaf = node::leaf(&log.entry(index, 22).unwrap().body);
        proof.verify(leaf, &expected).unwrap();
        let bundle = log.proven_bundle(index).unwrap().to_bytes();
        let bundle = Bundle::parse(&bundle).unwrap();
        assert_eq!(logged::verify(&bundle, &expected), Ok(index));
    }
    assert!(log.prove(22).is_err());
}

#[test]
fn witnesses_vouch_for_growth_alone() {
    let world = World::new();
    let log = &world.ledger.log;
    let signer = PrivateKey::generate(Algorithm::Ed25519).unwrap();
    let name = "w.example".parse().unwrap();
    let key = NoteKey::new(NoteKind::Witness, name, signer.public_key()).unwrap();
    let memory = Memory::new(world.home.join("witness"));
    let witness = Witness {
        key: &key,
        signer: &signer,
        memory: &memory,
        policy: &world.ledger.witnesses,
    };
    let text = format!("log {}\nwitness w {key}\nquorum w\n", log.key());
    let policy = WitnessPolicy::parse(&text).unwrap();
    let expected = expectation(&world, &policy);
    let refusal = log.verify(&expected).unwrap_err().to_string();
    assert!(refusal.contains("too few"), "{refusal}");
    log.witness(&witness, world.now).unwrap();
    log.verify(&expected).unwrap();
    log.append(&[submission(&world, "1")], &world.log_key)
        .unwrap();
    log.witness(&witness, world.now).unwrap();
    log.verify(&expected).unwrap();
    let fresh = log
        .monitor(&expected, &Memory::new(world.home.join("m")))
        .unwrap();
    assert_eq!(fresh.len(), 3);

    let old = log.note().unwrap();
    log.append(&[submission(&world, "2")], &world.log_key)
        .unwrap();
    log.witness(&witness, world.now).unwrap();
    let refusal = witness
        .cosign(&old, &[], world.now)
        .unwrap_err()
        .to_string();
    assert!(refusal.contains("fewer entries"), "{refusal}");
}

#[test]
fn a_log_is_never_overwritten_and_takes_no_other_key() {
    let world = World::new();
    let log = &world.ledger.log;
    let init = zwieback_trust::log::place::LogDir::init(
        log.path(),
        crate::world::ORIGIN.parse().unwrap(),
        &world.log_key,
        world.now,
    );
    assert!(init.unwrap_err().to_string().contains("already"));
    let other = PrivateKey::generate(Algorithm::Ed25519).unwrap();
    let size = log.checkpoint().unwrap().head.size;
    assert!(log.append(&[submission(&world, "1")], &other).is_err());
    assert!(
        log.append(&[submission(&world, "1")], &world.keys["ada"])
            .is_err()
    );
    assert_eq!(log.checkpoint().unwrap().head.size, size);
    log.append(&[submission(&world, "2")], &world.log_key)
        .unwrap();
    log.verify(&expectation(&world, &world.ledger.witnesses))
        .unwrap();
}
