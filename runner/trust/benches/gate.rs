//! Measures the log: `cargo bench -p zwieback-trust --bench gate [-- ENTRIES]` prints its figures.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::time::Instant;

use zwieback_core::attest::bundle::Bundle;
use zwieback_core::attest::digest_set::DigestSet;
use zwieback_core::attest::public_key::Algorithm;
use zwieback_core::attest::resource::ResourceDescriptor;
use zwieback_core::attest::statement::Statement;
use zwieback_core::digest::Digest;
use zwieback_core::json::value::Value;
use zwieback_core::timestamp::Timestamp;
use zwieback_host::keys::private_key::PrivateKey;
use zwieback_host::keys::signer::{Signer as _, seal};
use zwieback_trust::log::append::Submission;
use zwieback_trust::log::place::LogDir;
use zwieback_trust::tlog::node;

/// Entries in one batch.
const BATCH: u64 = 1024;
const PROOFS: u64 = 200;

fn main() {
    let mut numbers = std::env::args().filter_map(|it| it.parse::<u64>().ok());
    let entries = numbers.next().unwrap_or(20_480);
    let place = tempfile::tempdir().unwrap();
    let key = PrivateKey::generate(Algorithm::Ed25519).unwrap();
    let origin = "log.example/bench".parse().unwrap();
    let now = Timestamp::from_unix(1_780_000_000).unwrap();
    let log = LogDir::init(place.path(), origin, &key, now).unwrap();
    let bundle = bundle(&key);
    let one = Submission::new(&bundle, key.public_key()).unwrap();
    let batch = vec![one; usize::try_from(BATCH).unwrap()];
    let start = Instant::now();
    let batches = entries / BATCH;
    for _ in 0..batches {
        log.append(&batch, &key).unwrap();
    }
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = (batches * BATCH) as f64 / start.elapsed().as_secs_f64();
    println!("append    {rate:.0} entries/s in batches of {BATCH}, signatures checked before");
    prove(&log, batches * BATCH);
}

fn prove(log: &LogDir, size: u64) {
    let head = log.checkpoint().unwrap().head;
    let mut slowest = 0;
    let start = Instant::now();
    for number in 0..PROOFS {
        let index = number * 7919 % size;
        let one = Instant::now();
        let proof = log.prove(index).unwrap();
        slowest = slowest.max(one.elapsed().as_micros());
        if number == 0 {
            let leaf = node::leaf(&log.entry(index, size).unwrap().body);
            head.includes(leaf, &proof.inclusion).unwrap();
        }
    }
    let mean = start.elapsed().as_micros() / u128::from(PROOFS);
    println!("inclusion {mean} us mean, {slowest} us slowest, of {size} entries");
}

fn bundle(key: &PrivateKey) -> Bundle {
    let subject = DigestSet::sha256(Digest::sha256(b"subject"));
    let statement = Statement {
        subject: vec![ResourceDescriptor::named("subject", subject)],
        predicate_type: "https://zwieback.example/bench/v1".into(),
        predicate: Value::object([]),
    };
    seal(&statement, key).unwrap()
}
