//! `zwieback key`: make signing keys and say whom to trust.

use std::io::Write;

use zwieback_attest::key_id::KeyName;
use zwieback_host::dirs::Dirs;
use zwieback_host::keys::key_directory::KeyDirectory;
use zwieback_host::keys::uses;
use zwieback_model::name::Name;
use zwieback_trust::policy::people::write_key;

use crate::cli::args::global::{Format, Global};
use crate::cli::args::key::{GenerateArgs, KeyAction, KeyArgs};
use crate::cli::commands::trusted_keys::{self, Keepers};
use crate::cli::config::Sign;
use crate::cli::exit;
use crate::cli::screen::terminal;
use crate::cli::session::load_config;
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::context::keyring::{self, Keyring};

/// Runs the command.
pub fn run(global: &Global, args: &KeyArgs) -> Result<u8, Failure> {
    let dirs = Dirs::of_user()?;
    let sign = load_config(global, &dirs)?.sign;
    let keepers = Keepers {
        dirs: &dirs,
        sign: &sign,
    };
    match &args.action {
        KeyAction::Generate(args) => print(global, &generate(args, &dirs, &sign)?)?,
        KeyAction::Show { key, base64 } => {
            let keyring = keyring::open(&dirs, &sign.choice(key.as_ref()))?;
            if *base64 {
                let line = write_key(keyring.signer.public_key());
                writeln!(terminal::stdout(), "{line}")?;
            } else {
                print(global, &keyring)?;
            }
        }
        KeyAction::Uses => uses(global.format, &dirs)?,
        KeyAction::List { root } => trusted_keys::list(&dirs, root.as_deref())?,
        KeyAction::Trust(args) => keepers.trust(args)?,
        KeyAction::Rotate { change, old, new } => keepers.rotate(change, old, new)?,
        KeyAction::Revoke {
            change,
            key,
            reason,
            from,
        } => keepers.revoke(change, key, reason, *from)?,
        KeyAction::Keepers {
            change,
            threshold,
            keys,
        } => keepers.replace_keepers(change, keys, *threshold)?,
        KeyAction::Renew { change, days } => keepers.renew(change, *days)?,
        KeyAction::Sign {
            root,
            draft,
            check: true,
            ..
        } => trusted_keys::check(&dirs, root, draft)?,
        KeyAction::Sign {
            root,
            sign_keys,
            draft,
            check: false,
        } => keepers.sign(root, sign_keys, draft)?,
        KeyAction::Export { root, folder } => trusted_keys::export(&dirs, root, folder)?,
    }
    Ok(exit::DONE)
}

fn generate(args: &GenerateArgs, dirs: &Dirs, sign: &Sign) -> Result<Keyring, Failure> {
    if let Some(uri) = &args.pkcs11 {
        let uri = uri.parse().context("--pkcs11")?;
        return Ok(keyring::create_in_token(dirs, &uri)?);
    }
    let name: Name = match &args.name {
        Some(name) => name.parse()?,
        None => keyring::default_name(),
    };
    let file = KeyDirectory::new(dirs.keys()).private_path(&name);
    let passphrase = if args.encrypt {
        Some(keyring::new_passphrase(&sign.choice(None), &file)?)
    } else {
        None
    };
    let algorithm = args.kind.into();
    Ok(keyring::create(
        dirs,
        &name,
        algorithm,
        passphrase.as_ref(),
    )?)
}

/// Prints what this user's keys were used for, in order.
fn uses(format: Format, dirs: &Dirs) -> Result<(), Failure> {
    let mut stdout = terminal::stdout();
    for one in uses::read(&uses::file(dirs))? {
        if format == Format::Json {
            writeln!(stdout, "{}", serde_json::to_string(&one)?)?;
        } else {
            let key: KeyName = one.key.parse()?;
            writeln!(stdout, "{} {} {}", one.time, key.short(), one.describe())?;
        }
    }
    Ok(())
}

fn print(global: &Global, keyring: &Keyring) -> Result<(), Failure> {
    if let Some(fresh) = keyring.fresh.as_ref().filter(|_fresh| !global.quiet) {
        writeln!(terminal::stderr(), "{}", fresh.notice())?;
    }
    let key = keyring.signer.public_key();
    terminal::stdout()
        .write_all(key.as_pem().as_bytes())
        .context("stdout")?;
    if !global.quiet {
        // Beside the data, which can be redirected to a file.
        writeln!(terminal::stderr(), "{}", key.id())?;
    }
    Ok(())
}
