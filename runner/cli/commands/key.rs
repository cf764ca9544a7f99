//! `zwieback key`: make signing keys and say whom to trust.

use std::io::Write;

use anyhow::Context as _;
use zwieback_host::dirs::Dirs;

use crate::cli::args::global::Global;
use crate::cli::args::key::{KeyAction, KeyArgs};
use crate::cli::commands::trusted_keys;
use crate::cli::exit;
use crate::pipeline::keyring::{self, Keyring};

/// Runs the command.
pub fn run(_global: &Global, args: &KeyArgs) -> anyhow::Result<u8> {
    match &args.action {
        KeyAction::Generate { name } => {
            let dirs = Dirs::of_user()?;
            match name {
                Some(name) => print(&keyring::create(&dirs, &name.parse()?)?)?,
                None => print(&keyring::create(&dirs, &keyring::default_name())?)?,
            }
        }
        KeyAction::Show { key } => print(&keyring::open(&Dirs::of_user()?, key.as_deref())?)?,
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
