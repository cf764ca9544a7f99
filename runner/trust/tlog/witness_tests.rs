//! Witnesses that count, and all the ways in which they do not.

use ed25519_dalek::{Signer as _, SigningKey};
use zwieback_model::digest::Digest;

use super::*;
use crate::tlog::note_key::NoteName;
use crate::tlog::proof::TreeHead;
use crate::tlog::view::Expectation;

const NOW: i64 = 1_780_000_000;

fn secret(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn key(number: u8, name: &str, kind: NoteKind) -> NoteKey {
    let kind_byte = [kind as u8];
    let public = secret(number).verifying_key();
    let bytes = [&kind_byte[..], public.as_bytes()].concat();
    let name: NoteName = name.parse().unwrap();
    let id = sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix(
        [name.as_str().as_bytes(), b"\n", &bytes].concat(),
    ));
    let id = u32::from_be_bytes(id[..4].try_into().unwrap());
    let text = format!("{name}+{id:08x}+{}", zwieback_model::base64::encode(&bytes));
    text.parse().unwrap()
}

fn witness(number: u8) -> NoteKey {
    key(number, &format!("w{number}.example"), NoteKind::Witness)
}

fn note() -> Note {
    let log = key(1, "log.example", NoteKind::Log);
    let checkpoint = Checkpoint {
        origin: log.name().clone(),
        head: TreeHead {
            size: 5,
            root: Digest::sha256(b"root"),
        },
    };
    let signature = secret(1).sign(checkpoint.to_text().as_bytes());
    checkpoint.signed(&log, signature.to_bytes().to_vec())
}

fn cosign(note: &mut Note, number: u8, signer: u8, ago: i64) {
    let time = Timestamp::from_unix(NOW - ago).unwrap();
    let signature = secret(signer).sign(&cosignature::message(note, time));
    cosignature::add(note, &witness(number), time, &signature.to_bytes());
}

fn policy(quorum: &str) -> WitnessPolicy {
    let log = key(1, "log.example", NoteKind::Log);
    let lines = [2, 3, 4].map(|it| format!("witness w{it} {}\n", witness(it)));
    let text = format!(
        "# a comment\nlog {log} https://log.example\n{}{quorum}",
        lines.concat()
    );
    WitnessPolicy::parse(&text).unwrap()
}

#[track_caller]
fn refused(policy: &WitnessPolicy, note: &Note, reason: Reason) {
    assert_eq!(policy.open(note).unwrap_err().reason, reason.into());
}

#[test]
fn a_quorum_is_of_different_witnesses() {
    let two = policy("group g 2 w2 w3 w4\nquorum g\n");
    let mut note = note();
    refused(&two, &note, Reason::WitnessQuorum);
    cosign(&mut note, 2, 2, 50);
    cosign(&mut note, 2, 2, 10);
    refused(&two, &note, Reason::WitnessQuorum);
    cosign(&mut note, 3, 4, 10);
    refused(&two, &note, Reason::WitnessQuorum);
    cosign(&mut note, 3, 3, 30);
    let reread = Note::parse(note.to_text().as_bytes()).unwrap();
    let (checkpoint, time) = two.open(&reread).unwrap();
    assert_eq!(checkpoint.head.size, 5);
    assert_eq!(time, Timestamp::from_unix(NOW - 30).ok());
}

#[test]
fn groups_of_groups() {
    let nested = policy("group a all w2 w3\ngroup b any a w4\nquorum b\n");
    let mut note = note();
    cosign(&mut note, 2, 2, 1);
    refused(&nested, &note, Reason::WitnessQuorum);
    cosign(&mut note, 4, 4, 1);
    assert!(nested.open(&note).is_ok());
}

#[test]
fn a_log_is_known_by_its_key() {
    let open = policy("quorum none\n");
    let note = note();
    assert!(open.open(&note).is_ok());
    let other = |number, name| WitnessPolicy::unwitnessed(key(number, name, NoteKind::Log));
    refused(&other(9, "log.example"), &note, Reason::LogKeyUnknown);
    refused(&other(1, "other.example"), &note, Reason::LogKeyUnknown);
    let forged = note.to_text().replacen("\n5\n", "\n6\n", 1);
    let forged = Note::parse(forged.as_bytes()).unwrap();
    refused(&open, &forged, Reason::LogSignature);
}

#[test]
fn what_was_seen_stays() {
    let policy = policy("quorum w2\n");
    let mut note = note();
    cosign(&mut note, 2, 2, 100);
    let head = |size, text: &[u8]| TreeHead {
        size,
        root: Digest::sha256(text),
    };
    let verdict = |seen, max_age| {
        let expectation = Expectation {
            policy: &policy,
            seen,
            max_age,
            now: Timestamp::from_unix(NOW).unwrap(),
        };
        expectation.open(&note).map_err(|it| it.reason)
    };
    assert!(verdict(Some(head(5, b"root")), Some(100)).is_ok());
    assert_eq!(
        verdict(Some(head(6, b"root")), None),
        Err(Reason::LogRolledBack.into())
    );
    assert_eq!(
        verdict(Some(head(5, b"other")), None),
        Err(Reason::LogForked.into())
    );
    assert_eq!(verdict(None, Some(99)), Err(Reason::LogStale.into()));
}

#[test]
fn a_witness_from_a_time_ahead_says_nothing_about_now() {
    let policy = policy("quorum w2\n");
    for (ahead, fresh) in [(300, true), (301, false), (1_000_000_000, false)] {
        let mut note = note();
        cosign(&mut note, 2, 2, -ahead);
        let expectation = Expectation {
            policy: &policy,
            seen: None,
            max_age: Some(100),
            now: Timestamp::from_unix(NOW).unwrap(),
        };
        let opened = expectation.open(&note).map_err(|refusal| refusal.reason);
        let stale = Err(Reason::LogStale.into());
        assert_eq!(
            opened.map(drop),
            if fresh { Ok(()) } else { stale },
            "{ahead}"
        );
    }
}

#[test]
fn files_that_could_be_misread() {
    let (log, a) = (key(1, "log.example", NoteKind::Log), witness(2));
    let twin = key(2, "twin.example", NoteKind::Witness);
    for text in [
        String::new(),
        format!("log {log}\n"),
        format!("log {log}\nlog {log}\nquorum none\n"),
        format!("log {a}\nquorum none\n"),
        format!("witness a {log}\nquorum a\n"),
        format!("witness a {a}\nwitness b {twin}\nquorum a\n"),
        format!("witness a {a}\nquorum b\n"),
        format!("witness a {a}\nquorum a\nquorum a\n"),
        format!("witness none {a}\nquorum none\n"),
        format!("witness a {a}\ngroup g 0 a\nquorum g\n"),
        format!("witness a {a}\ngroup g 2 a\nquorum g\n"),
        format!("witness a {a}\ngroup g 2 a a\nquorum g\n"),
        format!("witness a {a}\ngroup g any\nquorum g\n"),
        format!("witness a {a}\ngroup g any g\nquorum g\n"),
        format!("witness a {a}\ngroup g any a\ngroup h any a\nquorum g\n"),
    ] {
        let refusal = WitnessPolicy::parse(&text).unwrap_err();
        assert_eq!(
            refusal.reason,
            Reason::WitnessPolicyMalformed.into(),
            "{text}"
        );
    }
}
