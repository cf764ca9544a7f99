//! The tamper corpus: every known way to deceive a verifier, and the reason it is refused for.

use proptest::prelude::*;
use zwieback_model::base64;
use zwieback_model::digest::Fingerprint;
use zwieback_model::json::value::Value;

use super::*;
use crate::fixture::*;
use crate::public_key::PublicKey;
use crate::resource::LARGEST_CONTENT;

#[test]
fn an_honest_bundle_is_accepted() {
    let verified = decide(honest().text()).unwrap();
    assert_eq!(verified.key(), public(1).id());
    assert_eq!(verified.level(), BuildLevel::L1);
    assert_eq!(verified.subjects(), ["lib/a"]);
    assert_eq!(verified.provenance(), &provenance());
}

/// The whole payload is hashed for each key that is tried: of a stranger's thousands a few are.
#[test]
fn a_bundle_that_names_no_key_is_held_against_a_few() {
    let named = Bundle::parse(honest().text().as_bytes()).unwrap();
    let nameless = Forgery {
        hint: String::new(),
        key_id: String::new(),
        ..honest()
    };
    let nameless = Bundle::parse(nameless.text().as_bytes()).unwrap();
    let others: Vec<PublicKey> = (2..=65).map(public).collect();
    let own = public(1);
    let last: Vec<&PublicKey> = others.iter().chain([&own]).collect();
    assert!(VerifiedEnvelope::of(&named, &last).is_ok());
    let refused = VerifiedEnvelope::of(&nameless, &last).map(|_| ());
    assert_eq!(refused.unwrap_err().reason, Reason::KeyUnknown);
    assert!(VerifiedEnvelope::of(&nameless, &last[1..]).is_ok());
}

#[test]
fn artifacts() {
    let bundle = honest().text();
    let decide = |name, bytes: &[u8]| decide_for(&bundle, &[artifact(name, bytes)]);
    assert!(
        decide("renamed", b"lib/a").is_ok(),
        "a name identifies nothing"
    );
    for (name, bytes, expected) in [
        ("a", &b"lib/A"[..], Reason::ArtifactChanged),
        ("a", b"lib/", Reason::ArtifactChanged),
        ("a", b"lib/aa", Reason::ArtifactChanged),
        ("c", b"lib/c", Reason::ArtifactUnknown),
        ("out/b", b"lib/a", Reason::ArtifactSwapped),
    ] {
        assert_refused(decide(name, bytes), expected, name);
    }
    let none = decide_for(&bundle, &[]);
    assert_refused(none, Reason::ArtifactMissing, "nothing to verify");
    let both = [artifact("a", b"lib/a"), artifact("b", b"other")];
    assert_refused(
        decide_for(&bundle, &both),
        Reason::ArtifactChanged,
        "the second file",
    );
}

#[test]
fn signatures_and_keys() {
    let honest = honest();
    let attacker = Forgery::new(honest.payload.clone(), 2);
    let by_trusted_name = Forgery {
        hint: honest.hint.clone(),
        key_id: honest.hint.clone(),
        ..attacker.clone()
    };
    let edited = honest.payload.replace("hermetic", "hermetiC");
    let edited = Forgery::new(edited, 1).with_signature(&base64::encode(&honest.signature()));
    let signature = honest.signature();
    let raw = p256::ecdsa::Signature::from_der(&signature)
        .unwrap()
        .to_bytes();
    let with = |bytes: &[u8]| honest.with_signature(&base64::encode(bytes));
    let typed = |kind: &str| Forgery {
        payload_type: kind.into(),
        ..honest.clone()
    };
    let moved = typed("text/plain").with_signature(&base64::encode(&signature));
    for (what, bundle, expected) in [
        (
            "a key that is not trusted",
            attacker.text(),
            Reason::KeyUnknown,
        ),
        (
            "a trusted name on it",
            by_trusted_name.text(),
            Reason::SignatureMismatch,
        ),
        ("the payload edited", edited, Reason::SignatureMismatch),
        ("the payload type changed", moved, Reason::SignatureMismatch),
        (
            "another type signed",
            typed("text/plain").text(),
            Reason::PayloadType,
        ),
        ("raw r and s", with(&raw), Reason::SignatureMalformed),
        (
            "junk after the DER",
            with(&[&signature[..], b"\0"].concat()),
            Reason::SignatureMalformed,
        ),
        (
            "half a signature",
            with(&signature[..40]),
            Reason::SignatureMalformed,
        ),
        (
            "r and s zero",
            with(b"0\x06\x02\x01\0\x02\x01\0"),
            Reason::SignatureMismatch,
        ),
    ] {
        assert_refused(decide(bundle), expected, what);
    }
}

