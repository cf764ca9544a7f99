//! Checking a time stamp over a bundle's signature.

use std::collections::BTreeSet;

use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::{ObjectIdentifier, OctetString};
use der::{Any, Decode as _, Encode as _};
use x509_cert::Certificate;
use x509_cert::ext::pkix::SubjectKeyIdentifier;
use zwieback_model::digest::Digest;
use zwieback_model::timestamp::Timestamp;

use super::asn1::{EssCertIdV2, SHA256, SigningCertificateV2, TimeStampResp, TstInfo};
use super::path;
use super::refused::{malformed, unknown};
use super::request::number;
use super::stamp::{StampStanding, TimeStamp};
use crate::bundle::Bundle;
use crate::public_key::PublicKey;
use crate::reason::{Reason, Refusal};
use crate::trust_root::TrustRoot;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// The longest response: an authority's has a few thousand bytes.
pub const LONGEST: usize = 256 << 10;
/// The most certificates of one: each may have issued each, so that each is written out for each.
const MOST_CERTIFICATES: usize = 32;

/// When a bundle was signed at the latest, by the earliest time stamp that holds.
///
/// Without authorities to trust, or without stamps, nothing is known, nor by the word of one that was revoked.
/// Stamps of which none holds are a refusal: someone wanted a time to be believed.
pub fn stamped_at(bundle: &Bundle, root: &TrustRoot) -> Result<Option<Timestamp>, Refusal> {
    let (stamps, refused) = read(bundle, root);
    let (believed, revoked): (Vec<_>, Vec<_>) = stamps
        .into_iter()
        .partition(|(_, standing)| *standing == StampStanding::Believed);
    match (believed.iter().map(|(stamp, _)| stamp.time).min(), refused) {
        (None, Some(refusal)) if revoked.is_empty() => Err(refusal),
        (time, _) => Ok(time),
    }
}

/// The time stamps of a bundle that an authority has made whom the root knows, or knew, without a word about
/// the others: for whoever keeps them, and judges them later by another root.
pub fn stamps(bundle: &Bundle, root: &TrustRoot) -> BTreeSet<TimeStamp> {
    let (stamps, _) = read(bundle, root);
    stamps.into_iter().map(|(stamp, _)| stamp).collect()
}

fn read(bundle: &Bundle, root: &TrustRoot) -> (Vec<(TimeStamp, StampStanding)>, Option<Refusal>) {
    if root.time_stampers.is_empty() {
        return (Vec::new(), None);
    }
    let check = |response: &Vec<u8>| check(response, bundle.signature(), root);
    let (mut stamps, mut refused) = (Vec::new(), None);
    for response in bundle.timestamps() {
        match check(response) {
            Ok(stamp) => stamps.push(stamp),
            Err(refusal) => refused = refused.or(Some(refusal)),
        }
    }
    (stamps, refused)
}

/// What one time stamp over that signature says, and whether an authority of the root has made it that was not
/// revoked.
pub fn check(
    response: &[u8],
    signature: &[u8],
    root: &TrustRoot,
) -> Result<(TimeStamp, StampStanding), Refusal> {
    let data = signed_data(response)?;
    let content = content(&data)?;
    let info = TstInfo::from_der(&content).map_err(malformed)?;
    check_imprint(&info, signature)?;
    let trusted = root.time_stampers.iter();
    let trusted: Result<Vec<Certificate>, _> =
        trusted.map(|der| Certificate::from_der(der)).collect();
    let (trusted, embedded) = (trusted.map_err(malformed)?, certificates(&data)?);
    let [signer] = data.signer_infos.0.as_slice() else {
        return Err(malformed("not exactly one signer"));
    };
    let mut all = embedded.iter().chain(&trusted);
    let own = all.find(|it| is_named(it, &signer.sid));
    let own = own.ok_or_else(|| unknown("the token's certificate is not there"))?;
    check_signer(signer, own, &content)?;
    let seconds = info.gen_time.to_unix_duration().as_secs();
    let seconds = i64::try_from(seconds).map_err(malformed)?;
    let time = Timestamp::from_unix(seconds).map_err(malformed)?;
    // Those that are trusted come first, where several have one name and one key.
    let issuers: Vec<&Certificate> = trusted.iter().chain(&embedded).collect();
    let (path, end) = path::path(own, &issuers, time)?;
    let stamp = TimeStamp { time, path };
    let is_revoked = |key| root.revocation_at(key, Some(time)).is_some();
    match stamp.standing(&root.time_stampers, is_revoked) {
        StampStanding::Unknown => Err(end),
        standing => Ok((stamp, standing)),
    }
}

/// Makes sure that a response is to that very request: over that signature, with that nonce.
///
/// Nothing is said about whether the authority is to be believed.
pub fn answers(response: &[u8], signature: &[u8], nonce: [u8; 8]) -> Result<(), Refusal> {
    let content = content(&signed_data(response)?)?;
    let info = TstInfo::from_der(&content).map_err(malformed)?;
    check_imprint(&info, signature)?;
    if info.nonce != Some(number(nonce).map_err(malformed)?) {
        let saw = "it answers another request";
        return Err(Refusal::new(Reason::TimestampMismatch, saw));
    }
    Ok(())
}

