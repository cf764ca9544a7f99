//! The user's own keys: made, and what they were used for.

use zwieback_attest::key_id::KeyName;
use zwieback_host::dirs::Dirs;
use zwieback_host::keys::key_directory::KeyDirectory;
use zwieback_host::keys::uses;
use zwieback_model::name::Name;
use zwieback_trust::policy::people::write_key;

use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::context::keyring::{self, KeyChoice, Keyring};

pub use zwieback_attest::public_key::Algorithm;

/// Which key is made.
#[derive(Clone, Debug)]
pub struct GenerateOptions {
    /// What to call it.
    pub name: Option<String>,
    /// What kind of key.
    pub algorithm: Algorithm,
    /// Where its passphrase comes from, if its file is encrypted.
    pub passphrase: Option<KeyChoice>,
    /// The token in which it is made.
    pub pkcs11: Option<String>,
}

/// One use of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// A line for people.
    pub line: String,
    /// A line of JSON.
    pub value: String,
}

/// Makes a key.
pub fn generate(dirs: &Dirs, options: &GenerateOptions) -> Result<Keyring, Failure> {
    if let Some(uri) = &options.pkcs11 {
        let uri = uri.parse().context("--pkcs11")?;
        return Ok(keyring::create_in_token(dirs, &uri)?);
    }
    let name: Name = match &options.name {
        Some(name) => name.parse()?,
        None => keyring::default_name(),
    };
    let file = KeyDirectory::new(dirs.keys()).private_path(&name);
    let passphrase = options.passphrase.as_ref();
    let passphrase = passphrase.map(|choice| keyring::new_passphrase(choice, &file));
    let passphrase = passphrase.transpose()?;
    Ok(keyring::create(
        dirs,
        &name,
        options.algorithm,
        passphrase.as_ref(),
    )?)
}

/// The public half as one line of base64, which is how policies write keys.
pub fn base64(keyring: &Keyring) -> String {
    write_key(keyring.signer.public_key())
}

/// What this user's keys were used for, in order.
pub fn uses(dirs: &Dirs) -> Result<Vec<Used>, Failure> {
    let used = uses::read(&uses::file(dirs))?.into_iter().map(|one| {
        let key: KeyName = one.key.parse()?;
        Ok(Used {
            line: format!("{} {} {}", one.time, key.short(), one.describe()),
            value: serde_json::to_string(&one)?,
        })
    });
    used.collect()
}
