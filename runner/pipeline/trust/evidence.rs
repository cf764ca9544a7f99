//! What every check of a bundle reads: the bundle, the artifacts, and whom to believe.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use zwieback_attest::folder::Leave;
use zwieback_attest::policy::signed::KnownPolicy;
use zwieback_attest::public_key::PublicKey;
use zwieback_attest::trust::Trust;
use zwieback_attest::trust_root::TrustRoot;
use zwieback_attest::verified::Artifact;
use zwieback_host::clock;
use zwieback_host::dirs::Dirs;
use zwieback_host::fs::artifact_file::{self, ArtifactFileError};
use zwieback_host::fs::given_file::{self, DOCUMENT};
use zwieback_host::keys::key_directory::read_public;
use zwieback_host::rego::RegoProcess;
use zwieback_model::digest::Sha256;

use super::bundles::{self, LINES};
use super::folder_terms::Evidence;
use super::policy_file::{self, PolicyFileError, UnsignedPolicy};
use super::root_memory::RootStateError;
use super::root_state;
use super::tree_file::TreeFiles;
use super::verification::Asked;
use crate::pipeline::context::failure::{About as _, Failure, Kind};

/// Whom to believe, by the files that say so.
#[derive(Clone, Debug, Default)]
pub struct TrustOptions {
    /// One public key.
    pub key: Option<PathBuf>,
    /// A signed trust root.
    pub root: Option<PathBuf>,
}

/// What is verified, by what.
#[derive(Clone, Debug, Default)]
pub struct EvidenceOptions {
    /// Files and folders.
    pub artifacts: Vec<PathBuf>,
    /// Bundles, or lines of such.
    pub bundles: Vec<PathBuf>,
    /// Whom to believe.
    pub trust: TrustOptions,
    /// Where the artifacts are to be used.
    pub environment: Option<String>,
}

/// Whether one of these files is so long that it is read only where the configuration says so.
pub fn are_long(artifacts: &[PathBuf]) -> bool {
    artifacts.iter().any(|path| artifact_file::is_long(path))
}

/// Whom the options say to believe; no one, where they say nothing.
pub fn trust(options: &TrustOptions) -> Result<Option<Trust>, Failure> {
    if let Some(key) = &options.key {
        return Ok(Some(Trust::Key(Box::new(read_public(key)?))));
    }
    let Some(root) = &options.root else {
        return Ok(None);
    };
    let root = self::root(root, &read(root)?)?;
    Ok(Some(Trust::Root(Box::new(root))))
}

/// The trust root of a file, which may not be older than what was met of its line.
pub fn root(path: &Path, bytes: &[u8]) -> Result<TrustRoot, Failure> {
    match root_state::open_at(&Dirs::of_user()?, path, bytes) {
        Ok(root) => Ok(root),
        // As a refusal it has a code of its own.
        Err(RootStateError::Refused(refusal)) => Err(refusal.into()),
        Err(error) => Err(error.into()),
    }
}

/// All that a verification asks, but for the policy.
pub fn asked(options: &EvidenceOptions) -> Result<Asked, Failure> {
    let Some(trust) = trust(&options.trust)? else {
        return Err(Failure::asked(
            "whom to believe is not said: --key PUB.pem or --trust ROOT",
        ));
    };
    let (folders, files): (Vec<_>, Vec<_>) =
        options.artifacts.iter().partition(|path| path.is_dir());
    let (mut bundles, mut named) = (Vec::new(), Vec::new());
    for path in &options.bundles {
        let bytes = read(path)?;
        // What lies in no folder is not looked for in one: that would take one more digest of each.
        if !folders.is_empty() {
            named.push(Evidence::of(&bytes));
        }
        bundles.extend(bundles_of(path, bytes, &trust)?);
    }
    let files = files.into_iter().map(|path| artifact(path));
    Ok(Asked {
        bundles,
        artifacts: files.collect::<Result<_, Failure>>()?,
        folders: folders.into_iter().cloned().collect(),
        leave: Leave::default(),
        evidence: named,
        trees: TreeFiles::beside(&options.bundles),
        trust,
        policy: None,
        environment: options.environment.as_deref().map(str::parse).transpose()?,
        rego: RegoProcess::default(),
        now: clock::now(),
    })
}

fn bundles_of(path: &Path, bytes: Vec<u8>, trust: &Trust) -> Result<Vec<Vec<u8>>, Failure> {
    if !path.as_os_str().as_bytes().ends_with(LINES.as_bytes()) {
        return Ok(vec![bytes]);
    }
    let keys: Vec<PublicKey> = trust.keys().into_iter().cloned().collect();
    Ok(bundles::of_lines(&bytes, &keys)?)
}

/// The policy of a file, for what is asked.
pub fn policy(
    path: &Path,
    unsigned: UnsignedPolicy,
    asked: &Asked,
) -> Result<KnownPolicy, Failure> {
    policy_of(path, (&asked.trust, unsigned), &asked.rego)
}

/// The policy of a file, for whom these believe.
pub fn policy_of(
    path: &Path,
    terms: (&Trust, UnsignedPolicy),
    rego: &RegoProcess,
) -> Result<KnownPolicy, Failure> {
    let bytes = read(path)?;
    match policy_file::open(&Dirs::of_user()?, path, &bytes, terms, rego) {
        Ok(policy) => Ok(policy),
        Err(PolicyFileError::Refused(refusal)) => Err(refusal.into()),
        Err(error) => Err(error.into()),
    }
}

/// The bytes of a small file; one that is too large is cut, so that its reader refuses it.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    given_file::read_start(path, DOCUMENT).with_context(|| path.display().to_string())
}

/// Reads files with the one digest that every statement names: a second would cost as much again.
pub fn artifact(path: &Path) -> Result<Artifact, Failure> {
    let name = path.display().to_string();
    let mut file = match artifact_file::open(path) {
        Err(ArtifactFileError::Io(error)) => Err(error).with_context(|| name.clone()),
        Err(error) => {
            let hint = error.hint();
            let failed: Result<File, _> = Err(error).with_context(|| name.clone());
            failed.map_err(|failure| failure.with_kind(Kind::Limit).with_hint(hint))
        }
        Ok(file) => Ok(file),
    }?;
    let mut sha256 = Sha256::default();
    let mut piece = vec![0; 1 << 18];
    loop {
        match file.read(&mut piece).with_context(|| name.clone())? {
            0 => {
                return Ok(Artifact {
                    name,
                    sha256: sha256.finish(),
                    blake3: None,
                });
            }
            count => sha256.update(&piece[..count]),
        }
    }
}
