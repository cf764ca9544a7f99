//! The structures of RFC 3161 and RFC 5816, as far as they are looked into.

use cms::content_info::ContentInfo;
use der::asn1::{BitString, GeneralizedTime, Int, ObjectIdentifier, OctetString};
use der::{Any, Sequence};
use x509_cert::spki::AlgorithmIdentifierOwned;

/// id-sha256.
pub(super) const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// What an authority answers.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct TimeStampResp {
    /// Whether there is a token.
    pub status: PkiStatusInfo,
    /// The token: CMS signed data around a [`TstInfo`].
    #[asn1(optional = "true")]
    pub token: Option<ContentInfo>,
}

/// Whether the authority granted the request.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct PkiStatusInfo {
    /// 0 and 1 are yes.
    pub status: u8,
    /// Why not, for people.
    #[asn1(optional = "true")]
    pub status_string: Option<Vec<String>>,
    /// Why not, for programs.
    #[asn1(optional = "true")]
    pub fail_info: Option<BitString>,
}

/// What is asked of an authority.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct TimeStampReq {
    /// 1.
    pub version: u8,
    /// The digest to be stamped.
    pub message_imprint: MessageImprint,
    /// A number that the answer must repeat.
    #[asn1(optional = "true")]
    pub nonce: Option<Int>,
    /// Whether the authority's certificate is to be in the token.
    #[asn1(default = "Default::default")]
    pub cert_req: bool,
}

/// A digest and its algorithm.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct MessageImprint {
    /// The algorithm.
    pub hash_algorithm: AlgorithmIdentifierOwned,
    /// The digest.
    pub hashed_message: OctetString,
}

/// What the authority signs.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct TstInfo {
    /// 1.
    pub version: u8,
    /// Under which of its policies.
    pub policy: ObjectIdentifier,
    /// What was stamped.
    pub message_imprint: MessageImprint,
    /// The number of the token.
    pub serial_number: Int,
    /// When.
    pub gen_time: GeneralizedTime,
    /// How far off the time may be.
    #[asn1(optional = "true")]
    pub accuracy: Option<Accuracy>,
    /// Whether tokens of this authority can be ordered by time alone.
    #[asn1(default = "Default::default")]
    pub ordering: bool,
    /// The number of the request.
    #[asn1(optional = "true")]
    pub nonce: Option<Int>,
    /// A name of the authority.
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub tsa: Option<Any>,
    /// Anything else.
    #[asn1(
        context_specific = "1",
        tag_mode = "IMPLICIT",
        constructed = "true",
        optional = "true"
    )]
    pub extensions: Option<Vec<Any>>,
}

/// How far off a time may be.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct Accuracy {
    /// Seconds.
    #[asn1(optional = "true")]
    pub seconds: Option<u32>,
    /// Thousandths.
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub millis: Option<u16>,
    /// Millionths.
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub micros: Option<u16>,
}

/// RFC 5816: which certificate the token is to be checked with.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct SigningCertificateV2 {
    /// The first is that of the signer.
    pub certs: Vec<EssCertIdV2>,
    /// Policies, which are not looked into.
    #[asn1(optional = "true")]
    pub policies: Option<Any>,
}

/// The digest of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct EssCertIdV2 {
    /// SHA-256 if absent.
    #[asn1(optional = "true")]
    pub hash_algorithm: Option<AlgorithmIdentifierOwned>,
    /// The digest.
    pub cert_hash: OctetString,
    /// Issuer and serial number again.
    #[asn1(optional = "true")]
    pub issuer_serial: Option<Any>,
}
