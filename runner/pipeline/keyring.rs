//! Chapter: the key to sign with, wherever it is; the user's own is made on first use.

use std::io;
use std::path::{Path, PathBuf};

use zwieback_core::attest::public_key::{Algorithm, PublicKey};
use zwieback_core::name::Name;
use zwieback_host::dirs::Dirs;
use zwieback_host::keys::error::{ExternalError, Pkcs11Error};
use zwieback_host::keys::external::ExternalSigner;
use zwieback_host::keys::key_directory::{
    KeyDirectory, KeyDirectoryError, is_encrypted, open_file,
};
use zwieback_host::keys::locator::KeyLocator;
use zwieback_host::keys::passphrase::Passphrase;
use zwieback_host::keys::pkcs11::Pkcs11Signer;
use zwieback_host::keys::pkcs11_uri::Pkcs11Uri;
use zwieback_host::keys::private_key::{PrivateKey, PrivateKeyError};
use zwieback_host::keys::signer::Signer;

/// The key that is used where none is named.
const DEFAULT: &str = "default";

/// Which key is to sign, and what opens it.
#[derive(Clone, Debug, Default)]
pub struct KeyChoice {
    /// The key; the user's own if none is named.
    pub key: Option<KeyLocator>,
    /// The file with the passphrase of an encrypted key; without it, the terminal is asked.
    pub passphrase_file: Option<PathBuf>,
}

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
    /// A command that signs cannot be used.
    #[error(transparent)]
    Command(#[from] ExternalError),
    /// What was named is neither a file nor a key of the user's folder.
    #[error("there is no key `{0}`")]
    Unknown(String),
    /// The file with the passphrase cannot be used.
    #[error("the passphrase cannot be read: {0}")]
    PassphraseFile(#[source] KeyDirectoryError),
    /// The terminal cannot be used.
    #[error("the terminal cannot be asked for a passphrase: {0}")]
    Terminal(#[from] io::Error),
    /// There is neither a file with it nor a terminal, or the answer was empty.
    #[error("there is no passphrase for {}", .0.display())]
    NoPassphrase(PathBuf),
    /// The two answers differ.
    #[error("the two passphrases differ")]
    TwoPassphrases,
}

impl KeyringError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) | Self::PassphraseFile(error) => error.hint(),
            Self::Token(error) => error.hint(),
            Self::Command(error) => error.hint(),
            Self::Unknown(_) => {
                Some("`zwieback key generate NAME` makes one; a file is named with its path".into())
            }
            Self::NoPassphrase(_) => Some(
                "`sign.passphrase_file` of the configuration names a file with it, for where no one can be asked"
                    .into(),
            ),
            Self::Terminal(_) | Self::TwoPassphrases => None,
        }
    }
}

/// The chosen key, else the user's own, which is made if there is none.
pub fn open(dirs: &Dirs, choice: &KeyChoice) -> Result<Keyring, KeyringError> {
    open_with(dirs, choice, None)
}

/// The same, with the passphrase that [`look`] was given for it, if it was.
pub fn open_with(
    dirs: &Dirs,
    choice: &KeyChoice,
    known: Option<&Passphrase>,
) -> Result<Keyring, KeyringError> {
    let open_file = |path: &Path| open_key_file(path, choice, known);
    match &choice.key {
        None => own(dirs, open_file),
        Some(KeyLocator::Place(place)) => Ok(kept(open_file(&file_of(dirs, place)?)?)),
        Some(KeyLocator::Token(uri)) => Ok(kept(Pkcs11Signer::open((**uri).clone(), Vec::new())?)),
        Some(KeyLocator::Command(command)) => Ok(kept(ExternalSigner::open(command)?)),
    }
}

/// Makes sure, before hours are spent, that the chosen key is there, and asks for the passphrase that
/// opens it unless that is known: nobody may be there to answer when the build ends.
///
/// A key without a passphrase stays closed. One with is tried, for a slip of the finger would be found
/// out too late, and closed again.
pub fn look(
    dirs: &Dirs,
    choice: &KeyChoice,
    known: Option<&Passphrase>,
) -> Result<Option<Passphrase>, KeyringError> {
    let file = match &choice.key {
        Some(KeyLocator::Token(_) | KeyLocator::Command(_)) => {
            return open(dirs, choice).map(|_| None);
        }
        Some(KeyLocator::Place(place)) => file_of(dirs, place)?,
        // It is made when it is needed.
        None if !own_file(dirs).exists() => return Ok(None),
        None => own_file(dirs),
    };
    if !is_encrypted(&file)? || known.is_some() {
        return Ok(None);
    }
    let passphrase = passphrase(choice, &file)?;
    open_file(&file, Some(&passphrase))?;
    Ok(Some(passphrase))
}