#[test]
fn what_names_a_key_decides_nothing() {
    let nameless = Forgery {
        key_id: String::new(),
        ..honest()
    };
    assert!(decide(nameless.text()).is_ok(), "an empty keyid");
    let no_hint = Forgery {
        hint: String::new(),
        ..nameless
    };
    assert!(decide(no_hint.text()).is_ok(), "an empty hint");
    let other = Forgery {
        key_id: "other".into(),
        ..honest()
    };
    assert_refused(decide(other.text()), Reason::HintMismatch, "two names");
}

#[test]
fn a_bundle_with_the_former_name_of_its_key_is_as_good() {
    let former = |signer: u8, named: u8| {
        let name = public(named).id().former_name().to_string();
        Forgery {
            hint: name.clone(),
            key_id: name,
            ..Forgery::new(payload(&provenance()), signer)
        }
    };
    let verified = decide(former(1, 1).text()).unwrap();
    assert_eq!(verified.key(), public(1).id());
    let by_another = decide(former(2, 1).text());
    assert_refused(by_another, Reason::SignatureMismatch, "of another key");
    let unknown = decide(former(2, 2).text());
    assert_refused(unknown, Reason::KeyUnknown, "of a key nobody trusts");
}

#[test]
fn signatures_are_exactly_one() {
    let honest = honest().text();
    let signature = &honest[honest.find("{\"keyid\"").unwrap()..honest.len() - 3];
    let renamed = signature.replacen("\"keyid\":\"", "\"keyid\":\"x", 1);
    for (what, signatures) in [
        ("none", String::new()),
        ("one twice", format!("{signature},{signature}")),
        ("one key under two names", format!("{signature},{renamed}")),
    ] {
        let bundle = edit(&honest, signature, &signatures);
        assert_refused(decide(bundle), Reason::SignatureCount, what);
    }
}

#[test]
fn an_older_spelling_of_the_version_is_taken() {
    let older = "application/vnd.dev.sigstore.bundle+json;version=0.3";
    let honest = honest().text();
    assert!(decide(edit(&honest, crate::bundle::MEDIA_TYPE, older)).is_ok());
    for other in ["0.2", "0.1", "0.3.1", "0.4"] {
        let other = older.replace("0.3", other);
        let bundle = edit(&honest, crate::bundle::MEDIA_TYPE, &other);
        assert_refused(decide(bundle), Reason::BundleMediaType, &other);
    }
}

#[test]
fn forms_of_a_bundle() {
    let honest = honest().text();
    let second = "\"messageSignature\":{},\"dsseEnvelope\"";
    let certificate = "\"certificate\":{\"rawBytes\"";
    let payload = "\"payload\":\"";
    for (from, to, expected) in [
        ("v0.3", "v0.4", Reason::BundleMediaType),
        ("\"dsseEnvelope\"", second, Reason::BundleAmbiguous),
        (
            "\"publicKey\":{\"hint\"",
            certificate,
            Reason::BundleUnsupported,
        ),
        ("\"dsseEnvelope\"", "\"envelope\"", Reason::FieldMalformed),
        (payload, "\"payload\":\"A", Reason::Base64Malformed),
        (payload, "\"payload\":\" ", Reason::Base64Malformed),
        (
            "\"mediaType\":",
            "\"mediaType\":\"\",\"mediaType\":",
            Reason::JsonDuplicateName,
        ),
        (
            "\"keyid\"",
            "\"keyid\":\"\",\"keyid\"",
            Reason::JsonDuplicateName,
        ),
        (
            "\"mediaType\":",
            "\"x\":NaN,\"mediaType\":",
            Reason::JsonMalformed,
        ),
        (
            "\"mediaType\":",
            "\"\\ud800\":1,\"mediaType\":",
            Reason::JsonMalformed,
        ),
    ] {
        assert_refused(decide(edit(&honest, from, to)), expected, to);
    }
}

