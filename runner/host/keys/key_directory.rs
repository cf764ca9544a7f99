//! The folder with a user's key files: made atomically, readable by their owner alone.

use std::fs::{DirBuilder, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use zeroize::Zeroizing;
use zwieback_attest::public_key::{Algorithm, PublicKey, PublicKeyError};
use zwieback_model::name::Name;

use super::passphrase::Passphrase;
use super::private_key::{PrivateKey, PrivateKeyError};
use super::signer::Signer as _;
use crate::fs::given_file;
use crate::fs::replace::{Synced, WholeFile};

/// A PKCS#8 file has a few hundred bytes; a larger file is something else.
const LARGEST: u64 = 64 << 10;

/// A folder of key files: `<name>.key` is the private half, `<name>.pub` the public one.
#[derive(Clone, Debug)]
pub struct KeyDirectory {
    path: PathBuf,
}

/// A key whose public half is at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedKey {
    /// What its files are called.
    pub name: Name,
    /// The public half.
    pub public: PublicKey,
}

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyDirectoryError {
    /// A system call failed.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The name is taken: a key is never overwritten.
    #[error("there is a key at {} already", .0.display())]
    Exists(PathBuf),
    /// There is no such file.
    #[error("there is no file {}", .0.display())]
    Absent(PathBuf),
    /// Someone besides the owner can read it.
    #[error("{} can be read by others (mode {mode:04o})", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Somebody else could put another file in its place.
    #[error("{} {what}", path.display())]
    Foreign {
        /// The file, or its folder.
        path: PathBuf,
        /// Who could.
        what: String,
        /// The command that mends it.
        mend: &'static str,
    },
    /// A folder, a device, or far too large.
    #[error("{} is no key file", .0.display())]
    NoKeyFile(PathBuf),
    /// Its content is no private key, or the passphrase is missing.
    #[error("{}: {source}", path.display())]
    Private {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: PrivateKeyError,
    },
    /// Its content is no public key.
    #[error("{}: {source}", path.display())]
    Public {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: PublicKeyError,
    },
}

impl KeyDirectory {
    /// The folder at that path, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where the private half of a key lies.
    pub fn private_path(&self, name: &Name) -> PathBuf {
        self.path.join(format!("{name}.key"))
    }

    /// Where the public half of a key lies.
    pub fn public_path(&self, name: &Name) -> PathBuf {
        self.path.join(format!("{name}.pub"))
    }

    /// Makes a key and its two files; a name that is taken is refused.
    pub fn create(
        &self,
        name: &Name,
        algorithm: Algorithm,
        passphrase: Option<&Passphrase>,
    ) -> Result<PrivateKey, KeyDirectoryError> {
        let path = self.private_path(name);
        let invalid = |source| KeyDirectoryError::Private {
            path: path.clone(),
            source,
        };
        let key = PrivateKey::generate(algorithm).map_err(invalid)?;
        let pem = key.to_pem(passphrase).map_err(invalid)?;
        let make = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.path);
        make.map_err(|source| io_error("create", &self.path, source))?;
        check_folder(&self.path)?;
        // The name is this process's own once the private half is there.
        Self::write_new(&path, pem.as_bytes(), 0o600)?;
        let public = self.public_path(name);
        set_aside(&public)?;
        Self::write_new(&public, key.public_key().as_pem().as_bytes(), 0o644)?;
        Ok(key)
    }

    /// Opens a key of this folder.
    pub fn open(
        &self,
        name: &Name,
        passphrase: Option<&Passphrase>,
    ) -> Result<PrivateKey, KeyDirectoryError> {
        open_file(&self.private_path(name), passphrase)
    }

    /// The keys of this folder in the order of their names; a missing folder has none.
    pub fn list(&self) -> Result<Vec<ListedKey>, KeyDirectoryError> {
        let entries = match self.path.read_dir() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|source| io_error("list", &self.path, source))?,
        };
        let mut keys = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| io_error("list", &self.path, source))?;
            let name = entry.file_name();
            let stem = name.to_str().and_then(|name| name.strip_suffix(".pub"));
            if let Some(name) = stem.and_then(|stem| stem.parse().ok()) {
                let public = read_public(&entry.path())?;
                keys.push(ListedKey { name, public });
            }
        }
        keys.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(keys)
    }

    /// A crash leaves a file under a drawn name, never half a key; two processes cannot both win.
    fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), KeyDirectoryError> {
        let file = WholeFile::of_mode(mode).synced(Synced::FileAndFolder);
        let written = file.unless_there().write(path, bytes);
        written.map_err(|error| match io::Error::from(error) {
            error if error.kind() == io::ErrorKind::AlreadyExists => {
                KeyDirectoryError::Exists(path.to_owned())
            }
            error => io_error("write", path, error),
        })
    }
}

