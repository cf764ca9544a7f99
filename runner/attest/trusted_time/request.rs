//! What to send to a time stamp authority.

use der::Encode as _;
use der::asn1::{Int, OctetString};
use x509_cert::spki::AlgorithmIdentifierOwned;
use zwieback_model::digest::Digest;

use super::asn1::{MessageImprint, SHA256, TimeStampReq};

/// A request that cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request cannot be written: {0}")]
pub struct RequestError(#[from] der::Error);

/// The DER of a request to stamp a bundle's signature, certificate included.
///
/// The nonce keeps an old answer from being played back to whoever asks; it must be random.
pub fn request(signature: &[u8], nonce: [u8; 8]) -> Result<Vec<u8>, RequestError> {
    let digest = Digest::sha256(signature);
    let request = TimeStampReq {
        version: 1,
        message_imprint: MessageImprint {
            hash_algorithm: AlgorithmIdentifierOwned {
                oid: SHA256,
                parameters: None,
            },
            hashed_message: OctetString::new(*digest.as_bytes())?,
        },
        nonce: Some(number(nonce)?),
        cert_req: true,
    };
    Ok(request.to_der()?)
}

/// The nonce as the number that the answer must repeat.
pub(super) fn number(mut nonce: [u8; 8]) -> Result<Int, der::Error> {
    // Neither negative nor with a leading zero byte: both ends of the number are given bits.
    nonce[0] = nonce[0] & 0x7f | 0x40;
    Int::new(&nonce)
}
