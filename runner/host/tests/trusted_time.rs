//! Time stamps by an authority that openssl plays, from the request to the verdict.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use x509_cert::Certificate;
use x509_cert::der::{DecodePem as _, Encode as _};
use zwieback_attest::build_type::{self, BUILD_TYPE, ForeignBuildTypes};
use zwieback_attest::bundle::Bundle;
use zwieback_attest::provenance::{Builder, Metadata, Provenance};
use zwieback_attest::public_key::{Algorithm, PublicKey};
use zwieback_attest::reason::{Reason, Refusal};
use zwieback_attest::resource::ResourceDescriptor;
use zwieback_attest::trust::Trust;
use zwieback_attest::trust_root::{BuilderKey, Quorum, TrustRoot};
use zwieback_attest::trusted_time::{path, request, token};
use zwieback_attest::verified::Artifact;
use zwieback_attest::verify::{Request, Verified, verify};
use zwieback_host::keys::private_key::PrivateKey;
use zwieback_host::keys::signer::{Signer as _, seal};
use zwieback_model::digest::Fingerprint;
use zwieback_model::json::value::Value;
use zwieback_model::timestamp::Timestamp;
use zwieback_test_world::skip::skip;

const BUILDER: &str = "https://zwieback.example/builders/sandbox/v1";

/// An authority below a CA, a certificate that is not for stamping, and another authority.
const SETUP: &str = r#"
set -eu
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
echo 01 > serial
cat > ts.conf <<END
[tsa]
default_tsa = here
[here]
serial = serial
default_policy = 1.2.3.4
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
END
"#;

struct Authority {
    folder: tempfile::TempDir,
}

