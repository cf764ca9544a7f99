//! `zwieback log init`: an empty log, and its key for all who will read it.

use std::path::Path;

use zwieback_attest::public_key::Algorithm;
use zwieback_host::clock;
use zwieback_host::dirs::Dirs;
use zwieback_host::keys::key_directory::KeyDirectory;
use zwieback_model::name::Name;
use zwieback_trust::log::place::LogDir;

use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::context::keyring::{self, KeyChoice};

/// The key that is used where none is named.
pub const KEY: &str = "log";

/// Makes the log. It answers with the key, as gates and witnesses will name it.
pub fn run(
    dirs: &Dirs,
    folder: &Path,
    name: &str,
    (key, is_named): (&KeyChoice, bool),
) -> Result<String, Failure> {
    let origin = name
        .parse()
        .with_context(|| format!("{name} cannot be the name of a log"))?;
    let own: Name = KEY.parse().context("the word is a name")?;
    let is_there = KeyDirectory::new(dirs.keys()).private_path(&own).exists();
    let keyring = if is_named || is_there {
        keyring::open(dirs, key)?
    } else {
        keyring::create(dirs, &own, Algorithm::Ed25519, None)?
    };
    let log = LogDir::init(folder, origin, keyring.signer.as_ref(), clock::now())?;
    Ok(log.key().to_string())
}
