//! A policy from a file: as its user wrote it, or signed by the keepers of the trust root.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use zwieback_attest::dsse::Envelope;
use zwieback_attest::policy::file::PolicyError;
use zwieback_attest::policy::rego::{Rego, UnusableModule};
use zwieback_attest::policy::signed::{self, KnownPolicy};
use zwieback_attest::reason::{Reason, Refusal};
use zwieback_attest::trust::Trust;
use zwieback_attest::trust_root::TrustRoot;
use zwieback_host::dirs::Dirs;
use zwieback_host::fs::given_file::{self, DOCUMENT};
use zwieback_host::rego::RegoProcess;
use zwieback_model::amount::counted;
use zwieback_model::digest::Digest;

use super::countersign::{CountersignError, check_count, countersign, keep};
use super::root_file::hold;
use super::root_memory::{Line, Memory, RootStateError};
use crate::pipeline::context::answer::{Answer, End, Ended, Tell};
use crate::pipeline::context::failure::Failure;
use crate::pipeline::context::keyring::KeyChoice;

/// Where the newest policy of a line is remembered.
const POLICY: &str = "policy";

/// Why a policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFileError {
    /// It is signed, and does not count.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Its text is no policy.
    #[error("{}: {source}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// Why.
        source: PolicyError,
    },
    /// One of its modules is of no use.
    #[error("{}: {source}", path.display())]
    Module {
        /// The file.
        path: PathBuf,
        /// Why.
        source: UnusableModule,
    },
    /// A file cannot be read or written.
    #[error(transparent)]
    State(#[from] RootStateError),
    /// It was not signed.
    #[error(transparent)]
    Sign(#[from] CountersignError),
}

/// What came of signing a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedPolicy {
    /// Its version.
    pub version: u64,
    /// How many different signatures it has now.
    pub signatures: usize,
}

/// Signs a policy with every key chosen and writes it, in place of an older one at most.
///
/// The file may hold the text, or an envelope that other keepers have signed already.
pub fn sign(
    file: &Path,
    output: &Path,
    keys: &[KeyChoice],
    dirs: &Dirs,
    rego: &dyn Rego,
) -> Result<SignedPolicy, PolicyFileError> {
    let bytes = given_file::read(file, DOCUMENT).map_err(failed(file))?;
    let (mut envelope, known) = if signed::is_envelope(&bytes) {
        signed::read(&bytes)?
    } else {
        let (text, known) = read_text(file, &bytes)?;
        (signed::envelope(text), known)
    };
    check(file, &known, rego)?;
    let version = known.policy.version();
    there(output, &known)?;
    let signed = countersign(&mut envelope, keys, dirs)?;
    // A passphrase may have been asked for: another keeper may have signed meanwhile.
    let _files = hold(&[output])?;
    let _memory = Memory::hold(dirs)?;
    if let Some(other) = there(output, &known)? {
        envelope.join(other, &signed);
    }
    check_count(&envelope)?;
    keep(&envelope, output)?;
    Ok(SignedPolicy {
        version,
        signatures: envelope.signatures.len(),
    })
}

impl PolicyFileError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Sign(error) => error.hint(),
            Self::Refused(_) | Self::Text { .. } | Self::Module { .. } | Self::State(_) => None,
        }
    }
}

/// Whether a text that nobody signed is taken for a policy where a trust root names its keepers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnsignedPolicy {
    /// It is not: whoever can write the file could decide.
    #[default]
    Refused,
    /// It is: the user said so.
    Taken,
}

/// Reads a policy. Under a trust root its keepers must have signed it, and it may not grow older; a
/// key alone has no keepers, and what its user wrote is all there is.
pub fn open(
    dirs: &Dirs,
    path: &Path,
    bytes: &[u8],
    (trust, unsigned): (&Trust, UnsignedPolicy),
    rego: &dyn Rego,
) -> Result<KnownPolicy, PolicyFileError> {
    let unsigned_is_taken = unsigned == UnsignedPolicy::Taken;
    let refuse = |saw: String| Err(Refusal::new(Reason::PolicySignatures, saw).into());
    let known = match (signed::is_envelope(bytes), trust) {
        (true, Trust::Root(root)) => signed_by(root, dirs, bytes)?,
        (true, Trust::Key(_)) => {
            return refuse("a signed policy is judged by a trust root: use --trust".to_owned());
        }
        (false, Trust::Root(_)) if !unsigned_is_taken => {
            return refuse(format!(
                "{} is a text that nobody signed; its keepers sign it with `zwieback policy sign`, \
                 and --unsigned-policy takes it as it is",
                path.display()
            ));
        }
        (false, _) => read_text(path, bytes)?.1,
    };
    check(path, &known, rego)?;
    Ok(known)
}

/// What is wrong with a policy shows when it is read, not when it counts.
fn check(path: &Path, known: &KnownPolicy, rego: &dyn Rego) -> Result<(), PolicyFileError> {
    if known.policy.asks_nothing() {
        let saw = format!(
            "{} has no rule: `[require]` is the place for one",
            path.display()
        );
        return Err(Refusal::new(Reason::PolicyAsksNothing, saw).into());
    }
    let looked = known.policy.check_modules(rego);
    looked.map_err(|source| PolicyFileError::Module {
        path: path.to_owned(),
        source,
    })
}