impl Passphrase {
    /// Reads the first line of a file that no one but its owner may be able to read.
    pub fn read(path: &Path) -> Result<Self, KeyDirectoryError> {
        let text = read_private(path)?;
        Ok(Self::new(
            text.lines().next().unwrap_or_default().to_owned(),
        ))
    }
}

/// Opens a private key file anywhere, which no one but its owner may be able to read.
pub fn open_file(
    path: &Path,
    passphrase: Option<&Passphrase>,
) -> Result<PrivateKey, KeyDirectoryError> {
    let pem = read_private(path)?;
    PrivateKey::from_pem(&pem, passphrase).map_err(|source| KeyDirectoryError::Private {
        path: path.to_owned(),
        source,
    })
}

/// Whether it takes a passphrase to open a private key file; the key stays closed.
pub fn is_encrypted(path: &Path) -> Result<bool, KeyDirectoryError> {
    Ok(PrivateKey::is_encrypted(&read_private(path)?))
}

/// The text of a small file with a secret, if no one but its owner can read it.
fn read_private(path: &Path) -> Result<Zeroizing<String>, KeyDirectoryError> {
    let failed = |source| io_error("read", path, source);
    let file = given_file::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => KeyDirectoryError::Absent(path.to_owned()),
        io::ErrorKind::IsADirectory => KeyDirectoryError::NoKeyFile(path.to_owned()),
        _ => failed(error),
    })?;
    // Asked of the open file, not of the path: what is checked is what is read.
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return Err(KeyDirectoryError::NoKeyFile(path.to_owned()));
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        let path = path.to_owned();
        return Err(KeyDirectoryError::Exposed { path, mode });
    }
    check_owner(path, &metadata)?;
    check_folder(match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    })?;
    let mut text = Zeroizing::new(String::new());
    file.take(LARGEST)
        .read_to_string(&mut text)
        .map_err(failed)?;
    Ok(text)
}

/// Whoever owns a file may change it at any time; root may anyway.
fn check_owner(path: &Path, metadata: &Metadata) -> Result<(), KeyDirectoryError> {
    if [0, geteuid().as_raw()].contains(&metadata.uid()) {
        return Ok(());
    }
    Err(KeyDirectoryError::Foreign {
        path: path.to_owned(),
        what: format!("belongs to user {}, who can change it", metadata.uid()),
        mend: "chown \"$(id -u)\"",
    })
}

/// Whoever may write to the folder can put another file there, unless it is sticky as `/tmp` is.
fn check_folder(path: &Path) -> Result<(), KeyDirectoryError> {
    let metadata = path
        .metadata()
        .map_err(|source| io_error("look at", path, source))?;
    check_owner(path, &metadata)?;
    let mode = metadata.mode() & 0o7777;
    if mode & 0o022 == 0 || mode & 0o1000 != 0 {
        return Ok(());
    }
    Err(KeyDirectoryError::Foreign {
        path: path.to_owned(),
        what: format!("is a folder with a secret, and others can write to it (mode {mode:04o})"),
        mend: "chmod go-w",
    })
}

/// Keeps the public half of a key whose private half is lost, under the name of its fingerprint.
fn set_aside(public: &Path) -> Result<(), KeyDirectoryError> {
    if !public.exists() {
        return Ok(());
    }
    let former = read_public(public)?.id().to_hex();
    let kept = public.with_extension(format!("pub.{former}"));
    std::fs::rename(public, kept).map_err(|source| io_error("rename", public, source))
}

/// Reads a public key file anywhere.
pub fn read_public(path: &Path) -> Result<PublicKey, KeyDirectoryError> {
    let failed = |source| io_error("read", path, source);
    let pem = given_file::read_text(path, LARGEST).map_err(failed)?;
    PublicKey::from_pem(&pem).map_err(|source| KeyDirectoryError::Public {
        path: path.to_owned(),
        source,
    })
}

