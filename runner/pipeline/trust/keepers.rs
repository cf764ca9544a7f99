//! `zwieback key trust | rotate | revoke | export | list`: the keys of a trust root.

use std::path::{Path, PathBuf};

use zwieback_attest::dsse::Envelope;
use zwieback_attest::root_chain::envelope;
use zwieback_attest::root_change;
use zwieback_attest::root_lines;
use zwieback_attest::trust_root::{BuilderKey, Revocation, TrustRoot, VerifierKey};
use zwieback_host::clock;
use zwieback_host::dirs::Dirs;
use zwieback_host::fs::replace::replace;
use zwieback_host::keys::certificate::{read_certificate, read_if_certificate};
use zwieback_host::keys::key_directory::{KeyDirectory, read_public};
use zwieback_model::timestamp::Timestamp;

use super::root_file::{self, Change, Outcome};
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::context::keyring::{self, KeyChoice};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Which root is changed, and who signs the next.
#[derive(Clone, Debug)]
pub struct ChangeOptions {
    /// The signed trust root.
    pub root: PathBuf,
    /// The keys of its quorum that are at hand.
    pub keys: Vec<KeyChoice>,
    /// Where the change waits, if keepers elsewhere have to sign it too.
    pub draft: Option<PathBuf>,
}

/// Which key is trusted, and for what.
#[derive(Clone, Debug)]
pub struct TrustKeyOptions {
    /// The public key, or the certificate of a time stamp authority.
    pub key: PathBuf,
    /// The builder it speaks for.
    pub builder: Option<String>,
    /// Who runs the builder.
    pub operator: Option<String>,
    /// The SLSA build level it may vouch for.
    pub level: u8,
    /// The verifier whose summaries it signs.
    pub verifier: Option<String>,
    /// Whether the file is the certificate of a time stamp authority.
    pub time_stamper: bool,
    /// How many days a new trust root is good for.
    pub days: u32,
}

/// Who changes a root: this user, with the keys that are at hand. Each change answers with a sentence.
pub struct Keepers<'a> {
    /// The user's folders.
    pub dirs: &'a Dirs,
    /// What is changed, and who signs.
    pub change: ChangeOptions,
}

impl Keepers<'_> {
    /// Trusts a key; where there is no root yet, it is founded by whoever signs.
    pub fn trust(&self, options: &TrustKeyOptions) -> Result<String, Failure> {
        let previous = root_file::read(&self.change.root, self.dirs)?;
        let base = match &previous {
            Some(root) => root.clone(),
            None => self.founded(options)?,
        };
        let mut root = with(&base, options)?;
        // A first root is version 1, whatever it holds.
        if previous.is_none() {
            root.version = base.version;
            root.line = base.line;
        }
        self.replace(previous.as_ref(), &root)
    }

    /// Puts a new key in the place of an old one.
    pub fn rotate(&self, old: &Path, new: &Path) -> Result<String, Failure> {
        let root = self.newest()?;
        let (old, new) = (read_public(old)?, read_public(new)?);
        let next = root_change::rotate(&root, old.id(), &new, clock::now())?;
        self.replace(Some(&root), &next)
    }

    /// Stops believing a key, or the time stamp authority of a certificate.
    pub fn revoke(
        &self,
        key: &Path,
        reason: &str,
        from: Option<Timestamp>,
    ) -> Result<String, Failure> {
        let root = self.newest()?;
        let revocation = Revocation {
            from,
            reason: reason.to_owned(),
        };
        let next = match read_if_certificate(key)? {
            Some(authority) => root_change::revoke_authority(&root, &authority, revocation)?,
            None => root_change::revoke(&root, read_public(key)?.id(), revocation)?,
        };
        self.replace(Some(&root), &next)
    }

    /// Says who keeps the root from then on.
    pub fn replace_keepers(&self, keys: &[PathBuf], threshold: usize) -> Result<String, Failure> {
        let root = self.newest()?;
        let keys = keys.iter().map(|key| read_public(key));
        let keys = keys.collect::<Result<_, _>>()?;
        let next = root_change::keepers(&root, keys, threshold);
        self.replace(Some(&root), &next)
    }

    /// Makes the root good for longer.
    pub fn renew(&self, days: u32) -> Result<String, Failure> {
        let root = self.newest()?;
        let next = root_change::renew(&root, in_days(days)?);
        self.replace(Some(&root), &next)
    }

    fn newest(&self) -> Result<TrustRoot, Failure> {
        existing(self.dirs, &self.change.root)
    }

    fn founded(&self, options: &TrustKeyOptions) -> Result<TrustRoot, Failure> {
        let [keeper] = self.change.keys.as_slice() else {
            let said = "a first trust root has one keeper: name one --sign-key";
            return Err(Failure::asked(said));
        };
        let keeper = keyring::open(self.dirs, keeper)?;
        let keeper = keeper.signer.public_key().clone();
        Ok(root_change::found(keeper, in_days(options.days)?))
    }

    fn replace(&self, previous: Option<&TrustRoot>, root: &TrustRoot) -> Result<String, Failure> {
        self.put(previous, root, envelope(root))
    }

    fn put(
        &self,
        previous: Option<&TrustRoot>,
        root: &TrustRoot,
        signed: Envelope,
    ) -> Result<String, Failure> {
        let change = Change {
            root: &self.change.root,
            draft: self.change.draft.as_deref(),
            keys: &self.change.keys,
            dirs: self.dirs,
        };
        let outcome = root_file::replace(&change, previous, root, signed)?;
        Ok(sentence(&change, &outcome, root))
    }
}

