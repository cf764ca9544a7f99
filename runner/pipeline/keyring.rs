//! Chapter: the key to sign with, made on first use.

use std::path::{Path, PathBuf};

use zwieback_core::attest::public_key::{Algorithm, PublicKey};
use zwieback_core::name::Name;
use zwieback_host::dirs::Dirs;
use zwieback_host::keys::key_directory::{KeyDirectory, KeyDirectoryError, open_file};
use zwieback_host::keys::pkcs11::Pkcs11Error;
use zwieback_host::keys::signer::Signer;

/// The key that is used where none is named.
const DEFAULT: &str = "default";

/// A key that can sign.
pub struct Keyring {
    /// The key.
    pub signer: Box<dyn Signer>,
    /// Set if the key was made just now.
    pub fresh: Option<FreshKey>,
}

/// A key that did not exist before.
#[derive(Clone, Debug)]
pub struct FreshKey {
    /// Its public half.
    pub public: PublicKey,
    /// Where its private half lies.
    pub path: PathBuf,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// A key file cannot be used.
    #[error(transparent)]
    File(#[from] KeyDirectoryError),
    /// A token cannot be used.
    #[error(transparent)]
    Token(#[from] Pkcs11Error),
    /// What was named is neither a file nor a key of the user's folder.
    #[error("there is no key `{0}`")]
    Unknown(String),
}

impl KeyringError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::Token(error) => error.hint(),
            Self::Unknown(_) => {
                Some("`zwieback key generate NAME` makes one; a file is named with its path".into())
            }
        }
    }
}

/// The named key, else the user's own, which is made if there is none.
pub fn open(dirs: &Dirs, named: Option<&Path>) -> Result<Keyring, KeyringError> {
    let folder = KeyDirectory::new(dirs.keys());
    let Some(named) = named else {
        let name = default_name();
        if !folder.private_path(&name).exists() {
            return create(dirs, &name, Algorithm::EcdsaP256);
        }
        return Ok(kept(folder.open(&name, None)?));
    };
    // A folder of that name is no key: `log` may be both.
    if named.components().count() == 1 && !named.is_file() {
        let unknown = || KeyringError::Unknown(named.display().to_string());
        let name: Name = named
            .to_str()
            .and_then(|text| text.parse().ok())
            .ok_or_else(unknown)?;
        if !folder.private_path(&name).exists() {
            return Err(unknown());
        }
        return Ok(kept(folder.open(&name, None)?));
    }
    Ok(kept(open_file(named, None)?))
}

/// Makes a key in the user's folder.
pub fn create(dirs: &Dirs, name: &Name, algorithm: Algorithm) -> Result<Keyring, KeyringError> {
    let folder = KeyDirectory::new(dirs.keys());
    let key = folder.create(name, algorithm, None)?;
    let fresh = FreshKey {
        public: key.public_key().clone(),
        path: folder.private_path(name),
    };
    Ok(Keyring {
        signer: Box::new(key),
        fresh: Some(fresh),
    })
}

/// The name of the key that is used where none is named.
pub fn default_name() -> Name {
    DEFAULT.parse().expect("the word is a name")
}

impl FreshKey {
    /// What the user should know about it.
    pub fn notice(&self) -> String {
        format!(
            "made a signing key, {} ({}); whoever has this file can sign as you: keep it, and give others \
             the public half (`zwieback key show`)",
            self.path.display(),
            self.public.id().short()
        )
    }
}

fn kept(key: impl Signer + 'static) -> Keyring {
    Keyring {
        signer: Box::new(key),
        fresh: None,
    }
}
