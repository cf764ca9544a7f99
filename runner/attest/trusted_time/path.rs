//! From a time stamp authority's certificate up to whoever vouches for it.

use der::Encode as _;
use der::asn1::ObjectIdentifier;
use x509_cert::Certificate;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use zwieback_model::digest::Digest;
use zwieback_model::timestamp::Timestamp;

use super::refused::{malformed, unknown};
use super::stamp::Voucher;
use crate::public_key::PublicKey;
use crate::reason::{Reason, Refusal};

const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
/// An authority, two intermediates and a root: nobody has more.
const LONGEST: usize = 4;

/// The certificates that vouch for one that may stamp time, that one first, and why there are no more of them.
/// Who of them is trusted is for whoever asks.
///
/// Every certificate on the way is valid at the time, not only the first (GHSA-wfqv-66vq-46rm).
pub fn path(
    leaf: &Certificate,
    others: &[&Certificate],
    time: Timestamp,
) -> Result<(Vec<Voucher>, Refusal), Refusal> {
    check_purpose(leaf)?;
    check_validity(leaf, time)?;
    let mut path = vec![leaf];
    let mut current = leaf;
    let end = loop {
        let issues = |other: &&Certificate| !path.contains(other) && has_issued(other, current);
        let Some(issuer) = others.iter().copied().find(issues) else {
            break unknown(current.tbs_certificate().issuer());
        };
        if path.len() > LONGEST {
            break unknown("the path is too long");
        }
        if let Err(expired) = check_validity(issuer, time) {
            break expired;
        }
        path.push(issuer);
        current = issuer;
    };
    let vouchers = path.into_iter().map(voucher);
    Ok((vouchers.collect::<Result<_, _>>()?, end))
}

fn voucher(certificate: &Certificate) -> Result<Voucher, Refusal> {
    let key = certificate.tbs_certificate().subject_public_key_info();
    let key = PublicKey::from_der(&key.to_der().map_err(malformed)?);
    let der = certificate.to_der().map_err(malformed)?;
    Ok(Voucher {
        certificate: Digest::sha256(&der),
        key: key.map_err(malformed)?.id(),
    })
}

/// RFC 3161 section 2.3: the key stamps time and does nothing else, and says so critically.
fn check_purpose(certificate: &Certificate) -> Result<(), Refusal> {
    let usage = certificate
        .tbs_certificate()
        .get_extension::<ExtendedKeyUsage>();
    match usage.map_err(malformed)? {
        Some((true, usage)) if usage.0 == [TIME_STAMPING] => Ok(()),
        _ => {
            let saw = certificate.tbs_certificate().subject();
            Err(Refusal::new(Reason::TimestampPurpose, saw))
        }
    }
}

fn check_validity(certificate: &Certificate, time: Timestamp) -> Result<(), Refusal> {
    let validity = certificate.tbs_certificate().validity();
    let seconds = |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs());
    let (from, until) = (seconds(validity.not_before), seconds(validity.not_after));
    let (from, until) = (from.map_err(malformed)?, until.map_err(malformed)?);
    if (from..=until).contains(&time.as_unix()) {
        return Ok(());
    }
    let subject = certificate.tbs_certificate().subject();
    Err(Refusal::new(
        Reason::TimestampExpired,
        format!("{subject} at {time}"),
    ))
}

pub(super) fn has_issued(issuer: &Certificate, certificate: &Certificate) -> bool {
    let (above, below) = (issuer.tbs_certificate(), certificate.tbs_certificate());
    let may_issue = matches!(above.get_extension::<BasicConstraints>(), Ok(Some((_, it))) if it.ca)
        && match above.get_extension::<KeyUsage>() {
            Ok(Some((_, usage))) => usage.key_cert_sign(),
            Ok(None) => true,
            Err(_) => false,
        };
    let key = above.subject_public_key_info().to_der().ok();
    let key = key.and_then(|der| PublicKey::from_der(&der).ok());
    let (Some(key), Ok(message)) = (key, below.to_der()) else {
        return false;
    };
    let signature = certificate.signature().as_bytes().unwrap_or_default();
    may_issue
        && above.subject() == below.issuer()
        && below.signature() == certificate.signature_algorithm()
        && key.confirm(&message, signature).is_ok()
}
