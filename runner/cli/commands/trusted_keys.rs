//! `zwieback key trust | rotate | revoke | export | list`: the keys of a trust root.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use zwieback_attest::root_chain::envelope;
use zwieback_attest::root_change;
use zwieback_attest::root_lines;
use zwieback_attest::trust_root::{BuilderKey, Revocation, TrustRoot, VerifierKey};
use zwieback_host::clock;
use zwieback_host::dirs::Dirs;
use zwieback_host::fs::replace::replace;
use zwieback_host::keys::certificate::read_certificate;
use zwieback_host::keys::key_directory::{KeyDirectory, read_public};
use zwieback_model::timestamp::Timestamp;

use crate::cli::args::key::{ChangeArgs, TrustKeyArgs};
use crate::cli::config::Sign;
use crate::cli::screen::terminal;
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::context::keyring;
use crate::pipeline::context::keyring::KeyLocator;
use crate::pipeline::trust::root_file::{self, Change, Outcome};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Who changes a root: this user, with the keys that are at hand.
pub struct Keepers<'a> {
    /// The user's folders.
    pub dirs: &'a Dirs,
    /// How the configuration says to sign.
    pub sign: &'a Sign,
}

impl Keepers<'_> {
    /// Trusts a key; where there is no root yet, it is founded by whoever signs.
    pub fn trust(&self, args: &TrustKeyArgs) -> Result<(), Failure> {
        let previous = root_file::read(&args.change.root, self.dirs)?;
        let base = match &previous {
            Some(root) => root.clone(),
            None => self.founded(args)?,
        };
        let mut root = with(&base, args)?;
        // A first root is version 1, whatever it holds.
        if previous.is_none() {
            root.version = base.version;
            root.line = base.line;
        }
        self.replace(&args.change, previous.as_ref(), &root)
    }

    /// Puts a new key in the place of an old one.
    pub fn rotate(&self, change: &ChangeArgs, old: &Path, new: &Path) -> Result<(), Failure> {
        let root = self.newest(&change.root)?;
        let (old, new) = (read_public(old)?, read_public(new)?);
        let next = root_change::rotate(&root, old.id(), &new, clock::now())?;
        self.replace(change, Some(&root), &next)
    }

    /// Stops believing a key.
    pub fn revoke(
        &self,
        change: &ChangeArgs,
        key: &Path,
        reason: &str,
        from: Option<Timestamp>,
    ) -> Result<(), Failure> {
        let root = self.newest(&change.root)?;
        let revocation = Revocation {
            from,
            reason: reason.to_owned(),
        };
        let next = root_change::revoke(&root, read_public(key)?.id(), revocation)?;
        self.replace(change, Some(&root), &next)
    }

    /// Says who keeps the root from then on.
    pub fn replace_keepers(
        &self,
        change: &ChangeArgs,
        keys: &[PathBuf],
        threshold: usize,
    ) -> Result<(), Failure> {
        let root = self.newest(&change.root)?;
        let keys = keys.iter().map(|key| read_public(key));
        let keys = keys.collect::<Result<_, _>>()?;
        let next = root_change::keepers(&root, keys, threshold);
        self.replace(change, Some(&root), &next)
    }

    /// Makes the root good for longer.
    pub fn renew(&self, change: &ChangeArgs, days: u32) -> Result<(), Failure> {
        let root = self.newest(&change.root)?;
        let next = root_change::renew(&root, in_days(days)?);
        self.replace(change, Some(&root), &next)
    }

    /// Signs a draft, after showing what it would change.
    pub fn sign(&self, root: &Path, sign_keys: &[KeyLocator], draft: &Path) -> Result<(), Failure> {
        let previous = root_file::read(root, self.dirs)?;
        let (waiting, next) = root_file::read_draft(draft)?;
        show_changes(previous.as_ref(), &next)?;
        let change = Change {
            root,
            draft: Some(draft),
            keys: &self.sign.choices(sign_keys),
            dirs: self.dirs,
        };
        let outcome = root_file::replace(&change, previous.as_ref(), waiting)?;
        say(&change, &outcome, &next)
    }

    fn newest(&self, path: &Path) -> Result<TrustRoot, Failure> {
        let root = root_file::read(path, self.dirs)?;
        root.with_context(|| missing(path))
    }

    fn founded(&self, args: &TrustKeyArgs) -> Result<TrustRoot, Failure> {
        let named = match args.change.sign_keys.as_slice() {
            [] => None,
            [only] => Some(only),
            _ => {
                let said = "a first trust root has one keeper: name one --sign-key";
                return Err(Failure::asked(said));
            }
        };
        let keeper = keyring::open(self.dirs, &self.sign.choice(named))?;
        let keeper = keeper.signer.public_key().clone();
        Ok(root_change::found(keeper, in_days(args.days)?))
    }

    fn replace(
        &self,
        args: &ChangeArgs,
        previous: Option<&TrustRoot>,
        root: &TrustRoot,
    ) -> Result<(), Failure> {
        let change = Change {
            root: &args.root,
            draft: args.draft.as_deref(),
            keys: &self.sign.choices(&args.sign_keys),
            dirs: self.dirs,
        };
        let outcome = root_file::replace(&change, previous, envelope(root))?;
        say(&change, &outcome, root)
    }
}

