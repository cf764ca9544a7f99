//! `zwieback log`: the log of all that was said.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use zwieback_core::attest::public_key::Algorithm;
use zwieback_core::name::Name;
use zwieback_host::clock;
use zwieback_host::dirs::Dirs;
use zwieback_host::keys::key_directory::KeyDirectory;
use zwieback_host::keys::locator::KeyLocator;
use zwieback_trust::log::place::LogDir;

use crate::cli::args::global::Global;
use crate::cli::args::log::{LogAction, LogArgs};
use crate::cli::exit;
use crate::cli::screen::paint::{Meaning, Paint};
use crate::cli::session::load_config;
use crate::pipeline::keyring::{self, Keyring};

/// The key that is used where none is named.
const KEY: &str = "log";

/// Runs the command.
pub fn run(global: &Global, args: &LogArgs) -> anyhow::Result<u8> {
    match &args.action {
        LogAction::Init {
            folder,
            name,
            sign_key,
        } => init(global, folder, name, sign_key.as_ref()),
    }
}

/// The key goes to stdout, as gates and witnesses will name it.
fn init(
    global: &Global,
    folder: &Path,
    name: &str,
    sign_key: Option<&KeyLocator>,
) -> anyhow::Result<u8> {
    let origin = name
        .parse()
        .with_context(|| format!("{name} cannot be the name of a log"))?;
    let keyring = key(global, sign_key)?;
    let log = LogDir::init(folder, origin, keyring.signer.as_ref(), clock::now())?;
    let said = format!("log {name} in {}", folder.display());
    let line = Paint::for_stderr(global.color).line(Meaning::Good, "Made", said);
    if !global.quiet {
        writeln!(std::io::stderr().lock(), "{line}")?;
    }
    writeln!(std::io::stdout().lock(), "{}", log.key())?;
    Ok(exit::DONE)
}

fn key(global: &Global, named: Option<&KeyLocator>) -> anyhow::Result<Keyring> {
    let dirs = Dirs::of_user()?;
    let sign = load_config(global, &dirs)?.sign;
    let own: Name = KEY.parse().context("the word is a name")?;
    let is_there = KeyDirectory::new(dirs.keys()).private_path(&own).exists();
    Ok(match named {
        Some(named) => keyring::open(&dirs, &sign.choice(Some(named)))?,
        None if is_there => keyring::open(&dirs, &sign.choice(Some(&KEY.parse()?)))?,
        None => keyring::create(&dirs, &own, Algorithm::Ed25519, None)?,
    })
}