impl Authority {
    /// None, with the reason printed, where there is no openssl.
    fn start() -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            skip("trusted_time", "there is no openssl");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let authority = Self { folder };
        authority.run(SETUP);
        Some(authority)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, script: &str) {
        let output = Command::new("bash")
            .args(["-c", script])
            .current_dir(self.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    fn stamp(&self, signature: &[u8], name: &str) -> Vec<u8> {
        let query = request::request(signature, [0; 8]).unwrap();
        fs::write(self.path().join("query"), query).unwrap();
        self.run(&format!(
            "openssl ts -reply -config ts.conf -queryfile query -signer {name}.pem \
             -inkey {name}.key -out reply"
        ));
        fs::read(self.path().join("reply")).unwrap()
    }

    fn certificate(&self, name: &str) -> Certificate {
        let file: PathBuf = self.path().join(format!("{name}.pem"));
        Certificate::from_pem(fs::read(file).unwrap()).unwrap()
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
    let Some(authority) = Authority::start() else {
        return;
    };
    let stamp = authority.stamp(b"signature", "tsa");
    let check =
        |signature: &[u8], trusted: &str| token::check(&stamp, signature, &authority.der(trusted));
    assert!(check(b"signature", "ca").is_ok(), "below a trusted CA");
    assert!(check(b"signature", "tsa").is_ok(), "trusted itself");
    assert_eq!(reason(check(b"other", "ca")), Reason::TimestampMismatch);
    assert!(token::answers(&stamp, b"signature", [0; 8]).is_ok());
    let replayed = token::answers(&stamp, b"signature", [1; 8]);
    assert_eq!(reason(replayed), Reason::TimestampMismatch);
    let strange = check(b"signature", "stranger");
    assert_eq!(reason(strange), Reason::TimestampAuthorityUnknown);
    let false_stamp = authority.stamp(b"signature", "false");
    let verdict = token::check(&false_stamp, b"signature", &authority.der("ca"));
    assert_eq!(reason(verdict), Reason::TimestampAuthorityUnknown);
    let refused = token::check(
        b"0\x050\x03\x02\x01\x02",
        b"signature",
        &authority.der("ca"),
    );
    assert_eq!(reason(refused), Reason::TimestampRefused);
}

#[test]
fn no_changed_byte_moves_the_time() {
    let Some(authority) = Authority::start() else {
        return;
    };
    let stamp = authority.stamp(b"signature", "tsa");
    let trusted = authority.der("ca");
    let time = token::check(&stamp, b"signature", &trusted).unwrap();
    for at in 0..stamp.len() {
        let mut changed = stamp.clone();
        changed[at] ^= 1;
        if let Ok(other) = token::check(&changed, b"signature", &trusted) {
            assert_eq!(other, time, "byte {at}");
        }
        assert!(token::check(&stamp[..at], b"signature", &trusted).is_err());
    }
}

#[test]
fn a_certificate_is_for_stamping_and_valid_at_the_time() {
    let Some(authority) = Authority::start() else {
        return;
    };
    let check = |name: &str, time: &str| {
        let (leaf, ca) = (authority.certificate(name), authority.certificate("ca"));
        path::check(&leaf, &[], &[ca], time.parse().unwrap())
    };
    let stamp = authority.stamp(b"x", "tsa");
    let now = token::check(&stamp, b"x", &authority.der("ca"))
        .unwrap()
        .to_string();
    assert_eq!(check("tsa", &now), Ok(()));
    for name in ["plain", "loose", "web"] {
        assert_eq!(
            reason(check(name, &now)),
            Reason::TimestampPurpose,
            "{name}"
        );
    }
    for time in ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"] {
        assert_eq!(
            reason(check("tsa", time)),
            Reason::TimestampExpired,
            "{time}"
        );
    }
}

#[test]
fn a_retired_key_is_believed_about_what_it_signed_before() {
    let Some(authority) = Authority::start() else {
        return;
    };
    let key = PrivateKey::generate(Algorithm::EcdsaP256).unwrap();
    let subject = ResourceDescriptor::named("a", &Fingerprint::of(b"a"));
    let bundle = seal(&provenance().into_statement(vec![subject]), &key).unwrap();
    let stamp = authority.stamp(bundle.signature(), "tsa");
    let time = token::check(&stamp, bundle.signature(), &authority.der("ca")).unwrap();
    let stamped = bundle.clone().with_timestamp(stamp);
    let later = |seconds| Timestamp::from_unix(time.as_unix() + seconds).unwrap();
    let decide = |bundle: &Bundle, until| {
        let trust = trust(key.public_key(), until, authority.der("ca"));
        decide(bundle, &trust, later(7200))
    };
    let accepted = decide(&stamped, later(3600)).unwrap();
    assert_eq!(accepted.time().stamped, Some(time));
    assert_eq!(reason(decide(&bundle, later(3600))), Reason::KeyRetired);
    assert_eq!(reason(decide(&stamped, time)), Reason::KeyRetired);
    let foreign = authority.stamp(b"another signature", "tsa");
    let misplaced = bundle.with_timestamp(foreign);
    let refused = decide(&misplaced, later(3600));
    assert_eq!(reason(refused), Reason::TimestampMismatch);
}

#[test]
fn a_path_ends_at_a_valid_authority_that_may_issue() {
    let Some(authority) = Authority::start() else {
        return;
    };
    let check = |name: &str, others: &[&str], anchor: &str, time: Timestamp| {
        let leaf = authority.certificate(name);
        let others: Vec<_> = others
            .iter()
            .map(|name| authority.certificate(name))
            .collect();
        path::check(&leaf, &others, &[authority.certificate(anchor)], time)
    };
    let now = token::check(&authority.stamp(b"x", "tsa"), b"x", &authority.der("ca")).unwrap();
    let later = Timestamp::from_unix(now.as_unix() + 3 * 86_400).unwrap();
    assert_eq!(check("outliving", &[], "brief", now), Ok(()));
    let expired = check("outliving", &[], "brief", later);
    assert_eq!(
        reason(expired),
        Reason::TimestampExpired,
        "the trusted CA has expired"
    );
    let issued = check("below", &["plain"], "ca", now);
    assert_eq!(
        reason(issued),
        Reason::TimestampAuthorityUnknown,
        "its issuer is no CA"
    );
}

#[test]
fn a_stamp_means_one_certificate() {
    let Some(authority) = Authority::start() else {
        return;
    };
    // Without its certificate inside, the token is judged by the one that is trusted here.
    authority.run(
        "printf signature > data; openssl ts -query -data data -sha256 -out query; \
         openssl ts -reply -config ts.conf -queryfile query -signer tsa.pem -inkey tsa.key -out bare",
    );
    let bare = fs::read(authority.path().join("bare")).unwrap();
    let check = |trusted: &str| token::check(&bare, b"signature", &authority.der(trusted));
    assert!(check("tsa").is_ok());
    assert_eq!(reason(check("double")), Reason::TimestampSignature);
}

#[test]
fn of_two_stamps_the_earlier_one_counts() {
    let Some(authority) = Authority::start() else {
        return;
    };
    let key = PrivateKey::generate(Algorithm::EcdsaP256).unwrap();
    let subject = ResourceDescriptor::named("a", &Fingerprint::of(b"a"));
    let bundle = seal(&provenance().into_statement(vec![subject]), &key).unwrap();
    let earlier = authority.stamp(bundle.signature(), "tsa");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let later = authority.stamp(bundle.signature(), "tsa");
    let time =
        |stamp: &[u8]| token::check(stamp, bundle.signature(), &authority.der("ca")).unwrap();
    assert!(time(&earlier) < time(&later));
    for order in [[&earlier, &later], [&later, &earlier]] {
        let stamped = order.into_iter().fold(bundle.clone(), |bundle, stamp| {
            bundle.with_timestamp(stamp.clone())
        });
        let seen = token::stamped_at(&stamped, &authority.der("ca")).unwrap();
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

fn trust(key: &PublicKey, until: Timestamp, time_stampers: Vec<Vec<u8>>) -> Trust {
    Trust::Root(Box::new(TrustRoot {
        version: 1,
        line: None,
        expires: "9000-01-01T00:00:00Z".parse().unwrap(),
        quorum: Quorum {
            keys: vec![key.clone()],
            threshold: 1,
        },
        builders: vec![BuilderKey {
            key: key.clone(),
            builder: BUILDER.into(),
            operator: "acme".into(),
            level: 1.try_into().unwrap(),
            from: None,
            until: Some(until),
        }],
        verifiers: vec![],
        revoked: <_>::default(),
        time_stampers,
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
