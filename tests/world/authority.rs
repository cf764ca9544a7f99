//! A time stamp authority (RFC 3161), played by openssl.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::skip::skip;

/// Bash: makes a key and a certificate of its own for each name, fit to stamp.
const SELF_SIGNED: &str = r#"
stamper() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -sha256 -days 3650 \
    -subj "/CN=$1" -addext "extendedKeyUsage=critical,timeStamping" -out "$1.pem"
}
"#;

/// What openssl-ts(1) has to be told.
const CONFIGURATION: &str = "[tsa]
default_tsa = here
[here]
serial = serial
default_policy = 1.2.3.4
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
";

/// The folder with its keys and certificates.
#[derive(Clone, Debug)]
pub struct Authority {
    folder: PathBuf,
}

impl Authority {
    /// Makes its certificates by a script, to which `stamper NAME` is known. None, with the reason printed, where
    /// there is no openssl.
    pub fn start(test: &str, folder: &Path, certificates: &str) -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            skip(test, "there is no openssl");
            return None;
        }
        let folder = folder.to_owned();
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("serial"), "01\n").unwrap();
        fs::write(folder.join("ts.conf"), CONFIGURATION).unwrap();
        let authority = Self { folder };
        authority.run(&format!("set -eu{SELF_SIGNED}{certificates}"));
        Some(authority)
    }

    /// Where its files are: `NAME.pem` and `NAME.key`, `query` and `reply`.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs a line there.
    pub fn run(&self, script: &str) {
        let mut bash = Command::new("bash");
        bash.args(["-c", script]).current_dir(&self.folder);
        let output = bash.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// Its answer to a request, by one of its keys.
    pub fn reply(&self, query: &[u8], signer: &str) -> Vec<u8> {
        self.reply_with(query, signer, "")
    }

    /// The same with more options of `openssl ts -reply`.
    pub fn reply_with(&self, query: &[u8], signer: &str, options: &str) -> Vec<u8> {
        fs::write(self.folder.join("query"), query).unwrap();
        self.run(&format!(
            "openssl ts -reply -config ts.conf -queryfile query -signer {signer}.pem -inkey {signer}.key -out reply {options}"
        ));
        fs::read(self.folder.join("reply")).unwrap()
    }

    /// A certificate as PEM.
    pub fn pem(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.join(format!("{name}.pem"))).unwrap()
    }
}
