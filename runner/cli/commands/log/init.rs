//! `zwieback log init`: an empty log, and its key for all who will read it.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use zwieback_core::attest::public_key::Algorithm;
use zwieback_core::name::Name;
use zwieback_host::clock;
use zwieback_host::dirs::Dirs;
use zwieback_host::keys::key_directory::KeyDirectory;
use zwieback_trust::log::place::LogDir;

use crate::cli::args::global::Global;
use crate::cli::exit;
use crate::cli::screen::paint::{Meaning, Paint};
use crate::pipeline::keyring::{self, Keyring};

/// The key that is used where none is named.
const KEY: &str = "log";

/// Runs the command; the key goes to stdout, as gates and witnesses will name it.
pub fn run(
    global: &Global,
    folder: &Path,
    name: &str,
    sign_key: Option<&Path>,
) -> anyhow::Result<u8> {
    let origin = name
        .parse()
        .with_context(|| format!("{name} cannot be the name of a log"))?;
    let keyring = made(sign_key)?;
    let log = LogDir::init(folder, origin, keyring.signer.as_ref(), clock::now())?;
    let said = format!("log {name} in {}", folder.display());
    let line = Paint::for_stderr(global.color).line(Meaning::Good, "Made", said);
    if !global.quiet {
        writeln!(std::io::stderr().lock(), "{line}")?;
    }
    writeln!(std::io::stdout().lock(), "{}", log.key())?;
    Ok(exit::DONE)
}

/// The key of a log: the one that is named, or the one called `log`.
pub fn key(named: Option<&Path>) -> anyhow::Result<Keyring> {
    let dirs = Dirs::of_user()?;
    Ok(keyring::open(&dirs, Some(named.unwrap_or(Path::new(KEY))))?)
}

fn made(named: Option<&Path>) -> anyhow::Result<Keyring> {
    let dirs = Dirs::of_user()?;
    let own: Name = KEY.parse().context("the word is a name")?;
    let is_there = KeyDirectory::new(dirs.keys()).private_path(&own).exists();
    match named {
        None if !is_there => Ok(keyring::create(&dirs, &own, Algorithm::Ed25519)?),
        named => key(named),
    }
}
