//! Trust roots: rotation, rollback, thresholds, and what revoked and retired keys are worth.

use p256::ecdsa::signature::Signer as _;

use super::*;
use crate::fixture::*;
use crate::root_chain::{open, root_file, root_pae, succeed};

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Key 1 speaks for the sandbox builder; keys 11 to 13 sign roots, two of them are enough.
fn root() -> TrustRoot {
    TrustRoot {
        version: 1,
        line: None,
        expires: time("2027-01-01T00:00:00Z"),
        quorum: Quorum {
            keys: vec![public(11), public(12), public(13)],
            threshold: 2,
        },
        builders: vec![BuilderKey {
            key: public(1),
            builder: BUILDER.into(),
            operator: "acme".into(),
            level: 2.try_into().unwrap(),
            from: None,
            until: None,
        }],
        verifiers: vec![],
        revoked: vec![],
        time_stampers: vec![vec![1, 2, 3]],
    }
}

fn signed(root: &TrustRoot, signers: &[u8]) -> Vec<u8> {
    let sign = |number: &u8| {
        let signature: p256::ecdsa::DerSignature = secret(*number).sign(&root_pae(root));
        (public(*number), signature.as_bytes().to_vec())
    };
    let signatures: Vec<_> = signers.iter().map(sign).collect();
    root_file(root, &signatures)
}

fn reason<T: std::fmt::Debug>(verdict: Result<T, Refusal>) -> Reason {
    verdict.unwrap_err().reason
}

#[test]
fn a_root_reads_back() {
    let mut root = root();
    let revocation = Revocation {
        from: Some(time(NOW)),
        reason: "lost".into(),
    };
    for name in [public(9).id().name(), public(8).id().former_name()] {
        root.revoked.push((name, revocation.clone()));
    }
    root.builders[0].until = Some(time(NOW));
    assert_eq!(open(&signed(&root, &[11, 13])), Ok(root));
}

#[test]
fn a_quorum_is_of_different_keys() {
    let root = root();
    for signers in [&[][..], &[11], &[11, 11], &[1, 2], &[11, 1]] {
        let file = signed(&root, signers);
        assert_eq!(reason(open(&file)), Reason::RootSignatures, "{signers:?}");
    }
}

/// A stranger's file decides neither how often its bytes are hashed nor for how many keys.
#[test]
fn signatures_and_keys_have_an_end() {
    let root = root();
    let text = String::from_utf8(signed(&root, &[11, 12])).unwrap();
    let with = |count: usize| {
        let unknown = "{\"keyid\":\"who\",\"sig\":\"AA==\"},".repeat(count);
        edit(
            &text,
            "\"signatures\":[",
            &format!("\"signatures\":[{unknown}"),
        )
    };
    // Those that name no key are tried, as long as there are not too many of them.
    assert_eq!(open(with(62).as_bytes()), Ok(root.clone()));
    let refusal = open(with(63).as_bytes()).unwrap_err();
    assert!(
        refusal.to_string().contains("more than 64 signatures"),
        "{refusal}"
    );
    let quorum = Quorum {
        keys: (1..=65).map(public).collect(),
        threshold: 1,
    };
    let refusal = TrustRoot::read(&TrustRoot { quorum, ..root }.to_bytes()).unwrap_err();
    assert_eq!(refusal.reason, Reason::RootThreshold);
    assert!(refusal.saw().contains("64 are the most"), "{refusal}");
}

/// Each bundle is held against all of them, and each revocation against each key.
#[test]
fn the_lists_of_a_root_have_an_end() {
    let refused = |root: TrustRoot| TrustRoot::read(&root.to_bytes()).unwrap_err().to_string();
    let mut many = root();
    many.builders = vec![many.builders[0].clone(); 4097];
    assert!(refused(many).contains("more than 4096 entries"));
    let mut many = root();
    many.time_stampers = vec![vec![1]; 65];
    assert!(refused(many).contains("more than 64 entries"));
}

#[test]
fn a_threshold_is_at_least_one_and_can_be_reached() {
    for (keys, threshold) in [
        (vec![11, 12], 0),
        (vec![11], 2),
        (vec![11, 11], 1),
        (vec![], 0),
    ] {
        let mut root = root();
        root.quorum = Quorum {
            keys: keys.iter().map(|number| public(*number)).collect(),
            threshold,
        };
        let file = signed(&root, &[11, 12]);
        assert_eq!(reason(open(&file)), Reason::RootThreshold, "{keys:?}");
    }
    let text = String::from_utf8(root().to_bytes()).unwrap();
    let negative = edit(&text, "\"threshold\":2", "\"threshold\":-1");
    let refusal = TrustRoot::read(negative.as_bytes()).unwrap_err();
    assert_eq!(refusal.reason, Reason::RootThreshold);
}

