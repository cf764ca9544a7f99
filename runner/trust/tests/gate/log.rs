//! Logs on the disk: batches of all sizes, proofs, witnesses, and foreign readers' formats.

use zwieback_attest::bundle::Bundle;
use zwieback_attest::public_key::Algorithm;
use zwieback_host::keys::private_key::PrivateKey;
use zwieback_host::keys::signer::Signer as _;
use zwieback_trust::log::append::Submission;
use zwieback_trust::log::memory::Memory;
use zwieback_trust::log::witness::Witness;
use zwieback_trust::tlog::logged;
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
    let mut size = world.size();
    let one = submission(&world, "1");
    for batch in [1, 0, 2, 250, 1, 1, 255, 256, 3, 600] {
        let appended = world.append(&vec![one.clone(); batch]).unwrap();
        assert_eq!(
            (appended.first, appended.head.size),
            (size, size + batch as u64)
        );
        size = appended.head.size;
        let log = world.ledger.believe(world.now).unwrap();
        let entries = log.entries().map(Result::unwrap);
        assert_eq!(entries.count() as u64, size);
        assert_eq!(log.head(), appended.head);
    }
    let log = world.ledger.believe(world.now).unwrap();
    log.verify().unwrap();
    let partials = walk(&world.home.join("log/tile")).into_iter();
    let partials: Vec<_> = partials.filter(|partial| partial.contains(".p/")).collect();
    let last = size % 256;
    assert!(
        partials
            .iter()
            .any(|partial| partial.ends_with(&format!("005.p/{last}"))),
        "{partials:?}"
    );
    assert!(
        !partials
            .iter()
            .any(|partial| partial.contains("tile/0/004.p")),
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
    let batch: Vec<_> = (0..20)
        .map(|it| submission(&world, &it.to_string()))
        .collect();
    world.append(&batch).unwrap();
    let expected = expectation(&world, &world.ledger.witnesses);
    let log = world.ledger.believe(world.now).unwrap();
    for index in 0..log.head().size {
        let text = log.prove(index).unwrap().to_text();
        let proof = LogProof::parse(text.as_bytes()).unwrap();
        assert_eq!(proof.to_text(), text);
        let leaf = log.record(index).unwrap().leaf();
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
    let seen = Memory::new(world.home.join("reader"));
    let believe = || log.believe(&expected, &seen);
    let refusal = believe().unwrap_err().to_string();
    assert!(refusal.contains("too few"), "{refusal}");
    log.witness(&witness, &seen, || world.now).unwrap();
    believe().unwrap().verify().unwrap();
    world.append(&[submission(&world, "1")]).unwrap();
    log.witness(&witness, &seen, || world.now).unwrap();
    let whole = believe().unwrap();
    whole.verify().unwrap();
    let position = Memory::new(world.home.join("m"));
    assert_eq!(whole.monitor(&policy, &position, drop).unwrap().len(), 3);
    assert_eq!(whole.monitor(&policy, &position, drop).unwrap().len(), 0);

    let old = whole.note().clone();
    world.append(&[submission(&world, "2")]).unwrap();
    log.witness(&witness, &seen, || world.now).unwrap();
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
    let size = world.size();
    let signed_by = |key: &PrivateKey| {
        let batch = [submission(&world, "1")];
        log.append(&batch, key, &world.ledger.seen, world.now)
    };
    assert!(signed_by(&other).is_err());
    assert!(signed_by(&world.keys["ada"]).is_err());
    assert_eq!(world.size(), size);
    signed_by(&world.log_key).unwrap();
    world.ledger.believe(world.now).unwrap().verify().unwrap();
}
