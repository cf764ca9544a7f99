//! Chapter: the key to sign with, wherever it is; the user's own is made on first use.

use std::io;
use std::path::{Path, PathBuf};

use zwieback_attest::public_key::{Algorithm, PublicKey};
use zwieback_host::dirs::Dirs;
use zwieback_host::fs::private;
use zwieback_host::keys::error::{ExternalError, Pkcs11Error};
use zwieback_host::keys::external::ExternalSigner;
use zwieback_host::keys::key_directory::{
    KeyDirectory, KeyDirectoryError, is_encrypted, open_file, read_public,
};
use zwieback_host::keys::passphrase::Passphrase;
use zwieback_host::keys::pkcs11::Pkcs11Signer;
use zwieback_host::keys::pkcs11_uri::Pkcs11Uri;
use zwieback_host::keys::private_key::{PrivateKey, PrivateKeyError};
use zwieback_host::keys::signer::Signer;
use zwieback_host::keys::uses::{self, Recorded};
use zwieback_model::name::Name;

use super::key_place::{UnknownKey, file_of};

pub use zwieback_host::keys::locator::KeyLocator;

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

impl KeyChoice {
    /// Whether it is a file, which costs nothing to look at.
    pub fn is_file(&self) -> bool {
        !matches!(
            self.key,
            Some(KeyLocator::Token(_) | KeyLocator::Command(_))
        )
    }
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
    /// The key that is used where none is named was there once.
    #[error("the signing key {} is gone", .0.display())]
    Lost(PathBuf),
    /// The note that there is such a key cannot be written or looked for.
    #[error("cannot note the signing key in {}: {source}", path.display())]
    Note {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The key is another one than when the build began.
    #[error("the signing key is {now}, and it was {before} when the build began")]
    Exchanged {
        /// The short name of the key that is there.
        now: String,
        /// That of the key that was there.
        before: String,
    },
    /// What was named is no key of the user's folder.
    #[error(transparent)]
    Unknown(#[from] UnknownKey),
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
            Self::Unknown(error) => Some(error.hint()),
            Self::Lost(_) => Some(
                "put it back from a copy; `zwieback key generate` makes another, which nobody trusts yet: \
                 `zwieback key rotate` puts it into a trust root"
                    .into(),
            ),
            Self::NoPassphrase(_) => Some(
                "`sign.passphrase_file` of the configuration names a file with it, for where no one can be asked"
                    .into(),
            ),
            Self::Exchanged { .. } => Some("find out who did that, and build again".into()),
            Self::Terminal(_) | Self::TwoPassphrases | Self::Note { .. } => None,
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
        Some(KeyLocator::Place(place)) => Ok(kept(dirs, open_file(&file_of(dirs, place)?)?)),
        Some(KeyLocator::Token(uri)) => {
            let token = Pkcs11Signer::open((**uri).clone(), Vec::new())?;
            Ok(kept(dirs, token))
        }
        Some(KeyLocator::Command(command)) => Ok(kept(dirs, ExternalSigner::open(command)?)),
    }
}

/// The public half of the chosen key; none if it is the user's own and was never made.
pub fn public(
    dirs: &Dirs,
    choice: &KeyChoice,
    known: Option<&Passphrase>,
) -> Result<Option<PublicKey>, KeyringError> {
    let file = match &choice.key {
        Some(KeyLocator::Token(_) | KeyLocator::Command(_)) => {
            let keyring = open(dirs, choice)?;
            return Ok(Some(keyring.signer.public_key().clone()));
        }
        Some(KeyLocator::Place(place)) => file_of(dirs, place)?,
        None => match own_file(dirs)? {
            Some(file) => file,
            None => return Ok(None),
        },
    };
    // Nobody is asked for a passphrase only to see whose a signature is.
    let beside = file.with_extension("pub");
    if known.is_none() && is_encrypted(&file)? && beside.is_file() {
        return Ok(Some(read_public(&beside)?));
    }
    let key = open_key_file(&file, choice, known)?;
    Ok(Some(key.public_key().clone()))
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
        None => match own_file(dirs)? {
            Some(file) => file,
            // It is made when it is needed.
            None => return Ok(None),
        },
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
    if *name == default_name() {
        note(dirs, key.public_key())?;
    }
    let fresh = FreshKey {
        public: key.public_key().clone(),
        path: folder.private_path(name),
    };
    Ok(Keyring {
        fresh: Some(fresh),
        ..kept(dirs, key)
    })
}

/// Makes a key pair in a token.
pub fn create_in_token(dirs: &Dirs, uri: &Pkcs11Uri) -> Result<Keyring, KeyringError> {
    let token = Pkcs11Signer::generate(uri.clone(), Vec::new())?;
    Ok(kept(dirs, token))
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

impl Keyring {
    /// Makes sure that it is the key that was looked at before, if one was.
    pub fn must_be(&self, before: Option<&PublicKey>) -> Result<(), KeyringError> {
        let now = self.signer.public_key();
        match before {
            Some(before) if before != now => Err(KeyringError::Exchanged {
                now: now.id().short(),
                before: before.id().short(),
            }),
            _ => Ok(()),
        }
    }
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

/// Where the user's own key is; none if there never was one. A key that is lost is not replaced in
/// silence: nobody trusts the new one, and the old one may be in somebody's hands.
fn own_file(dirs: &Dirs) -> Result<Option<PathBuf>, KeyringError> {
    let (folder, name) = (KeyDirectory::new(dirs.keys()), default_name());
    let path = folder.private_path(&name);
    // The traces first: another first build may be making the key at this moment.
    let was_made = is_there(&folder.public_path(&name))? || is_there(&note_file(dirs))?;
    match (is_there(&path)?, was_made) {
        (true, _) => Ok(Some(path)),
        (false, false) => Ok(None),
        (false, true) => Err(KeyringError::Lost(path)),
    }
}

/// Where it is noted that the user has a key of their own: apart from the keys, with which it would be lost.
fn note_file(dirs: &Dirs) -> PathBuf {
    dirs.state.join("default-key")
}

fn note(dirs: &Dirs, key: &PublicKey) -> Result<(), KeyringError> {
    let path = note_file(dirs);
    let line = format!("{}\n", key.id());
    private::write(&path, line.as_bytes()).map_err(|source| KeyringError::Note { path, source })
}

fn is_there(path: &Path) -> Result<bool, KeyringError> {
    path.try_exists().map_err(|source| KeyringError::Note {
        path: path.to_owned(),
        source,
    })
}

fn own(
    dirs: &Dirs,
    open_file: impl Fn(&Path) -> Result<PrivateKey, KeyringError>,
) -> Result<Keyring, KeyringError> {
    let path = match own_file(dirs)? {
        Some(path) => path,
        None => match create(dirs, &default_name(), Algorithm::EcdsaP256, None) {
            // Another first build was quicker: it is the same user's key.
            Err(KeyringError::File(KeyDirectoryError::Exists(path))) => path,
            made => return made,
        },
    };
    let key = open_file(&path)?;
    // A key of before there were notes.
    if !is_there(&note_file(dirs))? {
        note(dirs, key.public_key())?;
    }
    Ok(kept(dirs, key))
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

fn kept(dirs: &Dirs, key: impl Signer + 'static) -> Keyring {
    Keyring {
        signer: Box::new(Recorded::new(Box::new(key), uses::file(dirs))),
        fresh: None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::thread;

    use super::*;

    fn dirs(home: &Path) -> Dirs {
        Dirs {
            config: home.join("config"),
            data: home.join("data"),
            cache: home.join("cache"),
            state: home.join("state"),
        }
    }

    #[test]
    fn a_key_that_is_lost_is_not_replaced() {
        let home = tempfile::tempdir().unwrap();
        let (dirs, choice) = (dirs(home.path()), KeyChoice::default());
        assert!(look(&dirs, &choice, None).unwrap().is_none());
        assert!(public(&dirs, &choice, None).unwrap().is_none());
        let first = open(&dirs, &choice).unwrap().fresh.unwrap();
        let is_lost = || {
            let opened = open(&dirs, &choice).map(|_| ()).unwrap_err();
            assert!(matches!(opened, KeyringError::Lost(_)), "{opened}");
            assert!(matches!(
                look(&dirs, &choice, None),
                Err(KeyringError::Lost(_))
            ));
            assert!(matches!(
                public(&dirs, &choice, None),
                Err(KeyringError::Lost(_))
            ));
        };
        let put_aside = home.path().join("copy");
        fs::rename(&first.path, &put_aside).unwrap();
        is_lost();
        // Only the note, or only the public half, is left of it.
        let half = first.path.with_extension("pub");
        fs::rename(&half, home.path().join("half")).unwrap();
        is_lost();
        fs::rename(home.path().join("half"), &half).unwrap();
        fs::remove_file(note_file(&dirs)).unwrap();
        is_lost();
        fs::rename(&put_aside, &first.path).unwrap();
        let again = public(&dirs, &choice, None).unwrap().unwrap();
        assert_eq!(again, first.public);
        // Whoever asks for another one gets it, and the old public half stays.
        open(&dirs, &choice).unwrap();
        fs::remove_file(&first.path).unwrap();
        is_lost();
        let made = create(&dirs, &default_name(), Algorithm::EcdsaP256, None).unwrap();
        let now = public(&dirs, &choice, None).unwrap().unwrap();
        assert_eq!(made.signer.public_key(), &now);
        assert_eq!(read_public(&half).unwrap(), now);
        let kept = half.with_extension(format!("pub.{}", first.public.id().to_hex()));
        assert_eq!(read_public(&kept).unwrap(), first.public);
    }

    #[test]
    fn a_key_that_was_exchanged_does_not_sign() {
        let home = tempfile::tempdir().unwrap();
        let (dirs, choice) = (dirs(home.path()), KeyChoice::default());
        let first = open(&dirs, &choice).unwrap();
        let before = public(&dirs, &choice, None).unwrap();
        assert!(first.must_be(before.as_ref()).is_ok());
        fs::remove_file(&first.fresh.unwrap().path).unwrap();
        create(&dirs, &default_name(), Algorithm::EcdsaP256, None).unwrap();
        let now = open(&dirs, &choice).unwrap().must_be(before.as_ref());
        assert!(matches!(now, Err(KeyringError::Exchanged { .. })));
    }

    #[test]
    fn first_builds_at_once_come_to_one_key() {
        let home = tempfile::tempdir().unwrap();
        let dirs = dirs(home.path());
        let first = || {
            let keyring = open(&dirs, &KeyChoice::default()).unwrap();
            (keyring.signer.public_key().id(), keyring.fresh.is_some())
        };
        let keys: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(first)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let different: BTreeSet<_> = keys.iter().map(|(key, _)| key).collect();
        assert_eq!(different.len(), 1);
        assert_eq!(keys.iter().filter(|(_, is_fresh)| *is_fresh).count(), 1);
    }
}