#[test]
fn the_chain_goes_forward_one_by_one() {
    let first = root();
    let next = |version| TrustRoot { version, ..root() };
    assert_eq!(succeed(&first, &signed(&next(2), &[11, 12])), Ok(next(2)));
    for (version, expected) in [
        (1, Reason::RootRollback),
        (0, Reason::RootRollback),
        (-1, Reason::RootRollback),
        (3, Reason::RootGap),
    ] {
        let file = signed(&next(version), &[11, 12]);
        assert_eq!(reason(succeed(&first, &file)), expected, "{version}");
    }
}

/// Of two lines by one keeper, too: what says that one root is older than another is its line.
#[test]
fn a_successor_is_of_the_line_that_it_continues() {
    let first = root();
    let continuing = |version, line| TrustRoot {
        version,
        line,
        ..root()
    };
    let (line, other) = (Some(first.line()), Some(Digest::sha256(b"another root")));
    let second = continuing(2, line);
    let third = continuing(3, line);
    assert_eq!(
        succeed(&first, &signed(&second, &[11, 12])),
        Ok(second.clone())
    );
    assert_eq!(
        succeed(&second, &signed(&third, &[11, 12])),
        Ok(third.clone())
    );
    assert_eq!(third.line(), first.line());
    for (before, version, line) in [
        (&first, 2, other),
        (&second, 3, other),
        (&second, 3, Some(Digest::sha256(&second.to_bytes()))),
        (&second, 3, None),
    ] {
        let file = signed(&continuing(version, line), &[11, 12]);
        assert_eq!(reason(succeed(before, &file)), Reason::RootLine, "{line:?}");
    }
}

/// Roots of earlier versions of this program say nothing of a line. The next one begins to, with the last of them.
#[test]
fn a_line_that_was_not_named_goes_on_and_is_named() {
    let unnamed = |version| TrustRoot { version, ..root() };
    assert!(succeed(&unnamed(1), &signed(&unnamed(2), &[11, 12])).is_ok());
    assert!(succeed(&unnamed(2), &signed(&unnamed(3), &[11, 12])).is_ok());
    let next = crate::root_change::renew(&unnamed(3), time(NOW));
    assert_eq!(next.line, Some(Digest::sha256(&unnamed(3).to_bytes())));
    assert!(succeed(&unnamed(3), &signed(&next, &[11, 12])).is_ok());
}

#[test]
fn a_line_is_a_digest_and_no_first_root_continues_one() {
    let line = root().line();
    let text = String::from_utf8(root().to_bytes()).unwrap();
    for (version, line) in [
        ("1", line.to_hex()),
        ("0", line.to_hex()),
        ("2", "x".into()),
        ("2", line.to_hex().to_uppercase()),
    ] {
        let named = format!("\"line\":\"{line}\",\"quorum\"");
        let text = edit(&text, "\"quorum\"", &named);
        let text = text.replace("\"version\":1", &format!("\"version\":{version}"));
        let refusal = TrustRoot::read(text.as_bytes()).unwrap_err();
        assert_eq!(refusal.reason, Reason::FieldMalformed, "{named}");
    }
}

#[test]
fn a_new_quorum_needs_the_old_one_and_itself() {
    let mut next = root();
    next.version = 2;
    next.quorum.keys = vec![public(21), public(22)];
    assert!(succeed(&root(), &signed(&next, &[11, 12, 21, 22])).is_ok());
    for signers in [&[21, 22][..], &[11, 12], &[11, 21, 22], &[11, 12, 21]] {
        let verdict = succeed(&root(), &signed(&next, signers));
        assert_eq!(reason(verdict), Reason::RootSignatures, "{signers:?}");
    }
}

#[test]
fn other_documents_are_no_roots() {
    let statement = honest().text();
    assert_eq!(reason(open(statement.as_bytes())), Reason::FieldMalformed);
    let text = String::from_utf8(root().to_bytes()).unwrap();
    for (from, to, expected) in [
        ("trust-root/v1", "trust-root/v2", Reason::FieldMalformed),
        (
            "\"quorum\"",
            "\"colour\":1,\"quorum\"",
            Reason::FieldMalformed,
        ),
        ("\"level\":2", "\"level\":4", Reason::FieldMalformed),
        (
            "\"level\":2",
            "\"level\":2,\"level\":3",
            Reason::JsonDuplicateName,
        ),
        ("\"expires\"", "\"x\":1,\"expires\"", Reason::FieldMalformed),
    ] {
        let edited = edit(&text, from, to);
        assert_eq!(reason(TrustRoot::read(edited.as_bytes())), expected, "{to}");
    }
}

