//! A key in a PKCS#11 token, reached through `pkcs11-tool` of `OpenSC`.
//!
//! The runner is one static binary and loads no libraries: static glibc can load a module only on a
//! system with the very glibc it was built with. So another program talks to the token, which also
//! keeps a vendor's code out of this process. The private key never leaves the token; the PIN
//! reaches the program through its environment, which other users cannot read.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::Path;

use zeroize::Zeroizing;
use zwieback_attest::public_key::{Algorithm, PublicKey, ecdsa_der};
use zwieback_model::digest::Digest;

use super::error::{Pkcs11Error, SignError, TOOL};
use super::pkcs11_uri::{PinSource, Pkcs11Uri};
use super::signer::Signer;
use crate::fs::given_file;
use crate::launch::launched::Launch;
use crate::launch::rules::SIGNER;

const PIN_VARIABLE: &str = "ZWIEBACK_PKCS11_PIN";
const LARGEST_PIN: u64 = 4 << 10;

/// A P-256 key in a token.
#[derive(Clone, Debug)]
pub struct Pkcs11Signer {
    uri: Pkcs11Uri,
    id: String,
    environment: Vec<(OsString, OsString)>,
    public: PublicKey,
}

impl Pkcs11Signer {
    /// Makes a key pair in the token; the private half is sensitive and can never be read.
    pub fn generate(
        uri: Pkcs11Uri,
        environment: Vec<(OsString, OsString)>,
    ) -> Result<Self, Pkcs11Error> {
        let label = uri.object.clone().ok_or(Pkcs11Error::NoLabel)?;
        let listing = program(&uri, &environment, &["--list-objects", "--type", "pubkey"]);
        if !ids(&listing.ask(b"")?, &label).is_empty() {
            return Err(Pkcs11Error::Exists(label));
        }
        let mut random = [0; 8];
        getrandom::fill(&mut random)?;
        let id = uri.id.clone().unwrap_or(random.to_vec());
        let new = Pkcs11Uri {
            id: Some(id.clone()),
            ..uri
        };
        let id = hex(&id);
        let how = [
            "--keypairgen",
            "--key-type",
            "EC:prime256v1",
            "--label",
            &label,
            "--id",
            &id,
        ];
        let how = [&how[..], &["--login", "--sensitive", "--usage-sign"]].concat();
        with_pin(program(&new, &environment, &how), &new.pin)?.ask(b"")?;
        Self::open(new, environment)
    }

    /// Reads the public half of the key from the token. Some modules need variables of their own.
    pub fn open(
        uri: Pkcs11Uri,
        environment: Vec<(OsString, OsString)>,
    ) -> Result<Self, Pkcs11Error> {
        let run = |arguments: &[&str]| program(&uri, &environment, arguments).ask(b"");
        // Signing looks at the id alone (OpenSC 0.23 ignores the label there, and takes any key).
        let id = match &uri.id {
            Some(id) => hex(id),
            None => labelled(&run(&["--list-objects", "--type", "pubkey"])?, &uri)?,
        };
        let der = run(&["--read-object", "--type", "pubkey", "--id", &id])?;
        let public = PublicKey::from_der(&der)?;
        match public.algorithm() {
            Algorithm::EcdsaP256 => Ok(Self {
                uri,
                id,
                environment,
                public,
            }),
            other @ Algorithm::Ed25519 => Err(Pkcs11Error::Algorithm(other)),
        }
    }

    fn sign_digest(&self, digest: Digest) -> Result<Vec<u8>, Pkcs11Error> {
        let how = [
            "--login",
            "--sign",
            "--mechanism",
            "ECDSA",
            "--id",
            &self.id,
        ];
        let program = program(&self.uri, &self.environment, &how);
        Ok(with_pin(program, &self.uri.pin)?.ask(digest.as_bytes())?)
    }
}

impl Signer for Pkcs11Signer {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        // CKM_ECDSA signs a digest and returns r and s of 32 bytes each.
        Ok(ecdsa_der(self.sign_digest(Digest::sha256(message))?))
    }
}

fn program(uri: &Pkcs11Uri, environment: &[(OsString, OsString)], arguments: &[&str]) -> Launch {
    let mut all = vec!["--module".to_owned(), uri.module_path.clone()];
    all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            all.extend([name.to_owned(), value]);
        }
    };
    option("--token-label", uri.token.clone());
    option("--slot", uri.slot.map(|slot| slot.to_string()));
    let launch = Launch::new(TOOL, &SIGNER).arguments(all);
    let own = environment.iter();
    own.fold(launch, |launch, (name, value)| launch.set(name, value))
}

fn with_pin(program: Launch, source: &PinSource) -> Result<Launch, Pkcs11Error> {
    let Some(pin) = read_pin(source)? else {
        return Ok(program);
    };
    let place = format!("env:{PIN_VARIABLE}");
    let program = program.arguments(["--pin", &place]);
    Ok(program.set(PIN_VARIABLE, pin.as_str()))
}

/// The id of the one public key with the URI's label.
fn labelled(listing: &[u8], uri: &Pkcs11Uri) -> Result<String, Pkcs11Error> {
    let label = uri.object.clone().unwrap_or_default();
    let mut ids = ids(listing, &label);
    let found = ids.len();
    match ids.pop_first() {
        Some(id) if found == 1 => Ok(id),
        _ => Err(Pkcs11Error::Label { label, found }),
    }
}

/// The ids of all public keys with that label, in a listing of blocks of `name: value` lines.
fn ids(listing: &[u8], label: &str) -> BTreeSet<String> {
    let listing = String::from_utf8_lossy(listing);
    let mut ids = BTreeSet::new();
    for block in listing.split("Public Key Object").skip(1) {
        let value = |name: &str| {
            let mut lines = block.lines().filter_map(|line| line.trim().split_once(':'));
            lines.find_map(|(found, value)| (found == name).then(|| value.trim()))
        };
        if value("label") == Some(label) {
            ids.extend(value("ID").map(str::to_owned));
        }
    }
    ids
}

fn read_pin(source: &PinSource) -> Result<Option<Zeroizing<String>>, Pkcs11Error> {
    match source {
        PinSource::Absent => Ok(None),
        PinSource::Value(pin) => Ok(Some(Zeroizing::new(pin.clone()))),
        PinSource::File(path) => {
            match given_file::read_text(Path::new(path), LARGEST_PIN).map(Zeroizing::new) {
                Ok(text) => Ok(Some(Zeroizing::new(text.trim_end().to_owned()))),
                Err(source) => Err(Pkcs11Error::Pin {
                    path: path.clone(),
                    source,
                }),
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

#[cfg(test)]
#[path = "pkcs11_tests.rs"]
mod tests;
