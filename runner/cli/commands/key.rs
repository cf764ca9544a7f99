//! `zwieback key`: make and show signing keys.

use std::io::Write;

use anyhow::Context as _;
use zwieback_host::dirs::Dirs;

use crate::cli::args::global::Global;
use crate::cli::args::trust::{KeyAction, KeyArgs};
use crate::cli::exit;
use crate::pipeline::keyring;

/// Runs the command.
pub fn run(_global: &Global, args: &KeyArgs) -> anyhow::Result<u8> {
    let dirs = Dirs::of_user()?;
    let keyring = match &args.action {
        KeyAction::Generate { name } => match name {
            Some(name) => keyring::create(&dirs, &name.parse()?)?,
            None => keyring::create(&dirs, &keyring::default_name())?,
        },
        KeyAction::Show { key } => keyring::open(&dirs, key.as_deref())?,
    };
    if let Some(fresh) = &keyring.fresh {
        writeln!(std::io::stderr().lock(), "{}", fresh.notice())?;
    }
    let pem = keyring.signer.public_key().as_pem();
    std::io::stdout()
        .lock()
        .write_all(pem.as_bytes())
        .context("stdout")?;
    Ok(exit::DONE)
}
