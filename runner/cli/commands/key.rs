//! `zwieback key`: make signing keys and say whom to trust.

use std::io::Write;

use anyhow::Context as _;
use zwieback_core::attest::public_key::Algorithm;
use zwieback_host::dirs::Dirs;
use zwieback_trust::gate::people::write_key;

use crate::cli::args::global::Global;
use crate::cli::args::key::{KeyAction, KeyArgs, KeyKind};
use crate::cli::commands::trusted_keys;
use crate::cli::exit;
use crate::pipeline::keyring::{self, Keyring};

/// Runs the command.
pub fn run(_global: &Global, args: &KeyArgs) -> anyhow::Result<u8> {
    match &args.action {
        KeyAction::Generate { name, kind } => {
            let name = match name {
                Some(name) => name.parse()?,
                None => keyring::default_name(),
            };
            let kind = match kind {
                KeyKind::EcdsaP256 => Algorithm::EcdsaP256,
                KeyKind::Ed25519 => Algorithm::Ed25519,
            };
            print(&keyring::create(&Dirs::of_user()?, &name, kind)?)?;
        }
        KeyAction::Show { key, base64: true } => {
            let keyring = keyring::open(&Dirs::of_user()?, key.as_deref())?;
            let line = write_key(keyring.signer.public_key());
            writeln!(std::io::stdout().lock(), "{line}")?;
        }
        KeyAction::Show { key, .. } => print(&keyring::open(&Dirs::of_user()?, key.as_deref())?)?,
        KeyAction::List { root } => trusted_keys::list(root.as_deref())?,
        KeyAction::Trust(args) => trusted_keys::trust(args)?,
        KeyAction::Rotate { change, old, new } => trusted_keys::rotate(change, old, new)?,
        KeyAction::Revoke {
            change,
            key,
            reason,
            from,
        } => trusted_keys::revoke(change, key, reason, *from)?,
        KeyAction::Export { root, folder } => trusted_keys::export(root, folder)?,
    }
    Ok(exit::DONE)
}

fn print(keyring: &Keyring) -> anyhow::Result<()> {
    if let Some(fresh) = &keyring.fresh {
        writeln!(std::io::stderr().lock(), "{}", fresh.notice())?;
    }
    let pem = keyring.signer.public_key().as_pem();
    std::io::stdout()
        .lock()
        .write_all(pem.as_bytes())
        .context("stdout")
}
