//! Keys, a provenance and bundles for the tests of this module, honest and tampered with.

use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::EncodePublicKey as _;
use zwieback_model::base64;
use zwieback_model::digest::Fingerprint;
use zwieback_model::json::value::Value;

use super::build_type::{self, BUILD_TYPE, ForeignBuildTypes};
use super::bundle::MEDIA_TYPE;
use super::dsse::{PAYLOAD_TYPE, pae};
use super::provenance::{Builder, Metadata, Provenance};
use super::public_key::PublicKey;
use super::reason::{Reason, Refusal};
use super::resource::ResourceDescriptor;
use super::trust::Trust;
use super::verified::Artifact;
use super::verify::{Request, Verified, verify};

pub(crate) const BUILDER: &str = "https://zwieback.example/builders/sandbox/v1";
pub(crate) const NOW: &str = "2026-06-01T00:00:00Z";

/// A pair of keys, another one for each number.
pub(crate) fn secret(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number; 32]).unwrap()
}

pub(crate) fn public(number: u8) -> PublicKey {
    let der = secret(number).verifying_key().to_public_key_der().unwrap();
    PublicKey::from_der(der.as_bytes()).unwrap()
}

pub(crate) fn artifact(name: &str, bytes: &[u8]) -> Artifact {
    Artifact::new(name, &Fingerprint::of(bytes))
}

pub(crate) fn provenance() -> Provenance {
    let source = Fingerprint::of(b"source");
    Provenance {
        build_type: BUILD_TYPE.into(),
        external_parameters: build_type::external_parameters(Value::object([]), [].into()),
        internal_parameters: [("profile".into(), "hermetic".into())].into(),
        resolved_dependencies: vec![ResourceDescriptor::located(
            "pkg:deb/debian/zlib@1.2.13?arch=source",
            &source,
        )],
        builder: Builder {
            id: BUILDER.into(),
            ..Builder::default()
        },
        metadata: Metadata {
            finished_on: Some("2026-05-01T00:00:00Z".parse().unwrap()),
            ..Metadata::default()
        },
        byproducts: vec![],
    }
}

/// The statement about `lib/a` and `lib/b`, whose bytes are their names.
pub(crate) fn payload(provenance: &Provenance) -> String {
    let subject = |name: &str| ResourceDescriptor::named(name, &Fingerprint::of(name.as_bytes()));
    let statement = provenance
        .clone()
        .into_statement(vec![subject("lib/a"), subject("lib/b")]);
    String::from_utf8(statement.to_bytes()).unwrap()
}

/// A bundle whose every part can be chosen.
#[derive(Clone)]
pub(crate) struct Forgery {
    pub(crate) payload: String,
    pub(crate) payload_type: String,
    pub(crate) signer: u8,
    pub(crate) hint: String,
    pub(crate) key_id: String,
}

impl Forgery {
    /// An honest bundle over those bytes, by the key of that number.
    pub(crate) fn new(payload: impl Into<String>, signer: u8) -> Self {
        let hint = public(signer).id().to_string();
        Self {
            payload: payload.into(),
            payload_type: PAYLOAD_TYPE.into(),
            signer,
            key_id: hint.clone(),
            hint,
        }
    }

    pub(crate) fn signature(&self) -> Vec<u8> {
        let message = pae(&self.payload_type, self.payload.as_bytes());
        let signature: p256::ecdsa::DerSignature = secret(self.signer).sign(&message);
        signature.as_bytes().to_vec()
    }

    pub(crate) fn text(&self) -> String {
        self.with_signature(&base64::encode(&self.signature()))
    }

    pub(crate) fn with_signature(&self, signature: &str) -> String {
        let payload = base64::encode(self.payload.as_bytes());
        let (hint, key_id, kind) = (&self.hint, &self.key_id, &self.payload_type);
        format!(
            "{{\"mediaType\":\"{MEDIA_TYPE}\",\
             \"verificationMaterial\":{{\"publicKey\":{{\"hint\":\"{hint}\"}}}},\
             \"dsseEnvelope\":{{\"payload\":\"{payload}\",\"payloadType\":\"{kind}\",\
             \"signatures\":[{{\"keyid\":\"{key_id}\",\"sig\":\"{signature}\"}}]}}}}"
        )
    }
}

/// An honest bundle by key 1.
pub(crate) fn honest() -> Forgery {
    Forgery::new(payload(&provenance()), 1)
}

/// What comes of a bundle for the artifact `a`, when key 1 alone is trusted.
pub(crate) fn decide(bundle: impl AsRef<[u8]>) -> Result<Verified, Refusal> {
    decide_for(bundle, &[artifact("out/a", b"lib/a")])
}

pub(crate) fn decide_for(
    bundle: impl AsRef<[u8]>,
    artifacts: &[Artifact],
) -> Result<Verified, Refusal> {
    verify(&Request {
        bundle: bundle.as_ref(),
        artifacts,
        trust: &Trust::Key(Box::new(public(1))),
        foreign: &ForeignBuildTypes::new(),
        now: NOW.parse().unwrap(),
    })
}

#[track_caller]
pub(crate) fn assert_refused(verdict: Result<Verified, Refusal>, expected: Reason, what: &str) {
    match verdict {
        Ok(_) => panic!("{what}: accepted, {expected} expected"),
        Err(refusal) => assert_eq!(refusal.reason, expected, "{what}: {refusal}"),
    }
}

/// The text with one place changed; a place that is not there would make the test say nothing.
pub(crate) fn edit(text: &str, from: &str, to: &str) -> String {
    let edited = text.replacen(from, to, 1);
    assert_ne!(edited, text, "{from}");
    edited
}
