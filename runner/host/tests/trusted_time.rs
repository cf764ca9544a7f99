//! Time stamps by an authority that openssl plays, from the request to the verdict.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use x509_cert::Certificate;
use x509_cert::der::{DecodePem as _, Encode as _};
use zwieback_attest::build_type::{self, BUILD_TYPE, ForeignBuildTypes};
use zwieback_attest::bundle::Bundle;
use zwieback_attest::provenance::{Builder, Metadata, Provenance};
use zwieback_attest::public_key::{Algorithm, PublicKey};
use zwieback_attest::reason::{Reason, Refusal};
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::root_change::{self, RootChangeError};
use zwieback_attest::trust::Trust;
use zwieback_attest::trust_root::{BuilderKey, Quorum, Revocation, TrustRoot};
use zwieback_attest::trusted_time::stamp::{StampStanding, TimeStamp};
use zwieback_attest::trusted_time::{path, request, token};
use zwieback_attest::verified::Artifact;
use zwieback_attest::verify::{Request, Verified, verify};
use zwieback_host::keys::private_key::PrivateKey;
use zwieback_host::keys::signer::{Signer as _, seal};
use zwieback_model::digest::Fingerprint;
use zwieback_model::json::value::Value;
use zwieback_model::timestamp::Timestamp;
use zwieback_test_world::authority::Authority;

const BUILDER: &str = "https://zwieback.example/builders/sandbox/v1";

/// An authority below a CA, a certificate that is not for stamping, and another authority.
const CERTIFICATES: &str = r#"
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }
ca() {
  key "$1"; openssl req -x509 -new -key "$1.key" -sha256 -days 3650 -subj "/CN=$1" -out "$1.pem"
}
issue() {
  key "$2"; openssl req -new -key "$2.key" -sha256 -subj "/CN=$2" -out "$2.csr"
  printf '%s\n' "$3" > "$2.ext"
  openssl x509 -req -in "$2.csr" -CA "$1.pem" -CAkey "$1.key" -sha256 -days 365 \
    -set_serial 0x51 -extfile "$2.ext" -out "$2.pem"
}
ca ca; ca stranger
issue ca tsa "extendedKeyUsage=critical,timeStamping"
issue ca loose "extendedKeyUsage=timeStamping"
issue ca web "extendedKeyUsage=critical,serverAuth,timeStamping"
issue ca plain "basicConstraints=CA:FALSE"
issue stranger false "extendedKeyUsage=critical,timeStamping"
# A CA of one day, and what it issued for a year.
key brief; openssl req -x509 -new -key brief.key -sha256 -days 1 -subj "/CN=brief" -out brief.pem
issue brief outliving "extendedKeyUsage=critical,timeStamping"
# Issued by a certificate that is no CA.
issue plain below "extendedKeyUsage=critical,timeStamping"
# The authority's key, issuer and number once more, in another certificate.
cp tsa.key double.key; openssl req -new -key double.key -sha256 -subj "/CN=double" -out double.csr
openssl x509 -req -in double.csr -CA ca.pem -CAkey ca.key -sha256 -days 365 -set_serial 0x51 \
  -extfile tsa.ext -out double.pem
"#;

struct Stampers {
    authority: Authority,
    _folder: tempfile::TempDir,
}

impl Stampers {
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        Some(Self {
            authority: Authority::start("trusted_time", folder.path(), CERTIFICATES)?,
            _folder: folder,
        })
    }

    fn stamp(&self, signature: &[u8], name: &str) -> Vec<u8> {
        let query = request::request(signature, [0; 8]).unwrap();
        self.authority.reply(&query, name)
    }

    /// A file with so many certificates that issue nothing.
    fn certificates(&self, count: usize) -> String {
        let name = format!("many{count}.pem");
        self.authority.run(&format!(
            "for i in $(seq {count}); do openssl req -x509 -new -key ca.key -sha256 -days 9 -subj /CN=$i; done > {name}"
        ));
        name
    }

    fn certificate(&self, name: &str) -> Certificate {
        Certificate::from_pem(self.authority.pem(name)).unwrap()
    }

    fn der(&self, name: &str) -> Vec<Vec<u8>> {
        vec![self.certificate(name).to_der().unwrap()]
    }
}

fn reason<T: std::fmt::Debug>(verdict: Result<T, Refusal>) -> Reason {
    verdict.unwrap_err().reason
}