/// What key 1 may vouch for in June, with a trusted time in that month, after a change of the root.
fn ask(change: impl Fn(&mut TrustRoot), stamped: Option<&str>) -> Result<u8, Reason> {
    let mut root = root();
    change(&mut root);
    let time = SigningTime {
        now: time(NOW),
        stamped: stamped.map(month),
    };
    root.entry(public(1).id(), BUILDER, time)
        .map(|entry| entry.level.into())
        .map_err(|refusal| refusal.reason)
}

fn month(number: &str) -> Timestamp {
    time(&format!("2026-{number}-01T00:00:00Z"))
}

fn revoke(root: &mut TrustRoot, from: Option<Timestamp>) {
    let reason = "stolen".to_owned();
    let revocation = Revocation { from, reason };
    root.revoked.push((public(1).id().name(), revocation));
}

#[test]
fn a_key_speaks_for_its_builder_alone() {
    assert_eq!(ask(|_| (), None), Ok(2));
    let root = root();
    let time = SigningTime {
        now: time(NOW),
        stamped: None,
    };
    let development = "https://zwieback.example/builders/unsandboxed/v1";
    for (key, builder) in [(1, development), (2, BUILDER), (1, "")] {
        let refusal = root.entry(public(key).id(), builder, time).unwrap_err();
        assert_eq!(refusal.reason, Reason::BuilderUntrusted, "{key} {builder}");
    }
}

#[test]
fn a_retired_key_needs_trusted_time() {
    let retired = |root: &mut TrustRoot| root.builders[0].until = Some(month("05"));
    assert_eq!(ask(retired, Some("04")), Ok(2));
    for stamped in [None, Some("05"), Some("06")] {
        assert_eq!(
            ask(retired, stamped),
            Err(Reason::KeyRetired),
            "{stamped:?}"
        );
    }
    let future = |root: &mut TrustRoot| root.builders[0].from = Some(month("08"));
    assert_eq!(ask(future, None), Err(Reason::KeyNotYetValid));
    let expired = |root: &mut TrustRoot| root.expires = month("05");
    assert_eq!(ask(expired, Some("04")), Err(Reason::RootExpired));
}

#[test]
fn a_revoked_key_is_believed_about_the_past_at_most() {
    let lost = |root: &mut TrustRoot| revoke(root, Some(month("05")));
    assert_eq!(ask(lost, Some("04")), Ok(2));
    for stamped in [None, Some("05"), Some("06")] {
        assert_eq!(ask(lost, stamped), Err(Reason::KeyRevoked), "{stamped:?}");
    }
    let burnt = |root: &mut TrustRoot| revoke(root, None);
    assert_eq!(ask(burnt, Some("04")), Err(Reason::KeyRevoked));
}

#[test]
fn a_key_is_revoked_by_whichever_name_and_by_the_strictest_word() {
    let key = public(1).id();
    let revocation = |from| Revocation {
        from,
        reason: "stolen".into(),
    };
    for (first, second) in [
        (key.name(), key.former_name()),
        (key.former_name(), key.name()),
    ] {
        let by_name = |root: &mut TrustRoot| root.revoked.push((first, revocation(None)));
        assert_eq!(ask(by_name, None), Err(Reason::KeyRevoked), "{first}");
        // The looser word, after the stricter one or before it, under another name or the same.
        for (one, other) in [(first, second), (second, first), (first, first)] {
            for (from, until) in [(None, Some(month("08"))), (Some(month("08")), None)] {
                let twice = |root: &mut TrustRoot| {
                    root.revoked.push((one, revocation(from)));
                    root.revoked.push((other, revocation(until)));
                };
                assert_eq!(ask(twice, Some("04")), Err(Reason::KeyRevoked), "{one}");
                let mut root = root();
                twice(&mut root);
                let read = open(&signed(&root, &[11, 12])).unwrap();
                assert_eq!(read.revocations(key).count(), 2);
            }
        }
    }
}

#[test]
fn a_revoked_verifier_is_silent() {
    let mut root = root();
    let verifier = |number: u8| VerifierKey {
        key: public(number),
        verifier: "https://zwieback.example/verifiers/gate".into(),
    };
    root.verifiers = vec![verifier(1), verifier(2)];
    assert_eq!(
        open(&signed(&root, &[11, 12])).unwrap().verifiers,
        root.verifiers
    );
    revoke(&mut root, Some(month("08")));
    assert_eq!(root.verifiers(month("06")).unwrap(), [verifier(2)]);
    assert_eq!(reason(root.verifiers(root.expires)), Reason::RootExpired);
}