/// Makes a key in the user's folder.
pub fn create(
    dirs: &Dirs,
    name: &Name,
    algorithm: Algorithm,
    passphrase: Option<&Passphrase>,
) -> Result<Keyring, KeyringError> {
    let folder = KeyDirectory::new(dirs.keys());
    let key = folder.create(name, algorithm, passphrase)?;
    let fresh = FreshKey {
        public: key.public_key().clone(),
        path: folder.private_path(name),
    };
    Ok(Keyring {
        signer: Box::new(key),
        fresh: Some(fresh),
    })
}

/// Makes a key pair in a token.
pub fn create_in_token(uri: &Pkcs11Uri) -> Result<Keyring, KeyringError> {
    Ok(kept(Pkcs11Signer::generate(uri.clone(), Vec::new())?))
}

/// A passphrase for a new key: from the file, else from the terminal, which is asked twice.
pub fn new_passphrase(choice: &KeyChoice, key: &Path) -> Result<Passphrase, KeyringError> {
    let passphrase = passphrase(choice, key)?;
    if choice.passphrase_file.is_none() {
        let again = Passphrase::ask("The same again: ")?;
        if !again.is_some_and(|again| again.is_same(&passphrase)) {
            return Err(KeyringError::TwoPassphrases);
        }
    }
    Ok(passphrase)
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

fn own_file(dirs: &Dirs) -> PathBuf {
    KeyDirectory::new(dirs.keys()).private_path(&default_name())
}

fn own(
    dirs: &Dirs,
    open_file: impl Fn(&Path) -> Result<PrivateKey, KeyringError>,
) -> Result<Keyring, KeyringError> {
    let path = own_file(dirs);
    if !path.exists() {
        match create(dirs, &default_name(), Algorithm::EcdsaP256, None) {
            // Another first build was quicker: it is the same user's key.
            Err(KeyringError::File(KeyDirectoryError::Exists(_))) => {}
            made => return made,
        }
    }
    Ok(kept(open_file(&path)?))
}

/// A single word that is no file here is the name of a key in the user's folder.
fn file_of(dirs: &Dirs, place: &Path) -> Result<PathBuf, KeyringError> {
    // A folder of that name is no key: `log` may be both.
    if place.components().count() != 1 || place.is_file() {
        return Ok(place.to_owned());
    }
    let name = place.to_str().and_then(|text| text.parse().ok());
    let file = name.map(|name: Name| KeyDirectory::new(dirs.keys()).private_path(&name));
    let file = file.filter(|file| file.exists());
    file.ok_or_else(|| KeyringError::Unknown(place.display().to_string()))
}

fn open_key_file(
    path: &Path,
    choice: &KeyChoice,
    known: Option<&Passphrase>,
) -> Result<PrivateKey, KeyringError> {
    match open_file(path, known) {
        Err(KeyDirectoryError::Private {
            source: PrivateKeyError::Encrypted,
            ..
        }) => Ok(open_file(path, Some(&passphrase(choice, path)?))?),
        other => Ok(other?),
    }
}

fn passphrase(choice: &KeyChoice, key: &Path) -> Result<Passphrase, KeyringError> {
    if let Some(file) = &choice.passphrase_file {
        return Passphrase::read(file).map_err(KeyringError::PassphraseFile);
    }
    let answer = Passphrase::ask(&format!("Passphrase of {}: ", key.display()))?;
    answer.ok_or_else(|| KeyringError::NoPassphrase(key.to_owned()))
}

fn kept(key: impl Signer + 'static) -> Keyring {
    Keyring {
        signer: Box::new(key),
        fresh: None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::thread;

    use super::*;

    #[test]
    fn first_builds_at_once_come_to_one_key() {
        let home = tempfile::tempdir().unwrap();
        let place = |name| home.path().join(name);
        let dirs = Dirs {
            config: place("config"),
            data: place("data"),
            cache: place("cache"),
            state: place("state"),
        };
        let first = || {
            let keyring = open(&dirs, &KeyChoice::default()).unwrap();
            (keyring.signer.public_key().id(), keyring.fresh.is_some())
        };
        let keys: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(first)).collect();
            threads.into_iter().map(|it| it.join().unwrap()).collect()
        });
        let different: BTreeSet<_> = keys.iter().map(|(key, _)| key).collect();
        assert_eq!(different.len(), 1);
        assert_eq!(keys.iter().filter(|(_, is_fresh)| *is_fresh).count(), 1);
    }
}