fn signed_data(response: &[u8]) -> Result<SignedData, Refusal> {
    if response.len() > LONGEST {
        let saw = format!("{} bytes, and {LONGEST} are the most", response.len());
        return Err(malformed(saw));
    }
    let response = TimeStampResp::from_der(response).map_err(malformed)?;
    let refused = || {
        let saw = format!("status {}", response.status.status);
        Refusal::new(Reason::TimestampRefused, saw)
    };
    let token: &ContentInfo = match response.status.status {
        0 | 1 => response.token.as_ref().ok_or_else(refused)?,
        _ => return Err(refused()),
    };
    if token.content_type != SIGNED_DATA {
        return Err(malformed("the token is no signed data"));
    }
    token.content.decode_as().map_err(malformed)
}

fn content(data: &SignedData) -> Result<Vec<u8>, Refusal> {
    let inner = &data.encap_content_info;
    if inner.econtent_type != TST_INFO {
        return Err(malformed("the token is about something else than time"));
    }
    let content = inner
        .econtent
        .as_ref()
        .ok_or_else(|| malformed("no content"))?;
    let content: OctetString = content.decode_as().map_err(malformed)?;
    Ok(content.into_bytes().to_vec())
}

fn check_imprint(info: &TstInfo, signature: &[u8]) -> Result<(), Refusal> {
    let imprint = &info.message_imprint;
    if imprint.hash_algorithm.oid != SHA256 {
        let saw = imprint.hash_algorithm.oid;
        return Err(Refusal::new(Reason::TimestampAlgorithm, saw));
    }
    if imprint.hashed_message.as_bytes() != Digest::sha256(signature).as_bytes() {
        return Err(Refusal::new(Reason::TimestampMismatch, ""));
    }
    Ok(())
}

fn certificates(data: &SignedData) -> Result<Vec<Certificate>, Refusal> {
    let all = data
        .certificates
        .iter()
        .map(|set| set.0.len())
        .sum::<usize>();
    if all > MOST_CERTIFICATES {
        return Err(malformed(format!(
            "{all} certificates, and {MOST_CERTIFICATES} are the most"
        )));
    }
    let all = data.certificates.iter().flat_map(|set| set.0.as_slice());
    let plain = all.filter_map(|choice| match choice {
        CertificateChoices::Certificate(certificate) => Some(certificate.clone()),
        CertificateChoices::Other(_) => None,
    });
    Ok(plain.collect())
}

fn is_named(certificate: &Certificate, id: &SignerIdentifier) -> bool {
    let certificate = certificate.tbs_certificate();
    match id {
        SignerIdentifier::IssuerAndSerialNumber(id) => {
            id.issuer == *certificate.issuer() && id.serial_number == *certificate.serial_number()
        }
        SignerIdentifier::SubjectKeyIdentifier(id) => {
            matches!(certificate.get_extension::<SubjectKeyIdentifier>(), Ok(Some((_, own))) if own == *id)
        }
    }
}

/// RFC 5652 section 5.4: what is signed are the attributes, and one of them is the content's digest.
fn check_signer(
    signer: &SignerInfo,
    certificate: &Certificate,
    content: &[u8],
) -> Result<(), Refusal> {
    let algorithm = |saw: &dyn std::fmt::Display| Refusal::new(Reason::TimestampAlgorithm, saw);
    if signer.digest_alg.oid != SHA256 {
        return Err(algorithm(&signer.digest_alg.oid));
    }
    let content_type: ObjectIdentifier = attribute(signer, CONTENT_TYPE)?;
    let digest: OctetString = attribute(signer, MESSAGE_DIGEST)?;
    let same = digest.as_bytes() == Digest::sha256(content).as_bytes();
    if content_type != TST_INFO || !same || !is_meant(signer, certificate)? {
        return Err(Refusal::new(
            Reason::TimestampSignature,
            "the attributes are of another token",
        ));
    }
    let key = certificate.tbs_certificate().subject_public_key_info();
    let key = PublicKey::from_der(&key.to_der().map_err(malformed)?);
    let key = key.map_err(|error| algorithm(&error))?;
    // The implicit tag of the attributes is not signed; their plain SET is.
    let attributes = signer.signed_attrs.as_ref().map(der::Encode::to_der);
    let attributes = attributes.ok_or_else(|| malformed("no attributes"))?;
    let message = attributes.map_err(malformed)?;
    key.confirm(&message, signer.signature.as_bytes())
        .map_err(|error| Refusal::new(Reason::TimestampSignature, error))
}

/// Whether the signed attributes mean that very certificate, where they say so by SHA-256.
fn is_meant(signer: &SignerInfo, certificate: &Certificate) -> Result<bool, Refusal> {
    let Ok(named) = attribute::<SigningCertificateV2>(signer, SIGNING_CERTIFICATE_V2) else {
        return Ok(true);
    };
    let own = Digest::sha256(&certificate.to_der().map_err(malformed)?);
    let is_own = |first: &EssCertIdV2| match &first.hash_algorithm {
        Some(algorithm) if algorithm.oid != SHA256 => true,
        _ => first.cert_hash.as_bytes() == own.as_bytes(),
    };
    Ok(named.certs.first().is_some_and(is_own))
}

fn attribute<T>(signer: &SignerInfo, oid: ObjectIdentifier) -> Result<T, Refusal>
where
    T: for<'a> der::Decode<'a, Error = der::Error>,
{
    let attributes = signer
        .signed_attrs
        .iter()
        .flat_map(der::asn1::SetOfVec::as_slice);
    let mut values = attributes
        .filter(|attribute| attribute.oid == oid)
        .map(|it| it.values.as_slice());
    let value: &Any = match (values.next(), values.next()) {
        (Some([value]), None) => value,
        _ => return Err(malformed(format!("not exactly one attribute {oid}"))),
    };
    T::from_der(&value.to_der().map_err(malformed)?).map_err(malformed)
}