fn read_text<'b>(path: &Path, bytes: &'b [u8]) -> Result<(&'b str, KnownPolicy), PolicyFileError> {
    let malformed = |error| Refusal::new(Reason::PolicyMalformed, error);
    let text = std::str::from_utf8(bytes).map_err(malformed)?;
    let known = signed::unsigned(text).map_err(|source| PolicyFileError::Text {
        path: path.to_owned(),
        source,
    })?;
    Ok((text, known))
}

/// The same policy as it is signed already; one that is newer, or another one of its version, is not replaced.
fn there(path: &Path, policy: &KnownPolicy) -> Result<Option<Envelope>, PolicyFileError> {
    match given_file::read(path, DOCUMENT) {
        Ok(bytes) => {
            let (envelope, known) = signed::read(&bytes)?;
            let before = Known {
                version: known.policy.version(),
                digest: Some(known.digest),
            };
            check_succession(&before, policy.policy.version(), policy.digest)?;
            Ok(Some(envelope).filter(|_| known.digest == policy.digest))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path)(error).into()),
    }
}

fn signed_by(root: &TrustRoot, dirs: &Dirs, bytes: &[u8]) -> Result<KnownPolicy, PolicyFileError> {
    let known = signed::open(bytes, &root.quorum, 0)?;
    // From here to the end: what another command met meanwhile would be forgotten otherwise.
    let memory = Memory::hold(dirs)?;
    let line = Line::of_known(&memory, root)?;
    // Of the line of roots, not of its keepers: those may change, and what was seen was seen.
    let place = |folder: &Path| folder.join(POLICY);
    let former = line.roots().map(|past| former_place(dirs, &past.root));
    let mut newest = Known::default();
    for seen in line.folders().map(place).chain(former) {
        let before = newest_at(&seen)?;
        if before.version > newest.version {
            newest = before;
        }
    }
    check_succession(&newest, known.policy.version(), known.digest)?;
    if known.policy.version() > newest.version {
        let seen = format!("{} {}\n", known.policy.version(), known.digest);
        line.remember_as(POLICY, seen.as_bytes())?;
    }
    Ok(known)
}

/// Where versions before this one remembered the policies of a root: under its keepers.
fn former_place(dirs: &Dirs, root: &TrustRoot) -> PathBuf {
    // By their former names: what was met before keys had fingerprints is not forgotten.
    let keys = root.quorum.keys.iter();
    let keys = keys.map(|key| key.id().former_name().to_string());
    let keys = keys.collect::<Vec<_>>().join("\n");
    let keepers = Digest::sha256(keys.as_bytes());
    dirs.state.join("policies").join(keepers.to_hex())
}

/// The newest policy that was met: its version, and the digest of its text.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    version: u64,
    digest: Option<Digest>,
}

/// One version is one text: keepers who sign two would tell each reader something else.
fn check_succession(before: &Known, version: u64, digest: Digest) -> Result<(), Refusal> {
    let is_other = before.digest.is_some_and(|before| before != digest);
    if version < before.version || version == before.version && is_other {
        let saw = format!("version {version} after {}", before.version);
        return Err(Refusal::new(Reason::PolicyRollback, saw));
    }
    Ok(())
}

/// What cannot be read may not count as nothing: that would let an older policy in.
fn newest_at(state: &Path) -> Result<Known, RootStateError> {
    let broken = |error: &dyn std::fmt::Display| {
        failed(state)(io::Error::new(ErrorKind::InvalidData, error.to_string()))
    };
    let text = match given_file::read_text(state, DOCUMENT) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Known::default()),
        Err(error) => return Err(failed(state)(error)),
    };
    let mut words = text.split_whitespace();
    let version = words.next().unwrap_or_default().parse();
    Ok(Known {
        version: version.map_err(|error| broken(&error))?,
        digest: words
            .next()
            .map(str::parse)
            .transpose()
            .map_err(|error| broken(&error))?,
    })
}

fn failed(path: &Path) -> impl Fn(io::Error) -> RootStateError {
    let path = path.to_owned();
    move |source| RootStateError::Io {
        path: path.clone(),
        source,
    }
}

impl From<PolicyFileError> for Failure {
    fn from(error: PolicyFileError) -> Self {
        let hint = error.hint();
        Self::new(error).with_hint(hint)
    }
}

/// `zwieback policy sign`: signs a policy with the Rego of this machine.
pub fn sign_here(
    policy: &Path,
    output: &Path,
    (keys, dirs): (&[KeyChoice], &Dirs),
    screen: &dyn Tell,
) -> Ended {
    let signed = match sign(policy, output, keys, dirs, &RegoProcess::default()) {
        // A refusal is one of a verification.
        Err(PolicyFileError::Refused(refusal)) => return Err(refusal.into()),
        signed => signed?,
    };
    let (file, version) = (output.display(), signed.version);
    let signatures = counted(signed.signatures, "signature");
    screen.tell(&Answer::Beside(format!(
        "{file}: version {version}, {signatures}"
    )))?;
    Ok(End::Done)
}
