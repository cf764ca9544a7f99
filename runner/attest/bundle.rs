//! The Sigstore bundle v0.3, signed with a key: one file that carries all that verification needs.

use zwieback_model::base64;
use zwieback_model::json::canonical;
use zwieback_model::json::fields::{FieldError, FieldProblem, Fields};
use zwieback_model::json::strict::{self, JsonError};
use zwieback_model::json::value::Value;
use zwieback_model::name::Name;

use super::dsse::{Draft, Envelope};
use super::public_key::{PublicKey, SignatureError};
use super::resource::present;

/// The media type of the one version that is written and read.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// An older spelling of the same version, which other tools still write.
const OLDER_SPELLING: &str = "application/vnd.dev.sigstore.bundle+json;version=0.3";

/// An envelope with exactly one signature and what helps to check it. Nothing is checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    envelope: Envelope,
    /// The key's name; only ever a hint.
    hint: String,
    /// RFC 3161 responses over the signature, in DER.
    timestamps: Vec<Vec<u8>>,
    /// Entries of transparency logs, kept as they are.
    log_entries: Vec<Value>,
}

/// Bytes that are no bundle we take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Not JSON with one reading.
    #[error("the bundle is not strict JSON: {0}")]
    Json(#[from] JsonError),
    /// JSON of another shape.
    #[error("the bundle has another shape: {0}")]
    Field(#[from] FieldError),
    /// Another kind of file, or another version.
    #[error("the bundle is a {0:?}, {MEDIA_TYPE:?} is expected")]
    MediaType(String),
    /// Two members of which only one may be there: readers would pick differently.
    #[error("the bundle has both `{0}` and `{1}`")]
    Ambiguous(&'static str, &'static str),
    /// A member in place of the one we need.
    #[error("the bundle has a `{found}`, a `{expected}` is expected")]
    Instead {
        /// What is there.
        found: &'static str,
        /// What we can verify.
        expected: &'static str,
    },
    /// No signature, or several: the format allows one (m of n are m bundles).
    #[error("the bundle has {0} signatures, exactly one is expected")]
    SignatureCount(usize),
    /// The two places that name the key do not agree.
    #[error("the bundle's hint names the key {hint:?}, its signature {key_id:?}")]
    HintMismatch {
        /// `verificationMaterial.publicKey.hint`.
        hint: String,
        /// `keyid` of the signature.
        key_id: String,
    },
}

/// The most time stamps of a bundle: one of each authority that was asked.
pub const MOST_TIMESTAMPS: usize = 16;

/// How the file name of a bundle ends.
pub const ENDING: &str = ".sigstore.json";

/// The file name of the bundle of a release.
pub fn file_name(name: &Name, version: &str) -> String {
    format!("{}{ENDING}", release(name, version))
}

/// `NAME-VERSION`: how the names of all files about a release begin.
pub fn release(name: &Name, version: &str) -> String {
    // A version can hold what a file name cannot: Debian's epochs, a slash in a branch's name.
    let plain = |c: char| if c == '/' || c.is_control() { '_' } else { c };
    let version: String = version.chars().map(plain).collect();
    format!("{name}-{version}")
}

impl Bundle {
    /// Puts a key's signature to a draft, once the key has confirmed it.
    ///
    /// The check costs a tenth of a millisecond and keeps a broken token or agent from producing
    /// bundles that nobody can verify.
    pub fn seal(draft: Draft, key: &PublicKey, signature: Vec<u8>) -> Result<Self, SignatureError> {
        key.confirm(&draft.pae(), &signature)?;
        let hint = key.id().to_string();
        Ok(Self {
            envelope: draft.signed(hint.clone(), signature),
            hint,
            timestamps: Vec::new(),
            log_entries: Vec::new(),
        })
    }

    /// Adds an RFC 3161 response (DER) over [`Bundle::signature`].
    #[must_use]
    pub fn with_timestamp(mut self, response: Vec<u8>) -> Self {
        self.timestamps.push(response);
        self
    }

    /// Adds the entry of a transparency log, with the proof that it is there.
    #[must_use]
    pub fn with_log_entry(mut self, entry: Value) -> Self {
        self.log_entries.push(entry);
        self
    }

    /// The envelope.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The bytes that were signed.
    pub(super) fn into_payload(self) -> Vec<u8> {
        self.envelope.payload
    }

    /// Which key it claims to be signed by.
    pub fn hint(&self) -> &str {
        &self.hint
    }

    /// The bytes of the one signature.
    pub fn signature(&self) -> &[u8] {
        let first = self.envelope.signatures.first();
        first.map_or(&[], |signature| &signature.bytes)
    }

    /// The RFC 3161 responses, in DER.
    pub fn timestamps(&self) -> &[Vec<u8>] {
        &self.timestamps
    }

    /// The entries of transparency logs.
    pub fn log_entries(&self) -> &[Value] {
        &self.log_entries
    }

    /// The canonical bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        canonical::to_bytes(&Value::object([
            ("mediaType", MEDIA_TYPE.into()),
            ("verificationMaterial", self.material()),
            ("dsseEnvelope", self.envelope.to_value()),
        ]))
    }

    /// Reads a bundle. Unknown members are ignored, ambiguous ones are not.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        let document = strict::parse(bytes)?;
        let fields = Fields::of(&document, "")?;
        let media_type = fields.text("mediaType")?;
        if ![MEDIA_TYPE, OLDER_SPELLING].contains(&media_type) {
            return Err(BundleError::MediaType(media_type.to_owned()));
        }
        one_of(&fields, "dsseEnvelope", &["messageSignature"])?;
        let material = fields.object("verificationMaterial")?;
        one_of(
            &material,
            "publicKey",
            &["certificate", "x509CertificateChain"],
        )?;
        let bundle = Self {
            envelope: Envelope::read(&fields.object("dsseEnvelope")?)?,
            hint: read_hint(&material)?,
            timestamps: read_timestamps(&material)?,
            log_entries: read_log_entries(&material)?,
        };
        bundle.check()?;
        Ok(bundle)
    }

    fn material(&self) -> Value {
        let stamp =
            |der: &Vec<u8>| Value::object([("signedTimestamp", base64::encode(der).into())]);
        let stamps: Vec<Value> = self.timestamps.iter().map(stamp).collect();
        let public_key = Value::object([("hint", self.hint.as_str().into())]);
        present([
            ("publicKey", Some(public_key)),
            ("tlogEntries", Some(self.log_entries.clone().into())),
            (
                "timestampVerificationData",
                Some(present([("rfc3161Timestamps", Some(stamps.into()))])),
            ),
        ])
    }

    fn check(&self) -> Result<(), BundleError> {
        let [signature] = self.envelope.signatures.as_slice() else {
            return Err(BundleError::SignatureCount(self.envelope.signatures.len()));
        };
        match &signature.key_id {
            Some(key_id) if *key_id != self.hint => Err(BundleError::HintMismatch {
                hint: self.hint.clone(),
                key_id: key_id.clone(),
            }),
            // DSSE: an absent keyid is the same as an empty one, and claims nothing.
            _ => Ok(()),
        }
    }
}

