//! DSSE v1: an envelope around bytes, and what exactly a signature of it covers.

use zwieback_model::base64;
use zwieback_model::json::canonical;
use zwieback_model::json::fields::{FieldError, FieldProblem, Fields};
use zwieback_model::json::value::Value;

use super::key_id::KeyId;
use super::public_key::{PublicKey, SignatureError};
use super::statement::Statement;

/// The payload type of every in-toto statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A statement's bytes that wait for a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    payload: Vec<u8>,
}

/// The most signatures of an envelope: one of a statement, one of each keeper of a root or a policy.
pub const MOST_SIGNATURES: usize = 64;

/// Bytes with signatures over them, none of them checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// What the payload is.
    pub payload_type: String,
    /// The bytes, exactly as they were signed.
    pub payload: Vec<u8>,
    /// The signatures.
    pub signatures: Vec<Signature>,
}

/// One signature of an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Which key it claims to be of: a hint, not signed, and maybe absent.
    pub key_id: Option<String>,
    /// The signature over the [`pae`].
    pub bytes: Vec<u8>,
}

/// The pre-authentication encoding: what is signed, free of any ambiguity about where type and
/// payload begin and end.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let (type_length, length) = (payload_type.len(), payload.len());
    let mut bytes = format!("DSSEv1 {type_length} {payload_type} {length} ").into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

impl Draft {
    /// The draft of a statement.
    pub fn of(statement: &Statement) -> Self {
        Self {
            payload: statement.to_bytes(),
        }
    }

    /// What a key has to sign.
    pub fn pae(&self) -> Vec<u8> {
        pae(PAYLOAD_TYPE, &self.payload)
    }

    /// The envelope with one signature.
    pub(super) fn signed(self, key_id: String, signature: Vec<u8>) -> Envelope {
        Envelope {
            payload_type: PAYLOAD_TYPE.to_owned(),
            payload: self.payload,
            signatures: vec![Signature {
                key_id: Some(key_id),
                bytes: signature,
            }],
        }
    }
}

impl Envelope {
    /// An envelope that nobody has signed yet.
    pub fn unsigned(payload_type: &str, payload: Vec<u8>) -> Self {
        Self {
            payload_type: payload_type.to_owned(),
            payload,
            signatures: Vec::new(),
        }
    }

    /// Adds a key's signature, once the key has confirmed it, in place of an earlier one of its own.
    pub fn countersign(&mut self, key: &PublicKey, bytes: Vec<u8>) -> Result<(), SignatureError> {
        let pae = self.pae();
        key.confirm(&pae, &bytes)?;
        let by_another = |it: &Signature| key.confirm(&pae, &it.bytes).is_err();
        self.signatures.retain(by_another);
        self.signatures.push(Signature {
            key_id: Some(key.id().to_string()),
            bytes,
        });
        Ok(())
    }

    /// Takes over what others have signed of the same bytes, but for what these keys have, whose newest
    /// signature is here. None is checked.
    pub fn join(&mut self, other: Self, own: &[KeyId]) {
        let own: Vec<_> = own.iter().map(|key| Some(key.to_string())).collect();
        for signature in other.signatures {
            if !own.contains(&signature.key_id) && !self.signatures.contains(&signature) {
                self.signatures.push(signature);
            }
        }
    }

    /// The canonical bytes of the envelope as a file of its own.
    pub fn to_bytes(&self) -> Vec<u8> {
        canonical::to_bytes(&self.to_value())
    }

    /// What a signature of this envelope covers.
    pub fn pae(&self) -> Vec<u8> {
        pae(&self.payload_type, &self.payload)
    }

    /// The payload again as a draft, for another signature.
    pub(super) fn draft(&self) -> Draft {
        Draft {
            payload: self.payload.clone(),
        }
    }

    /// The envelope as JSON.
    pub fn to_value(&self) -> Value {
        let signatures: Vec<Value> = self.signatures.iter().map(Signature::to_value).collect();
        Value::object([
            ("payloadType", self.payload_type.as_str().into()),
            ("payload", base64::encode(&self.payload).into()),
            ("signatures", signatures.into()),
        ])
    }

    /// Reads an envelope; unknown members are ignored (DSSE's parsing rules).
    pub fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        let signatures = fields.list("signatures")?;
        if signatures.len() > MOST_SIGNATURES {
            let problem = FieldProblem::Rule("has more than 64 signatures");
            return Err(fields.error("signatures", problem));
        }
        let read = |(path, value): (String, &Value)| Signature::read(&Fields::of(value, &path)?);
        Ok(Self {
            payload_type: fields.text("payloadType")?.to_owned(),
            payload: fields.base64("payload")?,
            signatures: signatures.into_iter().map(read).collect::<Result<_, _>>()?,
        })
    }
}

impl Signature {
    fn to_value(&self) -> Value {
        let key_id = self.key_id.as_deref().unwrap_or_default();
        Value::object([
            ("keyid", key_id.into()),
            ("sig", base64::encode(&self.bytes).into()),
        ])
    }

    fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            key_id: fields.optional_text("keyid")?.map(str::to_owned),
            bytes: fields.base64("sig")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::signature::Signer as _;
    use proptest::prelude::*;

    use super::*;
    use crate::fixture::{public, secret};

    #[test]
    fn the_vector_of_the_specification() {
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn a_key_signs_once_and_nobody_signs_for_another() {
        let mut envelope = Envelope::unsigned("text/plain", b"hello".to_vec());
        let by = |number: u8, envelope: &Envelope| -> Vec<u8> {
            let signature: p256::ecdsa::DerSignature = secret(number).sign(&envelope.pae());
            signature.as_bytes().to_vec()
        };
        for _ in 0..2 {
            let bytes = by(1, &envelope);
            assert_eq!(envelope.countersign(&public(1), bytes), Ok(()));
        }
        let bytes = by(2, &envelope);
        assert_eq!(
            envelope.countersign(&public(3), bytes.clone()),
            Err(SignatureError::Mismatch)
        );
        assert_eq!(envelope.countersign(&public(2), bytes), Ok(()));
        assert_eq!(envelope.signatures.len(), 2);
    }

    proptest! {
        #[test]
        fn envelopes_round_trip(
            payload_type in ".{1,30}",
            payload in prop::collection::vec(any::<u8>(), 1..60),
            signatures in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..80), 0..3),
            key_id in prop::option::of(".{1,20}"),
        ) {
            let signatures = signatures.into_iter();
            let envelope = Envelope {
                payload_type,
                payload,
                signatures: signatures
                    .map(|bytes| Signature { key_id: key_id.clone(), bytes })
                    .collect(),
            };
            let value = envelope.to_value();
            prop_assert_eq!(Envelope::read(&Fields::of(&value, "").unwrap()), Ok(envelope));
        }

        #[test]
        fn the_encoding_has_one_reading(a in ".{0,9}", b: Vec<u8>, c in ".{0,9}", d: Vec<u8>) {
            prop_assert_eq!(pae(&a, &b) == pae(&c, &d), (a, b) == (c, d));
        }
    }
}
