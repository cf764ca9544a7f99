//! `zwieback key`: make signing keys and say whom to trust.

use std::fmt::Display;
use std::io::{self, Write};

use crate::cli::args::global::{Format, Global};
use crate::cli::args::key::{ChangeArgs, GenerateArgs, KeyAction, KeyArgs, TrustKeyArgs};
use crate::cli::exit;
use crate::cli::screen::terminal;
use crate::cli::session::user;
use crate::pipeline::context::configuration::Sign;
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::context::keyring::{self, Keyring};
use crate::pipeline::context::user::User;
use crate::pipeline::trust::keepers::{self, ChangeOptions, Draft, Keepers, TrustKeyOptions};
use crate::pipeline::trust::own_keys::{self, GenerateOptions};

/// Runs the command.
pub fn run(global: &Global, args: &KeyArgs) -> Result<u8, Failure> {
    let User { dirs, config, .. } = user(global)?;
    match &args.action {
        KeyAction::Generate(args) => {
            let made = own_keys::generate(&dirs, &generate(args, &config.sign))?;
            print(global, &made)?;
        }
        KeyAction::Show { key, base64 } => {
            let keyring = keyring::open(&dirs, &config.sign.choice(key.as_ref()))?;
            if *base64 {
                writeln!(terminal::stdout(), "{}", own_keys::base64(&keyring))?;
            } else {
                print(global, &keyring)?;
            }
        }
        KeyAction::Uses => {
            let used = own_keys::uses(&dirs)?.into_iter();
            let line = |used: own_keys::Used| match global.format {
                Format::Json => used.value,
                Format::Human => used.line,
            };
            all(terminal::stdout(), used.map(line))?;
        }
        KeyAction::List { root } => {
            all(terminal::stdout(), keepers::list(&dirs, root.as_deref())?)?;
        }
        KeyAction::Export { root, folder } => {
            let files = keepers::export(&dirs, root, folder)?;
            let files = files.iter().map(|file| file.display());
            all(terminal::stdout(), files)?;
        }
        change => {
            let keepers = |args: &ChangeArgs| Keepers {
                dirs: &dirs,
                change: options(args, &config.sign),
            };
            all(terminal::stderr(), changed(change, keepers)?)?;
        }
    }
    Ok(exit::DONE)
}

/// What became of a root that its keepers change.
fn changed<'d>(
    action: &KeyAction,
    keepers: impl Fn(&ChangeArgs) -> Keepers<'d>,
) -> Result<Option<String>, Failure> {
    Ok(match action {
        KeyAction::Trust(args) => Some(keepers(&args.change).trust(&trusted(args))?),
        KeyAction::Rotate { change, old, new } => Some(keepers(change).rotate(old, new)?),
        KeyAction::Revoke {
            change,
            key,
            reason,
            from,
        } => Some(keepers(change).revoke(key, reason, *from)?),
        KeyAction::Keepers {
            change,
            threshold,
            keys,
        } => Some(keepers(change).replace_keepers(keys, *threshold)?),
        KeyAction::Renew { change, days } => Some(keepers(change).renew(*days)?),
        KeyAction::Sign {
            root,
            sign_keys,
            draft: file,
            check,
        } => {
            let keepers = keepers(&ChangeArgs {
                root: root.clone(),
                sign_keys: sign_keys.clone(),
                draft: Some(file.clone()),
            });
            let draft = Draft::read(keepers.dirs, root, file)?;
            sign(draft, &keepers, *check)?
        }
        KeyAction::Generate(_)
        | KeyAction::Show { .. }
        | KeyAction::Uses
        | KeyAction::List { .. }
        | KeyAction::Export { .. } => None,
    })
}

/// Shows what a draft changes, and signs it unless it is only looked at.
fn sign(draft: Draft, keepers: &Keepers<'_>, check: bool) -> Result<Option<String>, Failure> {
    all(terminal::stderr(), draft.changes())?;
    (!check).then(|| draft.sign(keepers)).transpose()
}

fn options(args: &ChangeArgs, sign: &Sign) -> ChangeOptions {
    ChangeOptions {
        root: args.root.clone(),
        keys: sign.choices(&args.sign_keys),
        draft: args.draft.clone(),
    }
}

fn trusted(args: &TrustKeyArgs) -> TrustKeyOptions {
    TrustKeyOptions {
        key: args.key.clone(),
        builder: args.builder.clone(),
        operator: args.operator.clone(),
        level: args.level,
        verifier: args.verifier.clone(),
        time_stamper: args.time_stamper,
        days: args.days,
    }
}

fn generate(args: &GenerateArgs, sign: &Sign) -> GenerateOptions {
    GenerateOptions {
        name: args.name.clone(),
        algorithm: args.kind.into(),
        passphrase: args.encrypt.then(|| sign.choice(None)),
        pkcs11: args.pkcs11.clone(),
    }
}

fn all<T: Display>(mut stream: impl Write, lines: impl IntoIterator<Item = T>) -> io::Result<()> {
    let mut lines = lines.into_iter();
    lines.try_for_each(|line| writeln!(stream, "{line}"))
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
