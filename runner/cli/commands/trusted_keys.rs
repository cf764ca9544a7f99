//! `zwieback key trust | rotate | revoke | export | list`: the keys of a trust root.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use zwieback_core::attest::root_change;
use zwieback_core::attest::trust_root::{BuilderKey, Revocation, TrustRoot, VerifierKey};
use zwieback_core::timestamp::Timestamp;
use zwieback_host::clock;
use zwieback_host::dirs::Dirs;
use zwieback_host::keys::certificate::read_certificate;
use zwieback_host::keys::key_directory::{KeyDirectory, read_public};

use crate::cli::args::key::{ChangeArgs, TrustKeyArgs};
use crate::pipeline::keyring;
use crate::pipeline::root_file;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Trusts a key; where there is no root yet, it is founded by whoever signs.
pub fn trust(args: &TrustKeyArgs) -> anyhow::Result<()> {
    let dirs = Dirs::of_user()?;
    let previous = root_file::read(&args.change.root)?;
    let base = match &previous {
        Some(root) => root.clone(),
        None => founded(args, &dirs)?,
    };
    let mut root = with(&base, args)?;
    // A first root is version 1, whatever it holds.
    if previous.is_none() {
        root.version = base.version;
    }
    replace(&args.change, previous.as_ref(), &root, &dirs)
}

/// Puts a new key in the place of an old one.
pub fn rotate(change: &ChangeArgs, old: &Path, new: &Path) -> anyhow::Result<()> {
    let root = existing(&change.root)?;
    let (old, new) = (read_public(old)?, read_public(new)?);
    let next = root_change::rotate(&root, old.id(), &new, clock::now())?;
    replace(change, Some(&root), &next, &Dirs::of_user()?)
}

/// Stops believing a key.
pub fn revoke(
    change: &ChangeArgs,
    key: &Path,
    reason: &str,
    from: Option<Timestamp>,
) -> anyhow::Result<()> {
    let root = existing(&change.root)?;
    let revocation = Revocation {
        from,
        reason: reason.to_owned(),
    };
    let next = root_change::revoke(&root, read_public(key)?.id(), revocation)?;
    replace(change, Some(&root), &next, &Dirs::of_user()?)
}

/// Writes every key of a root to a file of its own.
pub fn export(root: &Path, folder: &Path) -> anyhow::Result<()> {
    let root = existing(root)?;
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    for key in root.keys() {
        let file = folder.join(format!("{}.pem", key.id().short()));
        std::fs::write(&file, key.as_pem()).with_context(|| file.display().to_string())?;
        writeln!(std::io::stdout().lock(), "{}", file.display())?;
    }
    Ok(())
}

/// Prints the user's own keys, or all that a root says.
pub fn list(root: Option<&Path>) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    let Some(root) = root else {
        for key in KeyDirectory::new(Dirs::of_user()?.keys()).list()? {
            let (id, kind) = (key.public.id().short(), key.public.algorithm().as_str());
            writeln!(stdout, "{id} {kind} {}", key.name)?;
        }
        return Ok(());
    };
    let root = existing(root)?;
    let quorum = &root.quorum;
    writeln!(
        stdout,
        "version {}, until {}, {} of {} sign",
        root.version,
        root.expires,
        quorum.threshold,
        quorum.keys.len()
    )?;
    for entry in &root.builders {
        writeln!(stdout, "{}", builder(entry, &root))?;
    }
    for entry in &root.verifiers {
        writeln!(
            stdout,
            "{} verifier {}",
            entry.key.id().short(),
            entry.verifier
        )?;
    }
    Ok(())
}

fn builder(entry: &BuilderKey, root: &TrustRoot) -> String {
    let id = entry.key.id();
    let mut line = format!(
        "{} builder {}, operator {}, {}",
        id.short(),
        entry.builder,
        entry.operator,
        entry.level
    );
    if let Some(until) = entry.until {
        line.push_str(&format!(", until {until}"));
    }
    if let Some(revoked) = root.revoked.get(&id) {
        line.push_str(&format!(", revoked: {:?}", revoked.reason));
    }
    line
}

fn founded(args: &TrustKeyArgs, dirs: &Dirs) -> anyhow::Result<TrustRoot> {
    let keeper = match args.change.sign_keys.as_slice() {
        [] => keyring::open(dirs, None)?,
        [only] => keyring::open(dirs, Some(only))?,
        _ => bail!("a first trust root has one keeper: name one --sign-key"),
    };
    let expires = clock::now().as_unix() + i64::from(args.days) * DAY;
    let keeper = keeper.signer.public_key().clone();
    Ok(root_change::found(keeper, Timestamp::from_unix(expires)?))
}

fn with(root: &TrustRoot, args: &TrustKeyArgs) -> anyhow::Result<TrustRoot> {
    if args.time_stamper {
        let certificate = read_certificate(&args.key)?;
        return Ok(root_change::with_time_stamper(root, certificate));
    }
    let key = read_public(&args.key)?;
    if let Some(verifier) = args.verifier.clone() {
        return Ok(root_change::with_verifier(
            root,
            VerifierKey { key, verifier },
        ));
    }
    let builder = args.builder.clone().context("--builder is missing")?;
    let entry = BuilderKey {
        operator: args.operator.clone().unwrap_or_else(|| builder.clone()),
        builder,
        key,
        level: args.level.try_into()?,
        from: None,
        until: None,
    };
    Ok(root_change::with_builder(root, entry))
}

fn existing(path: &Path) -> anyhow::Result<TrustRoot> {
    let root = root_file::read(path)?;
    root.with_context(|| format!("{}: there is no trust root", path.display()))
}

fn replace(
    change: &ChangeArgs,
    previous: Option<&TrustRoot>,
    root: &TrustRoot,
    dirs: &Dirs,
) -> anyhow::Result<()> {
    root_file::replace(&change.root, previous, root, &change.sign_keys, dirs)?;
    let said = format!("{}: version {}", change.root.display(), root.version);
    Ok(writeln!(std::io::stderr().lock(), "{said}")?)
}
