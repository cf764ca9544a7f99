//! Import: what other tools signed with a key, turned into bundles that verify strictly.
//!
//! Others write hints that name no key, keep signatures as raw r and s, put several signatures into
//! one envelope or no bundle around it. None of that is accepted by [`super::verify`]; here each
//! signature is confirmed by a key the user names and put into a bundle of its own.

use std::collections::BTreeSet;

use zwieback_model::base64;
use zwieback_model::json::fields::Fields;
use zwieback_model::json::strict;
use zwieback_model::json::value::Value;

use super::bundle::{Bundle, MOST_TIMESTAMPS};
use super::dsse::{Envelope, PAYLOAD_TYPE, Signature};
use super::public_key::{Algorithm, PublicKey, ecdsa_der};
use super::reason::{Reason, Refusal};

/// What came of a foreign file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// A bundle for each signature that one of the keys confirmed.
    pub bundles: Vec<Bundle>,
    /// Why the other signatures, or whole documents, were passed over.
    pub passed_over: Vec<Refusal>,
}

/// Reads a Sigstore bundle of any version, a bare envelope, or lines of either.
pub fn import(bytes: &[u8], keys: &[PublicKey]) -> Imported {
    let mut imported = Imported::default();
    let whole = strict::parse(bytes);
    let documents = match whole {
        Ok(document) => vec![Ok(document)],
        Err(error) if !bytes.contains(&b'\n') => vec![Err(error)],
        Err(_) => {
            let lines = bytes.split(|byte| *byte == b'\n');
            lines
                .filter(|line| !line.is_empty())
                .map(strict::parse)
                .collect()
        }
    };
    for document in documents {
        match document {
            Ok(document) => import_document(&document, keys, &mut imported),
            Err(error) => imported.passed_over.push(error.into()),
        }
    }
    imported
}

fn import_document(document: &Value, keys: &[PublicKey], imported: &mut Imported) {
    let envelope = document.get("dsseEnvelope").unwrap_or(document);
    let envelope = Fields::of(envelope, "").and_then(|fields| Envelope::read(&fields));
    let envelope = match envelope {
        Ok(envelope) if envelope.payload_type == PAYLOAD_TYPE => envelope,
        Ok(other) => {
            let saw = format!("{:?}", other.payload_type);
            return imported
                .passed_over
                .push(Refusal::new(Reason::PayloadType, saw));
        }
        Err(error) => return imported.passed_over.push(error.into()),
    };
    if envelope.signatures.is_empty() {
        let none = Refusal::new(Reason::SignatureCount, "none");
        imported.passed_over.push(none);
    }
    let pae = envelope.pae();
    let mut signers = BTreeSet::new();
    for signature in &envelope.signatures {
        if let Some((key, bytes)) = signer(&pae, signature, keys) {
            // One bundle for each key: it has a copy of the payload, and a signature may be repeated.
            if signers.insert(key.id())
                && let Ok(bundle) = Bundle::seal(envelope.draft(), key, bytes)
            {
                let bundle = with_timestamps(bundle, signature, document);
                imported.bundles.push(bundle);
            }
        } else {
            let saw = format!("{:?}", signature.key_id.as_deref().unwrap_or_default());
            imported
                .passed_over
                .push(Refusal::new(Reason::KeyUnknown, saw));
        }
    }
}

/// The key that made a signature, and the signature as that key's algorithm writes it.
fn signer<'k>(
    pae: &[u8],
    signature: &Signature,
    keys: &'k [PublicKey],
) -> Option<(&'k PublicKey, Vec<u8>)> {
    keys.iter().find_map(|key| {
        let bytes = match key.algorithm() {
            Algorithm::EcdsaP256 => ecdsa_der(signature.bytes.clone()),
            Algorithm::Ed25519 => signature.bytes.clone(),
        };
        key.confirm(pae, &bytes).is_ok().then_some((key, bytes))
    })
}