#[test]
fn a_stamp_is_over_one_signature_by_one_authority() {
    let Some(stampers) = Stampers::start() else {
        return;
    };
    let stamp = stampers.stamp(b"signature", "tsa");
    let judge = |signature: &[u8], trusted: &str| check(&stamp, signature, &stampers.der(trusted));
    assert!(judge(b"signature", "ca").is_ok(), "below a trusted CA");
    assert!(judge(b"signature", "tsa").is_ok(), "trusted itself");
    assert_eq!(reason(judge(b"other", "ca")), Reason::TimestampMismatch);
    assert!(token::answers(&stamp, b"signature", [0; 8]).is_ok());
    let replayed = token::answers(&stamp, b"signature", [1; 8]);
    assert_eq!(reason(replayed), Reason::TimestampMismatch);
    let strange = judge(b"signature", "stranger");
    assert_eq!(reason(strange), Reason::TimestampAuthorityUnknown);
    let false_stamp = stampers.stamp(b"signature", "false");
    let verdict = check(&false_stamp, b"signature", &stampers.der("ca"));
    assert_eq!(reason(verdict), Reason::TimestampAuthorityUnknown);
    let refused = check(b"0\x050\x03\x02\x01\x02", b"signature", &stampers.der("ca"));
    assert_eq!(reason(refused), Reason::TimestampRefused);
}

/// Each certificate of a token may have issued each of the others, and each is written out to see it.
#[test]
fn a_stamp_has_a_most_of_certificates_and_of_bytes() {
    let Some(stampers) = Stampers::start() else {
        return;
    };
    let trusted = stampers.der("ca");
    let query = request::request(b"signature", [0; 8]).unwrap();
    // One more than these is the authority's own.
    for (count, may) in [(31, true), (32, false)] {
        let chain = stampers.certificates(count);
        let options = format!("-chain {chain}");
        let stamp = stampers.authority.reply_with(&query, "tsa", &options);
        let verdict = check(&stamp, b"signature", &trusted);
        match verdict {
            Ok(_) => assert!(may, "{count}"),
            Err(refusal) => {
                assert!(!may, "{count}: {refusal}");
                assert_eq!(refusal.reason, Reason::TimestampMalformed);
            }
        }
    }
    let long = check(&vec![0; token::LONGEST + 1], b"signature", &trusted);
    assert!(long.unwrap_err().saw().contains("are the most"));
}

#[test]
fn no_changed_byte_moves_the_time() {
    let Some(stampers) = Stampers::start() else {
        return;
    };
    let stamp = stampers.stamp(b"signature", "tsa");
    let trusted = stampers.der("ca");
    let time = check(&stamp, b"signature", &trusted).unwrap();
    for at in 0..stamp.len() {
        let mut changed = stamp.clone();
        changed[at] ^= 1;
        if let Ok(other) = check(&changed, b"signature", &trusted) {
            assert_eq!(other, time, "byte {at}");
        }
        assert!(check(&stamp[..at], b"signature", &trusted).is_err());
    }
}

#[test]
fn a_certificate_is_for_stamping_and_valid_at_the_time() {
    let Some(stampers) = Stampers::start() else {
        return;
    };
    let judge = |name: &str, time: &str| {
        let (leaf, ca) = (stampers.certificate(name), stampers.certificate("ca"));
        lead(&leaf, &[], &ca, time.parse().unwrap())
    };
    let stamp = stampers.stamp(b"x", "tsa");
    let now = check(&stamp, b"x", &stampers.der("ca"))
        .unwrap()
        .to_string();
    assert_eq!(judge("tsa", &now), Ok(()));
    for name in ["plain", "loose", "web"] {
        assert_eq!(
            reason(judge(name, &now)),
            Reason::TimestampPurpose,
            "{name}"
        );
    }
    for time in ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"] {
        assert_eq!(
            reason(judge("tsa", time)),
            Reason::TimestampExpired,
            "{time}"
        );
    }
}