#[test]
fn texts_that_are_no_bundle() {
    let honest = honest().text();
    for (what, text, expected) in [
        (
            "trailing bytes",
            format!("{honest}x"),
            Reason::JsonTrailingData,
        ),
        ("two documents", honest.repeat(2), Reason::JsonTrailingData),
        (
            "a byte order mark",
            format!("\u{feff}{honest}"),
            Reason::JsonMalformed,
        ),
        ("depth 10 000", "[".repeat(10_000), Reason::JsonTooDeep),
        ("100 MB", " ".repeat(100_000_000), Reason::JsonTooLarge),
        ("an empty file", String::new(), Reason::JsonMalformed),
        ("an array", "[]".into(), Reason::FieldMalformed),
    ] {
        assert_refused(decide(text), expected, what);
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[test]
fn either_base64_alphabet_but_no_stray_bits() {
    let honest = honest();
    let standard = base64::encode(&honest.signature());
    let url_safe = standard.replace('+', "-").replace('/', "_");
    assert!(decide(honest.with_signature(&url_safe)).is_ok());
    assert!(decide(honest.with_signature(standard.trim_end_matches('='))).is_ok());
    // With one or two bytes beyond a multiple of three, the last character has bits to spare.
    let payloads = (0..3).map(|blanks| honest.payload.clone() + &" ".repeat(blanks));
    let refused = payloads.filter(|payload| {
        let bundle = Forgery::new(payload.as_str(), 1).text();
        let text = base64::encode(payload.as_bytes());
        let digits = text.trim_end_matches('=');
        let (rest, last) = digits.split_at(digits.len() - 1);
        // The lowest bit flips, and the digit stays one of the alphabet.
        let next = char::from(
            DIGITS[DIGITS
                .iter()
                .position(|it| [*it] == last.as_bytes())
                .unwrap()
                ^ 1],
        );
        let stray = text.replace(digits, &format!("{rest}{next}"));
        let verdict = decide(edit(&bundle, &text, &stray));
        verdict.is_err_and(|refusal| refusal.reason == Reason::Base64Malformed)
    });
    assert_eq!(refused.count(), 2);
}

#[test]
fn statements() {
    let honest = payload(&provenance());
    let provenance = "slsa.dev/provenance/v1";
    for (from, to, expected) in [
        ("Statement/v1", "Statement/v0.1", Reason::StatementType),
        ("\"subject\"", "\"object\"", Reason::SubjectMissing),
        (
            "\"subject\":",
            "\"subject\":null,\"x\":",
            Reason::SubjectMissing,
        ),
        (
            "\"subject\":[",
            "\"subject\":[null,",
            Reason::FieldMalformed,
        ),
        (
            "\"predicate\":{",
            "\"predicate\":\"\",\"x\":{",
            Reason::FieldMalformed,
        ),
        (
            "\"_type\"",
            "\"_type\":\"\",\"_type\"",
            Reason::JsonDuplicateName,
        ),
        (
            provenance,
            "slsa.dev/verification_summary/v1",
            Reason::PredicateType,
        ),
        (
            provenance,
            "slsa.dev/provenance/v0.2",
            Reason::PredicateType,
        ),
        ("\"lib/a\"", "\"../../a\"", Reason::NameUnsafe),
        ("\"lib/a\"", "\"/etc/a\"", Reason::NameUnsafe),
        ("\"lib/a\"", "\"\\u001b[2Ja\"", Reason::NameUnsafe),
        ("\"lib/a\"", "\"\u{202e}a\"", Reason::NameUnsafe),
        ("\"lib/a\"", "\"a\u{200b}\"", Reason::NameUnsafe),
    ] {
        let bundle = Forgery::new(edit(&honest, from, to), 1).text();
        assert_refused(decide(bundle), expected, to);
    }
    let trailing = Forgery::new(format!("{honest} {{}}"), 1).text();
    assert_refused(decide(trailing), Reason::JsonTrailingData, "trailing data");
}

#[test]
fn digests_of_subjects() {
    let honest = payload(&provenance());
    let digest = Fingerprint::of(b"lib/a").sha256.to_hex();
    let other = Fingerprint::of(b"x").sha256.to_hex();
    let weak = honest
        .replace("\"sha256\"", "\"sha1\"")
        .replace("\"blake3\"", "\"md5\"");
    let own = format!(",\"sha256\":\"{digest}\"");
    let sha1 = "1d12a8e28652218dcf3b54fafbd9e2612916323a";
    let wrong = format!(",\"sha1\":\"{sha1}\",\"sha256\":\"{other}\"");
    for (what, text, expected) in [
        ("weak ones alone", weak, Reason::SubjectWeakDigest),
        (
            "right blake3 and sha1, wrong sha256",
            edit(&honest, &own, &wrong),
            Reason::ArtifactChanged,
        ),
        (
            "right blake3, no sha256",
            edit(&honest, &own, ""),
            Reason::ArtifactChanged,
        ),
        (
            "upper case",
            edit(&honest, &digest, &digest.to_uppercase()),
            Reason::DigestMalformed,
        ),
        (
            "cut short",
            edit(&honest, &digest, &digest[..40]),
            Reason::DigestMalformed,
        ),
    ] {
        assert_refused(decide(Forgery::new(text, 1).text()), expected, what);
    }
}

#[test]
fn parameters() {
    let with = |change: fn(&mut Provenance)| {
        let mut provenance = provenance();
        change(&mut provenance);
        Forgery::new(payload(&provenance), 1).text()
    };
    let unknown = with(|it| it.external_parameters.insert("push".into(), true.into()));
    let swapped = with(|it| {
        let recipe = Value::object([("steps", Value::from(vec!["curl"]))]);
        it.external_parameters.insert("recipe".into(), recipe);
    });
    let missing = with(|it| drop(it.external_parameters.remove("recipe")));
    let foreign = with(|it| it.build_type = "https://example.com/other/v1".into());
    let unbound = with(|it| {
        let mut input = it.resolved_dependencies[0].clone();
        input.digest = <_>::default();
        it.resolved_dependencies.push(input);
    });
    let swollen = with(|it| {
        let input = &mut it.resolved_dependencies[0];
        input.content = Some(vec![0; LARGEST_CONTENT + 3]);
    });
    for (what, bundle, expected) in [
        ("64 KiB of content", swollen, Reason::FieldMalformed),
        (
            "a parameter nobody knows",
            unknown,
            Reason::ParameterUnknown,
        ),
        ("another recipe", swapped, Reason::ParameterMalformed),
        ("no recipe", missing, Reason::ParameterMalformed),
        ("another build type", foreign, Reason::BuildType),
        (
            "an input without digest",
            unbound,
            Reason::DependencyWithoutDigest,
        ),
    ] {
        assert_refused(decide(bundle), expected, what);
    }
}

#[test]
fn unknown_members_elsewhere_are_ignored() {
    let payload =
        payload(&provenance()).replacen("\"builder\":{", "\"x\":1,\"builder\":{\"y\":[],", 1);
    let bundle = Forgery::new(payload, 1)
        .text()
        .replacen('{', "{\"z\":null,", 1);
    assert!(decide(bundle).is_ok());
}

proptest! {
    #[test]
    fn a_changed_byte_is_never_accepted(at: prop::sample::Index, byte: u8) {
        let mut bundle = honest().text().into_bytes();
        let at = at.index(bundle.len());
        let before = std::mem::replace(&mut bundle[at], byte);
        // What is not signed can change without harm: the names of the key, and unknown members.
        if before != byte && let Ok(verified) = decide(&bundle) {
            prop_assert_eq!(verified.provenance(), &provenance());
            prop_assert_eq!(verified.subjects(), ["lib/a"]);
        }
    }

    #[test]
    fn signed_nonsense_is_read_or_refused(payload in "\\PC{0,40}|[\\[\\]{}:,\"a-z0-9]{0,60}") {
        drop(decide(Forgery::new(payload, 1).text()));
    }
}