/// Protobuf's `oneof` in JSON is several optional members, of which one may be there.
fn one_of(
    fields: &Fields<'_>,
    wanted: &'static str,
    others: &[&'static str],
) -> Result<(), BundleError> {
    let other = others.iter().find(|name| fields.value(name).is_some());
    match (fields.value(wanted), other) {
        (Some(_), Some(other)) => Err(BundleError::Ambiguous(wanted, other)),
        (None, Some(found)) => Err(BundleError::Instead {
            found,
            expected: wanted,
        }),
        (Some(_), None) => Ok(()),
        (None, None) => Err(fields.error(wanted, FieldProblem::Missing).into()),
    }
}

fn read_hint(material: &Fields<'_>) -> Result<String, FieldError> {
    let hint = material.object("publicKey")?.optional_text("hint")?;
    Ok(hint.unwrap_or_default().to_owned())
}

fn read_timestamps(material: &Fields<'_>) -> Result<Vec<Vec<u8>>, FieldError> {
    let Some(data) = material.optional_object("timestampVerificationData")? else {
        return Ok(Vec::new());
    };
    let read =
        |(path, value): (String, &Value)| Fields::of(value, &path)?.base64("signedTimestamp");
    let stamps = data.list("rfc3161Timestamps")?;
    if stamps.len() > MOST_TIMESTAMPS {
        let problem = FieldProblem::Rule("has more than 16 time stamps");
        return Err(data.error("rfc3161Timestamps", problem));
    }
    stamps.into_iter().map(read).collect()
}

fn read_log_entries(material: &Fields<'_>) -> Result<Vec<Value>, FieldError> {
    let entries = material.list("tlogEntries")?;
    let read = |(path, value): (String, &Value)| {
        Fields::of(value, &path)?;
        Ok(value.clone())
    };
    entries.into_iter().map(read).collect()
}

#[cfg(test)]
#[path = "bundle_tests.rs"]
mod tests;