#[test]
fn a_retired_key_is_believed_about_what_it_signed_before() {
    let Some(stampers) = Stampers::start() else {
        return;
    };
    let key = PrivateKey::generate(Algorithm::EcdsaP256).unwrap();
    let subject = ResourceDescriptor::named("a", &Fingerprint::of(b"a"));
    let bundle = seal(&provenance().into_statement(vec![subject]), &key).unwrap();
    let stamp = stampers.stamp(bundle.signature(), "tsa");
    let time = check(&stamp, bundle.signature(), &stampers.der("ca")).unwrap();
    let stamped = bundle.clone().with_timestamp(stamp);
    let later = |seconds| Timestamp::from_unix(time.as_unix() + seconds).unwrap();
    let decide = |bundle: &Bundle, until| {
        let trust = trust(key.public_key(), until, stampers.der("ca"));
        decide(bundle, &trust, later(7200))
    };
    let accepted = decide(&stamped, later(3600)).unwrap();
    assert_eq!(accepted.time().stamped, Some(time));
    assert_eq!(reason(decide(&bundle, later(3600))), Reason::KeyRetired);
    assert_eq!(reason(decide(&stamped, time)), Reason::KeyRetired);
    let foreign = stampers.stamp(b"another signature", "tsa");
    let misplaced = bundle.with_timestamp(foreign);
    let refused = decide(&misplaced, later(3600));
    assert_eq!(reason(refused), Reason::TimestampMismatch);
}

#[test]
fn a_path_ends_at_a_valid_authority_that_may_issue() {
    let Some(stampers) = Stampers::start() else {
        return;
    };
    let judge = |name: &str, others: &[&str], anchor: &str, time: Timestamp| {
        let leaf = stampers.certificate(name);
        let others: Vec<_> = others
            .iter()
            .map(|name| stampers.certificate(name))
            .collect();
        lead(&leaf, &others, &stampers.certificate(anchor), time)
    };
    let now = check(&stampers.stamp(b"x", "tsa"), b"x", &stampers.der("ca")).unwrap();
    let later = Timestamp::from_unix(now.as_unix() + 3 * 86_400).unwrap();
    assert_eq!(judge("outliving", &[], "brief", now), Ok(()));
    let expired = judge("outliving", &[], "brief", later);
    assert_eq!(
        reason(expired),
        Reason::TimestampExpired,
        "the trusted CA has expired"
    );
    let issued = judge("below", &["plain"], "ca", now);
    assert_eq!(
        reason(issued),
        Reason::TimestampAuthorityUnknown,
        "its issuer is no CA"
    );
}

#[test]
fn a_stamp_means_one_certificate() {
    let Some(stampers) = Stampers::start() else {
        return;
    };
    // Without its certificate inside, the token is judged by the one that is trusted here.
    stampers.authority.run(
        "printf signature > data; openssl ts -query -data data -sha256 -out query; \
         openssl ts -reply -config ts.conf -queryfile query -signer tsa.pem -inkey tsa.key -out bare",
    );
    let bare = fs::read(stampers.authority.folder().join("bare")).unwrap();
    let judge = |trusted: &str| check(&bare, b"signature", &stampers.der(trusted));
    assert!(judge("tsa").is_ok());
    assert_eq!(reason(judge("double")), Reason::TimestampSignature);
}

/// What a revoked authority says is nothing, and no reason to refuse what stands without it.
#[test]
fn a_revoked_authority_says_nothing() {
    let Some(stampers) = Stampers::start() else {
        return;
    };
    let key = PrivateKey::generate(Algorithm::EcdsaP256).unwrap();
    let subject = ResourceDescriptor::named("a", &Fingerprint::of(b"a"));
    let bundle = seal(&provenance().into_statement(vec![subject]), &key).unwrap();
    let stamp = stampers.stamp(bundle.signature(), "tsa");
    let ca = stampers.der("ca");
    let time = check(&stamp, bundle.signature(), &ca).unwrap();
    let bundle = bundle.with_timestamp(stamp);
    let later = |seconds| Timestamp::from_unix(time.as_unix() + seconds).unwrap();
    let first = root(vec![ca[0].clone(), stampers.der("stranger")[0].clone()]);
    let revoked = |name: &str, from| {
        let revocation = Revocation {
            from,
            reason: "stolen".to_owned(),
        };
        let der = &stampers.der(name)[0];
        root_change::revoke_authority(&first, der, revocation).unwrap()
    };
    // Its own certificate, which stands nowhere in the root, or that of who issued it.
    for name in ["tsa", "ca"] {
        let at = |from| token::stamped_at(&bundle, &revoked(name, from)).unwrap();
        assert_eq!(at(None), None, "{name}");
        assert_eq!(at(Some(time)), None, "{name}");
        assert_eq!(at(Some(later(1))), Some(time), "{name}");
    }
    let judge = |from, until| {
        let Trust::Root(mut root) = trust(key.public_key(), until, ca.clone()) else {
            unreachable!()
        };
        root.revoked = revoked("ca", from).revoked;
        decide(&bundle, &Trust::Root(root), later(7200)).map(|verified| verified.time().stamped)
    };
    assert_eq!(judge(Some(later(1)), later(3600)), Ok(Some(time)));
    assert_eq!(reason(judge(None, later(3600))), Reason::KeyRetired);
    assert_eq!(judge(None, later(9000)), Ok(None), "the key is good");
    let stranger = stampers.der("web");
    let unknown = root_change::revoke_authority(
        &root(stampers.der("stranger")),
        &stranger[0],
        Revocation {
            from: None,
            reason: String::new(),
        },
    );
    assert!(matches!(unknown, Err(RootChangeError::UnknownKey(_))));
    let back = root_change::with_time_stamper(&revoked("ca", None), ca[0].clone());
    assert!(matches!(back, Err(RootChangeError::Revoked(_))));
}