/// What another keeper has drafted, and the root that it follows.
#[derive(Debug)]
pub struct Draft {
    previous: Option<TrustRoot>,
    waiting: Envelope,
    next: TrustRoot,
}

impl Draft {
    /// Reads both.
    pub fn read(dirs: &Dirs, root: &Path, draft: &Path) -> Result<Self, Failure> {
        let previous = root_file::read(root, dirs)?;
        let (waiting, next) = root_file::read_draft(draft)?;
        Ok(Self {
            previous,
            waiting,
            next,
        })
    }

    /// What a keeper is about to sign: only that another one says so is no reason to.
    pub fn changes(&self) -> Vec<String> {
        let changes = root_lines::changes(self.previous.as_ref(), &self.next);
        let gone = changes.gone.iter().map(|line| format!("- {line}"));
        let new = changes.new.iter().map(|line| format!("+ {line}"));
        let order = "~ the same in another order".to_owned();
        let order = changes.reordered.then_some(order);
        gone.chain(new).chain(order).collect()
    }

    /// Signs it; with enough signatures it is in force.
    pub fn sign(self, keepers: &Keepers<'_>) -> Result<String, Failure> {
        keepers.put(self.previous.as_ref(), &self.next, self.waiting)
    }
}

/// Writes every key of a root to a file of its own.
pub fn export(dirs: &Dirs, root: &Path, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let root = existing(dirs, root)?;
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let mut files = Vec::new();
    for key in root.keys() {
        let file = folder.join(format!("{}.pem", key.id().to_hex()));
        replace(&file, key.as_pem().as_bytes()).with_context(|| file.display().to_string())?;
        files.push(file);
    }
    Ok(files)
}

/// The user's own keys, or all that a root says.
pub fn list(dirs: &Dirs, root: Option<&Path>) -> Result<Vec<String>, Failure> {
    let Some(root) = root else {
        let keys = KeyDirectory::new(dirs.keys()).list()?.into_iter();
        let line = keys.map(|key| {
            let (id, kind) = (key.public.id().short(), key.public.algorithm().as_str());
            format!("{id} {kind} {}", key.name)
        });
        return Ok(line.collect());
    };
    let lines = root_lines::lines(&existing(dirs, root)?);
    Ok(lines.iter().map(ToString::to_string).collect())
}

fn with(root: &TrustRoot, options: &TrustKeyOptions) -> Result<TrustRoot, Failure> {
    if options.time_stamper {
        let certificate = read_certificate(&options.key)?;
        return Ok(root_change::with_time_stamper(root, certificate)?);
    }
    let key = read_public(&options.key)?;
    if let Some(verifier) = options.verifier.clone() {
        return Ok(root_change::with_verifier(
            root,
            VerifierKey { key, verifier },
        ));
    }
    let builder = options.builder.clone().context("--builder is missing")?;
    let entry = BuilderKey {
        operator: options.operator.clone().unwrap_or_else(|| builder.clone()),
        builder,
        key,
        level: options.level.try_into()?,
        from: None,
        until: None,
    };
    Ok(root_change::with_builder(root, entry))
}

fn existing(dirs: &Dirs, path: &Path) -> Result<TrustRoot, Failure> {
    let root = root_file::read(path, dirs)?;
    root.with_context(|| format!("{}: there is no trust root", path.display()))
}

fn in_days(days: u32) -> Result<Timestamp, Failure> {
    let seconds = clock::now().as_unix() + i64::from(days) * DAY;
    Ok(Timestamp::from_unix(seconds)?)
}

fn sentence(change: &Change<'_>, outcome: &Outcome, root: &TrustRoot) -> String {
    let version = root.version;
    match (outcome, change.draft) {
        (Outcome::Waiting { signed }, Some(draft)) => {
            format!("{}: version {version} waits, {signed}", draft.display())
        }
        _ => format!("{}: version {version}", change.root.display()),
    }
}
