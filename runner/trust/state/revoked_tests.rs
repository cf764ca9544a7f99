//! Revoked keys: which of their words still count, by when they were stamped.

use zwieback_attest::public_key::PublicKey;
use zwieback_model::digest::Digest;

use super::*;
use crate::state::folded::Anchor;
use crate::statement::heading::Heading;
use crate::statement::revocation::Revocation;
use crate::tlog::note_key::{NoteKey, NoteKind, NoteName};

const PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
    -----END PUBLIC KEY-----\n";

/// The key of RFC 8032, test 2.
const OTHER: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n\
    -----END PUBLIC KEY-----\n";

fn public_key() -> PublicKey {
    PublicKey::from_pem(PEM).unwrap()
}

fn other_key() -> PublicKey {
    PublicKey::from_pem(OTHER).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(1_780_000_000 + seconds).unwrap()
}

fn revocation(from: Option<i64>) -> RevocationRecord {
    RevocationRecord {
        index: 7,
        by: "sam".parse().unwrap(),
        key: other_key().id(),
        stamps: <_>::default(),
        alone: true,
        keeper: false,
        ends_vote: false,
        revocation: Revocation {
            heading: Heading {
                log: "log.example".parse().unwrap(),
                log_id: None,
                issued: at(0),
            },
            revoked: Revoked::Key(public_key().id().name()),
            from: from.map(at),
            reason: format!("from {from:?}"),
        },
    }
}

fn state(revocations: Vec<RevocationRecord>) -> State {
    let name: NoteName = "log.example".parse().unwrap();
    let key = NoteKey::new(NoteKind::Log, name.clone(), &public_key()).unwrap();
    let policy = Digest::sha256(b"policy");
    State {
        revocations,
        ..State::new(
            Anchor {
                log: name,
                key,
                policy,
            },
            at(0),
        )
    }
}

#[test]
fn what_a_key_said_before_it_was_revoked_counts_by_trusted_time_alone() {
    let key = public_key().id();
    for (from, stamped, counts) in [
        (None, None, false),
        (None, Some(-1_000_000), false),
        (Some(0), None, false),
        (Some(0), Some(-1), true),
        (Some(0), Some(0), false),
        (Some(0), Some(1), false),
    ] {
        let state = state(vec![revocation(from)]);
        let revoked = state.key_revoked(key, stamped.map(at));
        assert_eq!(
            revoked.is_none(),
            counts,
            "from {from:?}, stamped {stamped:?}"
        );
        let other = other_key().id();
        assert!(state.key_revoked(other, stamped.map(at)).is_none());
    }
    // The second revocation takes back more than the first.
    let both = state(vec![revocation(Some(10)), revocation(Some(0))]);
    assert!(both.key_revoked(key, Some(at(5))).is_some());
    assert!(both.key_revoked(key, Some(at(-1))).is_none());
}