#[test]
fn of_two_stamps_the_earlier_one_counts() {
    let Some(stampers) = Stampers::start() else {
        return;
    };
    let key = PrivateKey::generate(Algorithm::EcdsaP256).unwrap();
    let subject = ResourceDescriptor::named("a", &Fingerprint::of(b"a"));
    let bundle = seal(&provenance().into_statement(vec![subject]), &key).unwrap();
    let earlier = stampers.stamp(bundle.signature(), "tsa");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let later = stampers.stamp(bundle.signature(), "tsa");
    let time = |stamp: &[u8]| check(stamp, bundle.signature(), &stampers.der("ca")).unwrap();
    assert!(time(&earlier) < time(&later));
    for order in [[&earlier, &later], [&later, &earlier]] {
        let stamped = order.into_iter().fold(bundle.clone(), |bundle, stamp| {
            bundle.with_timestamp(stamp.clone())
        });
        let seen = token::stamped_at(&stamped, &root(stampers.der("ca"))).unwrap();
        assert_eq!(seen, Some(time(&earlier)));
    }
}

fn provenance() -> Provenance {
    Provenance {
        build_type: BUILD_TYPE.into(),
        external_parameters: build_type::external_parameters(Value::object([]), [].into()),
        internal_parameters: <_>::default(),
        resolved_dependencies: vec![],
        builder: Builder {
            id: BUILDER.into(),
            ..Builder::default()
        },
        metadata: Metadata::default(),
        byproducts: vec![],
    }
}

/// The time of a stamp by somebody who is trusted.
fn check(response: &[u8], signature: &[u8], trusted: &[Vec<u8>]) -> Result<Timestamp, Refusal> {
    let (stamp, standing) = token::check(response, signature, &root(trusted.to_vec()))?;
    assert_eq!(standing, StampStanding::Believed);
    Ok(stamp.time)
}

/// Whether a path leads from a certificate to the last one.
fn lead(
    leaf: &Certificate,
    others: &[Certificate],
    trusted: &Certificate,
    time: Timestamp,
) -> Result<(), Refusal> {
    let others: Vec<&Certificate> = others.iter().chain([trusted]).collect();
    let (path, end) = path::path(leaf, &others, time)?;
    let der = trusted.to_der().unwrap();
    let stamp = TimeStamp { time, path };
    match stamp.standing(&[der], |_| false) {
        StampStanding::Believed => Ok(()),
        _ => Err(end),
    }
}

fn root(time_stampers: Vec<Vec<u8>>) -> TrustRoot {
    TrustRoot {
        version: 1,
        line: None,
        expires: "9000-01-01T00:00:00Z".parse().unwrap(),
        quorum: Quorum {
            keys: vec![],
            threshold: 1,
        },
        builders: vec![],
        verifiers: vec![],
        revoked: <_>::default(),
        time_stampers,
    }
}

fn trust(key: &PublicKey, until: Timestamp, time_stampers: Vec<Vec<u8>>) -> Trust {
    Trust::Root(Box::new(TrustRoot {
        builders: vec![BuilderKey {
            key: key.clone(),
            builder: BUILDER.into(),
            operator: "acme".into(),
            level: 1.try_into().unwrap(),
            from: None,
            until: Some(until),
        }],
        ..root(time_stampers)
    }))
}

fn decide(bundle: &Bundle, trust: &Trust, now: Timestamp) -> Result<Verified, Refusal> {
    verify(&Request {
        bundle: &bundle.to_bytes(),
        artifacts: &[Artifact::new("a", &Fingerprint::of(b"a"))],
        trust,
        foreign: &ForeignBuildTypes::new(),
        now,
    })
}