/// A time stamp is over the very bytes of a signature: it is lost where those had to be rewritten.
fn with_timestamps(bundle: Bundle, signature: &Signature, document: &Value) -> Bundle {
    let material = document.get("verificationMaterial");
    let stamps = material
        .and_then(|material| material.get("timestampVerificationData"))
        .and_then(|it| it.get("rfc3161Timestamps"))
        .and_then(Value::as_array);
    if bundle.signature() != signature.bytes {
        return bundle;
    }
    let stamps = stamps.into_iter().flatten();
    let bytes = |stamp: &Value| base64::decode(stamp.get("signedTimestamp")?.as_str()?).ok();
    stamps
        .filter_map(bytes)
        .take(MOST_TIMESTAMPS)
        .fold(bundle, Bundle::with_timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Forgery, decide, edit, honest, public};

    fn imported(text: &str) -> Vec<Bundle> {
        import(text.as_bytes(), &[public(1)]).bundles
    }

    /// Each has a copy of the payload: kilobytes would become gigabytes.
    #[test]
    fn a_signature_that_is_repeated_makes_one_bundle() {
        let text = honest().text();
        let (_, signature) = text.split_once("\"signatures\":[").unwrap();
        let (signature, _) = signature.split_once(']').unwrap();
        let again = format!("\"signatures\":[{signature},{signature},");
        let repeated = edit(&text, "\"signatures\":[", &again);
        assert_eq!(imported(&repeated).len(), 1);
    }

    /// The envelope alone, as in-toto's own tools keep it.
    fn bare(text: &str) -> String {
        let start = text.find("{\"payload\"").unwrap();
        text[start..text.len() - 1].to_owned()
    }

    #[test]
    fn foreign_forms_become_bundles_that_verify() {
        let honest = honest();
        let nameless = Forgery {
            hint: "0123abcd".into(),
            key_id: "another".into(),
            ..honest.clone()
        };
        let signature = honest.signature();
        let raw = p256::ecdsa::Signature::from_der(&signature)
            .unwrap()
            .to_bytes();
        let text = honest.text();
        for (what, foreign) in [
            ("hint and keyid that differ", nameless.text()),
            ("raw r and s", honest.with_signature(&base64::encode(&raw))),
            (
                "an older bundle",
                edit(&text, ".v0.3+json", "+json;version=0.2"),
            ),
            ("a bare envelope", bare(&text)),
            ("lines", format!("{{}}\n{}\n", bare(&text))),
        ] {
            let bundles = imported(&foreign);
            assert_eq!(bundles.len(), 1, "{what}");
            assert!(decide(bundles[0].to_bytes()).is_ok(), "{what}");
            assert!(what.starts_with("raw") || bundles[0].signature() == signature);
        }
    }

    #[test]
    fn what_no_key_confirms_is_passed_over() {
        let stranger = Forgery::new(honest().payload, 2).text();
        let plain = Forgery {
            payload_type: "text/plain".into(),
            ..honest()
        };
        for (text, expected) in [
            (stranger, Reason::KeyUnknown),
            (plain.text(), Reason::PayloadType),
            ("{}".into(), Reason::FieldMalformed),
            ("{\"a\":1,\"a\":2}".into(), Reason::JsonDuplicateName),
        ] {
            let imported = import(text.as_bytes(), &[public(1)]);
            assert!(imported.bundles.is_empty(), "{text}");
            assert_eq!(imported.passed_over[0].reason, expected, "{text}");
        }
    }

    #[test]
    fn time_stamps_come_along() {
        let stamps = "\"timestampVerificationData\":{\"rfc3161Timestamps\":[{\"signedTimestamp\":\"AQID\"}]}";
        let material = format!("\"verificationMaterial\":{{{stamps},");
        let text = edit(&honest().text(), "\"verificationMaterial\":{", &material);
        assert_eq!(imported(&text)[0].timestamps(), [vec![1, 2, 3]]);
    }
}