/// Shows what a draft would change, to whoever has yet to decide.
pub fn check(dirs: &Dirs, root: &Path, draft: &Path) -> Result<(), Failure> {
    let (_, next) = root_file::read_draft(draft)?;
    show_changes(root_file::read(root, dirs)?.as_ref(), &next)
}

/// Writes every key of a root to a file of its own.
pub fn export(dirs: &Dirs, root: &Path, folder: &Path) -> Result<(), Failure> {
    let root = existing(dirs, root)?;
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    for key in root.keys() {
        let file = folder.join(format!("{}.pem", key.id().to_hex()));
        replace(&file, key.as_pem().as_bytes()).with_context(|| file.display().to_string())?;
        writeln!(terminal::stdout(), "{}", file.display())?;
    }
    Ok(())
}

/// Prints the user's own keys, or all that a root says.
pub fn list(dirs: &Dirs, root: Option<&Path>) -> Result<(), Failure> {
    let mut stdout = terminal::stdout();
    let Some(root) = root else {
        for key in KeyDirectory::new(dirs.keys()).list()? {
            let (id, kind) = (key.public.id().short(), key.public.algorithm().as_str());
            writeln!(stdout, "{id} {kind} {}", key.name)?;
        }
        return Ok(());
    };
    for line in root_lines::lines(&existing(dirs, root)?) {
        writeln!(stdout, "{line}")?;
    }
    Ok(())
}

/// What a keeper is about to sign: only that another one says so is no reason to.
fn show_changes(previous: Option<&TrustRoot>, next: &TrustRoot) -> Result<(), Failure> {
    let changes = root_lines::changes(previous, next);
    let mut stderr = terminal::stderr();
    for line in &changes.gone {
        writeln!(stderr, "- {line}")?;
    }
    for line in &changes.new {
        writeln!(stderr, "+ {line}")?;
    }
    if changes.reordered {
        writeln!(stderr, "~ the same in another order")?;
    }
    Ok(())
}

fn with(root: &TrustRoot, args: &TrustKeyArgs) -> Result<TrustRoot, Failure> {
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

fn existing(dirs: &Dirs, path: &Path) -> Result<TrustRoot, Failure> {
    let root = root_file::read(path, dirs)?;
    root.with_context(|| missing(path))
}

fn missing(path: &Path) -> String {
    format!("{}: there is no trust root", path.display())
}

fn in_days(days: u32) -> Result<Timestamp, Failure> {
    let seconds = clock::now().as_unix() + i64::from(days) * DAY;
    Ok(Timestamp::from_unix(seconds)?)
}

fn say(change: &Change<'_>, outcome: &Outcome, root: &TrustRoot) -> Result<(), Failure> {
    let mut stderr = terminal::stderr();
    match (outcome, change.draft) {
        (Outcome::Waiting { signed }, Some(draft)) => {
            let file = draft.display();
            writeln!(stderr, "{file}: version {} waits, {signed}", root.version)?;
        }
        _ => writeln!(
            stderr,
            "{}: version {}",
            change.root.display(),
            root.version
        )?,
    }
    Ok(())
}