impl KeyDirectoryError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Exposed { path, .. } => Some(format!(
                "`chmod 600 {}`, and rotate the key if others use this machine",
                path.display()
            )),
            Self::Foreign { path, mend, .. } => Some(format!("`{mend} {}`", path.display())),
            Self::Absent(_) => Some("`zwieback key generate` makes one".into()),
            Self::Exists(_) => Some("`zwieback key rotate` makes its successor".into()),
            Self::Private { source, .. } => source.hint(),
            Self::Public { source, .. } => source.hint(),
            Self::Io { .. } | Self::NoKeyFile(_) => None,
        }
    }
}

fn io_error(what: &'static str, path: &Path, source: io::Error) -> KeyDirectoryError {
    KeyDirectoryError::Io {
        what,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn directory() -> (tempfile::TempDir, KeyDirectory, Name) {
        let scratch = tempfile::tempdir().unwrap();
        let keys = KeyDirectory::new(scratch.path().join("keys"));
        (scratch, keys, "signing".parse().unwrap())
    }

    #[test]
    fn a_key_is_made_once_and_found_again() {
        let (_scratch, keys, name) = directory();
        assert_eq!(keys.list().unwrap(), []);
        let made = keys.create(&name, Algorithm::EcdsaP256, None).unwrap();
        let opened = keys.open(&name, None).unwrap();
        assert_eq!(opened.public_key(), made.public_key());
        let again = keys.create(&name, Algorithm::Ed25519, None);
        assert!(matches!(again, Err(KeyDirectoryError::Exists(_))));
        let listed = keys.list().unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(&listed[0].public, made.public_key());
    }

    #[test]
    fn only_the_owner_can_read_it() {
        let (_scratch, keys, name) = directory();
        keys.create(&name, Algorithm::EcdsaP256, None).unwrap();
        let path = keys.private_path(&name);
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        for exposed in [0o640, 0o604, 0o660] {
            fs::set_permissions(&path, Permissions::from_mode(exposed)).unwrap();
            let error = keys.open(&name, None).unwrap_err();
            assert!(error.hint().unwrap().starts_with("`chmod 600"), "{error}");
        }
    }

    #[test]
    fn nobody_else_can_put_a_key_in_its_place() {
        let (_scratch, keys, name) = directory();
        keys.create(&name, Algorithm::EcdsaP256, None).unwrap();
        let path = keys.private_path(&name);
        let folder = path.parent().unwrap();
        let hint = || keys.open(&name, None).unwrap_err().hint().unwrap();
        for (mode, is_open) in [
            (0o777, true),
            (0o770, true),
            (0o1777, false),
            (0o755, false),
        ] {
            fs::set_permissions(folder, Permissions::from_mode(mode)).unwrap();
            assert_eq!(keys.open(&name, None).is_err(), is_open, "{mode:o}");
            if is_open {
                assert!(hint().starts_with("`chmod go-w"));
            }
        }
        // Only root can give a file away.
        if geteuid().is_root() {
            for given in [path.as_path(), folder] {
                std::os::unix::fs::chown(given, Some(47_111), None).unwrap();
                assert!(hint().starts_with("`chown"));
                std::os::unix::fs::chown(given, Some(0), None).unwrap();
            }
        }
        assert!(keys.open(&name, None).is_ok());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let (scratch, keys, name) = directory();
        let absent = keys.open(&name, None);
        assert!(matches!(absent, Err(KeyDirectoryError::Absent(_))));
        let folder = scratch.path().join("folder");
        fs::create_dir(&folder).unwrap();
        let folder = open_file(&folder, None);
        assert!(matches!(folder, Err(KeyDirectoryError::NoKeyFile(_))));
        let text = scratch.path().join("text");
        fs::write(&text, "hello").unwrap();
        fs::set_permissions(&text, Permissions::from_mode(0o600)).unwrap();
        let text = open_file(&text, None);
        assert!(matches!(text, Err(KeyDirectoryError::Private { .. })));
    }

    #[test]
    fn an_encrypted_key_file() {
        let (_scratch, keys, name) = directory();
        let passphrase = Passphrase::new("p".into());
        let made = keys.create(&name, Algorithm::Ed25519, Some(&passphrase));
        let opened = keys.open(&name, Some(&passphrase)).unwrap();
        assert_eq!(opened.public_key(), made.unwrap().public_key());
        assert!(keys.open(&name, None).is_err());
    }
}
