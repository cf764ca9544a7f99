//! Sigstore's `trusted_root.json`: by which its clients believe our log.

use zwieback_model::base64;
use zwieback_model::json::canonical;
use zwieback_model::json::value::Value;
use zwieback_model::timestamp::Timestamp;

use super::note_key::NoteKey;

const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";

/// The file for one log, whose address must contain its name.
pub fn trusted_root(log: &NoteKey, start: Timestamp) -> String {
    let valid = Value::object([("start", start.to_string().into())]);
    let key = Value::object([
        ("rawBytes", base64::encode(&log.to_der()).into()),
        ("keyDetails", "PKIX_ED25519".into()),
        ("validFor", valid),
    ]);
    let entry = Value::object([
        ("baseUrl", format!("https://{}", log.name()).into()),
        ("hashAlgorithm", "SHA2_256".into()),
        ("publicKey", key),
        (
            "logId",
            Value::object([("keyId", base64::encode(&log.log_id()).into())]),
        ),
    ]);
    let none = || Value::Array(Vec::new());
    canonical::to_pretty(&Value::object([
        ("mediaType", MEDIA_TYPE.into()),
        ("tlogs", vec![entry].into()),
        ("certificateAuthorities", none()),
        ("ctlogs", none()),
        ("timestampAuthorities", none()),
    ])) + "\n"
}
