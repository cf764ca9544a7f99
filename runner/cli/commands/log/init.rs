//! `zwieback log init`: an empty log, and its key for all who will read it.

use std::io::Write as _;
use std::path::Path;

use zwieback_attest::public_key::Algorithm;
use zwieback_host::clock;
use zwieback_host::dirs::Dirs;
use zwieback_host::keys::key_directory::KeyDirectory;
use zwieback_host::keys::locator::KeyLocator;
use zwieback_model::name::Name;
use zwieback_trust::log::place::LogDir;

use crate::cli::args::global::Global;
use crate::cli::exit;
use crate::cli::screen::paint::{Meaning, Paint};
use crate::cli::screen::terminal;
use crate::cli::session::load_config;
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::context::keyring::{self, Keyring};

/// The key that is used where none is named.
const KEY: &str = "log";

/// Runs the command; the key goes to stdout, as gates and witnesses will name it.
pub fn run(
    global: &Global,
    folder: &Path,
    name: &str,
    sign_key: Option<&KeyLocator>,
) -> Result<u8, Failure> {
    let origin = name
        .parse()
        .with_context(|| format!("{name} cannot be the name of a log"))?;
    let keyring = made(global, sign_key)?;
    let log = LogDir::init(folder, origin, keyring.signer.as_ref(), clock::now())?;
    let said = format!("log {name} in {}", folder.display());
    let line = Paint::for_stderr(global.color).line(Meaning::Good, "Made", said);
    if !global.quiet {
        writeln!(terminal::stderr(), "{line}")?;
    }
    writeln!(terminal::stdout(), "{}", log.key())?;
    Ok(exit::DONE)
}

/// The key of a log: the one that is named, or the one called `log`.
pub fn key(global: &Global, named: Option<&KeyLocator>) -> Result<Keyring, Failure> {
    let dirs = Dirs::of_user()?;
    let sign = load_config(global, &dirs)?.sign;
    let own = KEY.parse().context("the word is a key's name")?;
    Ok(keyring::open(
        &dirs,
        &sign.choice(Some(named.unwrap_or(&own))),
    )?)
}

fn made(global: &Global, named: Option<&KeyLocator>) -> Result<Keyring, Failure> {
    let dirs = Dirs::of_user()?;
    let own: Name = KEY.parse().context("the word is a name")?;
    let is_there = KeyDirectory::new(dirs.keys()).private_path(&own).exists();
    if named.is_none() && !is_there {
        return Ok(keyring::create(&dirs, &own, Algorithm::Ed25519, None)?);
    }
    key(global, named)
}
