//! Entries as Sigstore's verifiers read them: `hashedrekord` 0.0.2 over the digest of the PAE.

use zwieback_attest::bundle::Bundle;
use zwieback_attest::known_keys::KnownKeys;
use zwieback_attest::public_key::{Algorithm, PublicKey};
use zwieback_model::base64;
use zwieback_model::digest::Digest;
use zwieback_model::json::canonical;
use zwieback_model::json::fields::Fields;
use zwieback_model::json::strict;
use zwieback_model::json::value::Value;

use super::note::Note;
use super::note_key::NoteKey;
use super::proof::{InclusionProof, TreeHead};
use super::proof_file::LogProof;
use crate::reason::{Reason, Refusal};

const KIND: &str = "hashedrekord";
const VERSION: &str = "0.0.2";
/// The length of an entry is written in two bytes.
const LARGEST: usize = u16::MAX as usize;

/// One entry: which key signed which bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The SHA-256 of what was signed.
    pub signed: Digest,
    /// The signature.
    pub signature: Vec<u8>,
    /// The key that confirms it.
    pub key: PublicKey,
}

impl Entry {
    /// The entry of a bundle that this key has signed.
    pub fn of(bundle: &Bundle, key: &PublicKey) -> Result<Self, Refusal> {
        let pae = bundle.envelope().pae();
        let confirmed = key.confirm(&pae, bundle.signature());
        confirmed.map_err(zwieback_attest::reason::Refusal::from)?;
        Ok(Self {
            signed: Digest::sha256(&pae),
            signature: bundle.signature().to_vec(),
            key: key.clone(),
        })
    }

    /// The canonical bytes, whose digest is the leaf.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Refusal> {
        let details = match self.key.algorithm() {
            Algorithm::EcdsaP256 => "PKIX_ECDSA_P256_SHA_256",
            Algorithm::Ed25519 => "PKIX_ED25519",
        };
        let public_key = Value::object([("rawBytes", base64::encode(self.key.as_der()).into())]);
        let verifier = Value::object([("keyDetails", details.into()), ("publicKey", public_key)]);
        let data = Value::object([
            ("algorithm", "SHA2_256".into()),
            ("digest", base64::encode(self.signed.as_bytes()).into()),
        ]);
        let signature = Value::object([
            ("content", base64::encode(&self.signature).into()),
            ("verifier", verifier),
        ]);
        let record = Value::object([("data", data), ("signature", signature)]);
        let bytes = canonical::to_bytes(&Value::object([
            ("apiVersion", VERSION.into()),
            ("kind", KIND.into()),
            ("spec", Value::object([("hashedRekordV002", record)])),
        ]));
        if bytes.len() <= LARGEST {
            Ok(bytes)
        } else {
            Err(Refusal::new(Reason::EntryTooLarge, bytes.len()))
        }
    }

    /// Reads the bytes of an entry, whose key may be one of those that are known.
    pub fn parse(bytes: &[u8], keys: &mut KnownKeys) -> Result<Self, Refusal> {
        let refuse = |what: &str| Refusal::new(Reason::EntryMalformed, what);
        let document = strict::parse(bytes).map_err(zwieback_attest::reason::Refusal::from)?;
        let fields = Fields::of(&document, "")?;
        if (fields.text("kind")?, fields.text("apiVersion")?) != (KIND, VERSION) {
            return Err(refuse("another kind of entry"));
        }
        let record = fields.object("spec")?.object("hashedRekordV002")?;
        let data = record.object("data")?;
        if data.text("algorithm")? != "SHA2_256" {
            return Err(refuse("another algorithm"));
        }
        let digest: Option<[u8; 32]> = data.base64("digest")?.try_into().ok();
        let signature = record.object("signature")?;
        let key = signature
            .object("verifier")?
            .object("publicKey")?
            .base64("rawBytes")?;
        let key = keys.read(&key);
        let key = key.map_err(|_| refuse("a key that is not taken here"))?;
        Ok(Self {
            signed: Digest::from_bytes(digest.ok_or_else(|| refuse("no SHA-256"))?),
            signature: signature.base64("content")?,
            key,
        })
    }

    /// Makes sure that the entry is of that bundle; the signature is not checked.
    pub fn names(&self, bundle: &Bundle) -> Result<(), Refusal> {
        let signed = Digest::sha256(&bundle.envelope().pae());
        if self.signed == signed && self.signature == bundle.signature() {
            return Ok(());
        }
        let saw = format!("signed bytes {}", self.signed.short());
        Err(Refusal::new(Reason::EntryMismatch, saw))
    }

    /// Makes sure that the entry is of that bundle and its key confirms it.
    pub fn matches(&self, bundle: &Bundle) -> Result<(), Refusal> {
        self.names(bundle)?;
        self.confirm(bundle)
    }

    /// Makes sure that its key confirms a bundle that it is known to be of.
    pub fn confirm(&self, bundle: &Bundle) -> Result<(), Refusal> {
        let pae = bundle.envelope().pae();
        let confirmed = self.key.confirm(&pae, bundle.signature());
        Ok(confirmed.map_err(zwieback_attest::reason::Refusal::from)?)
    }
}

/// The member of `tlogEntries` that proves an entry to be in a log.
pub fn to_bundle_entry(body: &[u8], log: &NoteKey, head: &TreeHead, proof: &LogProof) -> Value {
    let hashes = proof.inclusion.path.iter();
    let hashes: Vec<String> = hashes.map(|hash| base64::encode(hash.as_bytes())).collect();
    let index = proof.inclusion.index.to_string();
    let checkpoint = Value::object([("envelope", proof.checkpoint.to_text().into())]);
    Value::object([
        ("logIndex", index.as_str().into()),
        (
            "logId",
            Value::object([("keyId", base64::encode(&log.log_id()).into())]),
        ),
        (
            "kindVersion",
            Value::object([("kind", KIND.into()), ("version", VERSION.into())]),
        ),
        (
            "inclusionProof",
            Value::object([
                ("logIndex", index.as_str().into()),
                ("rootHash", base64::encode(head.root.as_bytes()).into()),
                ("treeSize", head.size.to_string().into()),
                ("hashes", hashes.into()),
                ("checkpoint", checkpoint),
            ]),
        ),
        ("canonicalizedBody", base64::encode(body).into()),
    ])
}

/// Reads the body and the proof of a member of `tlogEntries`.
pub fn of_bundle_entry(value: &Value) -> Result<(Vec<u8>, LogProof), Refusal> {
    let fields = Fields::of(value, "tlogEntries")?;
    let proof = fields.object("inclusionProof")?;
    let refuse = |what: &str| Refusal::new(Reason::ProofMalformed, what);
    let digest = |(path, value): (String, &Value)| {
        let text = zwieback_model::json::fields::text_of(value, &path)?;
        let bytes = base64::decode(text).ok();
        let bytes: Option<[u8; 32]> = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(Digest::from_bytes)
            .ok_or_else(|| refuse("a hash that is no SHA-256"))
    };
    let index = proof.optional_text("logIndex")?.unwrap_or("0").parse();
    let path = proof
        .list("hashes")?
        .into_iter()
        .map(digest)
        .collect::<Result<_, _>>()?;
    let checkpoint = proof.object("checkpoint")?.text("envelope")?;
    let proof = LogProof {
        inclusion: InclusionProof {
            index: index.map_err(|_| refuse("the index is no number"))?,
            path,
        },
        checkpoint: Note::parse(checkpoint.as_bytes())?,
    };
    Ok((fields.base64("canonicalizedBody")?, proof))
}
