//! The trust root: which key may speak for which builder, when, and how much that is worth.

use std::collections::{BTreeMap, BTreeSet};

use zwieback_model::base64;
use zwieback_model::digest::Digest;
use zwieback_model::json::canonical;
use zwieback_model::json::fields::{FieldError, FieldProblem, Fields};
use zwieback_model::json::strict;
use zwieback_model::json::value::Value;
use zwieback_model::timestamp::Timestamp;

use super::dsse::Envelope;
use super::key_id::{KeyId, KeyName};
use super::level::BuildLevel;
use super::public_key::PublicKey;
use super::reason::{Reason, Refusal};
use super::resource::present;
use super::signing_time::SigningTime;

/// The type of the document.
pub const ROOT_TYPE: &str = "https://zwieback.example/trust-root/v1";

/// Whom to believe, written down. Only [`super::root_chain`] turns bytes into one that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustRoot {
    /// One more than that of the root it replaces.
    pub version: i64,
    /// The first root of the line that this one continues: the SHA-256 of what was signed there. The first
    /// one does not say, nor do later ones that earlier versions of this program made.
    pub line: Option<Digest>,
    /// From when on it is too old to rely on: whoever can hold back a new root wins no more time.
    pub expires: Timestamp,
    /// Who may sign the next root.
    pub quorum: Quorum,
    /// Which keys speak for which builders.
    pub builders: Vec<BuilderKey>,
    /// Which keys speak for which verifiers, in summaries.
    pub verifiers: Vec<VerifierKey>,
    /// Keys that are not to be believed any more. One key may be there twice, also under both forms
    /// of its name: [`TrustRoot::revocations`] has all that is said about it.
    pub revoked: Vec<(KeyName, Revocation)>,
    /// Certificates of time stamp authorities, in DER.
    pub time_stampers: Vec<Vec<u8>>,
}

/// So many of these keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// The keys, all different.
    pub keys: Vec<PublicKey>,
    /// How many of them must sign: at least one, at most all.
    pub threshold: usize,
}

/// The most keys of a quorum: those of a team, not of a crowd.
const MOST_KEYS: usize = 64;

/// The most builders, verifiers and revocations of a root: each bundle is held against all.
const MOST_ENTRIES: usize = 4096;

/// The most authorities that stamp the time: each stamp is held against all.
const MOST_STAMPERS: usize = 64;

/// How often a signature that names no key of the quorum is held against one, for one envelope.
const UNNAMED: usize = 256;

/// A key that speaks for a builder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuilderKey {
    /// The key.
    pub key: PublicKey,
    /// The `builder.id` it speaks for.
    pub builder: String,
    /// Who runs the builder: two builders of one operator are not independent.
    pub operator: String,
    /// What it may vouch for.
    pub level: BuildLevel,
    /// From when on it signs.
    pub from: Option<Timestamp>,
    /// From when on it does not sign any more.
    pub until: Option<Timestamp>,
}

/// A key that signs verification summaries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    /// The key.
    pub key: PublicKey,
    /// The `verifier.id` it speaks for.
    pub verifier: String,
}

/// Why a key is not to be believed any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// What was signed earlier, by trusted time, still counts; without a time nothing does.
    pub from: Option<Timestamp>,
    /// Why.
    pub reason: String,
}

impl TrustRoot {
    /// The canonical bytes: what the quorum signs.
    pub fn to_bytes(&self) -> Vec<u8> {
        canonical::to_bytes(&self.to_value())
    }

    /// The document. Every member is taken apart by name, so that none is left out of what is signed and
    /// of what is shown before.
    pub(super) fn to_value(&self) -> Value {
        let Self {
            version,
            line,
            expires,
            quorum,
            builders,
            verifiers,
            revoked,
            time_stampers,
        } = self;
        let builders: Vec<Value> = builders.iter().map(BuilderKey::to_value).collect();
        let revoked = revoked.iter();
        let revoked: Vec<Value> = revoked
            .map(|(key, revocation)| revocation.to_value(*key))
            .collect();
        let verifiers: Vec<Value> = verifiers.iter().map(VerifierKey::to_value).collect();
        let stampers = time_stampers.iter();
        let stampers: Vec<Value> = stampers.map(|der| base64::encode(der).into()).collect();
        present([
            ("_type", Some(ROOT_TYPE.into())),
            ("version", Some((*version).into())),
            ("line", line.map(|first| first.to_hex().into())),
            ("expires", Some(expires.to_string().into())),
            ("quorum", Some(quorum.to_value())),
            ("builders", Some(builders.into())),
            ("verifiers", Some(verifiers.into())),
            ("revoked", Some(revoked.into())),
            ("timeStampers", Some(stampers.into())),
        ])
    }

    /// The line that it is of, by the first root of it. A root that does not say is the first of what follows:
    /// whoever has that root alone can tell no more.
    pub fn line(&self) -> Digest {
        self.line
            .unwrap_or_else(|| Digest::sha256(&self.to_bytes()))
    }

    /// The keys whose signatures may count.
    pub fn keys(&self) -> Vec<&PublicKey> {
        let mut seen = BTreeSet::new();
        let keys = self.builders.iter().map(|entry| &entry.key);
        keys.filter(|key| seen.insert(key.id())).collect()
    }

    /// Which builder's key a name is of, in either form.
    pub fn builder_key(&self, name: KeyName) -> Result<KeyId, Refusal> {
        let mut keys = self.builders.iter().map(|entry| entry.key.id());
        let unknown = || Refusal::new(Reason::BuilderUntrusted, format!("key {}", name.short()));
        keys.find(|key| name.names(*key)).ok_or_else(unknown)
    }

    /// Every revocation of that key, by whichever name.
    pub fn revocations(&self, key: KeyId) -> impl Iterator<Item = &Revocation> {
        let of_key = self.revoked.iter().filter(move |(name, _)| name.names(key));
        of_key.map(|(_, revocation)| revocation)
    }

    /// The revocation by which what that key signed does not count, at that trusted time if there is any.
    pub fn revocation_at(&self, key: KeyId, stamped: Option<Timestamp>) -> Option<&Revocation> {
        let holds = |revocation: &&Revocation| match (revocation.from, stamped) {
            (Some(from), Some(stamped)) => stamped >= from,
            _ => true,
        };
        self.revocations(key).find(holds)
    }

    /// The keys that may sign summaries now. A summary carries no trusted time: a key that was
    /// revoked at whatever time is believed no more.
    pub fn verifiers(&self, now: Timestamp) -> Result<Vec<VerifierKey>, Refusal> {
        self.check_expiry(now)?;
        let valid = |it: &&VerifierKey| self.revocations(it.key.id()).next().is_none();
        Ok(self.verifiers.iter().filter(valid).cloned().collect())
    }

    /// The entry under which that key speaks for that builder at that time.
    pub fn entry(
        &self,
        key: KeyId,
        builder: &str,
        time: SigningTime,
    ) -> Result<&BuilderKey, Refusal> {
        self.check_expiry(time.now)?;
        self.check_revocation(key, time)?;
        let speaks = |it: &&BuilderKey| it.key.id() == key && it.builder == builder;
        let entries: Vec<_> = self.builders.iter().filter(speaks).collect();
        let refuse = |reason, saw| Err(Refusal::new(reason, saw));
        let Some(last) = entries.last() else {
            let saw = format!("key {}, builder {builder:?}", key.short());
            return refuse(Reason::BuilderUntrusted, saw);
        };
        // A builder's own claim about the time is no proof: an old key could date itself back.
        let at = time.stamped.unwrap_or(time.now);
        let is_later = |from: Option<Timestamp>| from.is_some_and(|from| at < from);
        let is_over = |until: Option<Timestamp>| until.is_some_and(|until| at >= until);
        let valid = |it: &&&BuilderKey| !is_later(it.from) && !is_over(it.until);
        match (entries.iter().find(valid), last.until) {
            (Some(entry), _) => Ok(entry),
            (None, Some(until)) if is_over(Some(until)) => refuse(
                Reason::KeyRetired,
                format!(
                    "key {}, retired {until}, signed {}",
                    key.short(),
                    time.describe()
                ),
            ),
            (None, _) => refuse(
                Reason::KeyNotYetValid,
                format!("key {}, signed {}", key.short(), time.describe()),
            ),
        }
    }

    fn check_expiry(&self, now: Timestamp) -> Result<(), Refusal> {
        if now < self.expires {
            return Ok(());
        }
        let saw = format!("since {}, it is {now}", self.expires);
        Err(Refusal::new(Reason::RootExpired, saw))
    }

    fn check_revocation(&self, key: KeyId, time: SigningTime) -> Result<(), Refusal> {
        let Some(revocation) = self.revocation_at(key, time.stamped) else {
            return Ok(());
        };
        let (short, why) = (key.short(), &revocation.reason);
        let saw = format!("key {short}, {why:?}, signed {}", time.describe());
        Err(Refusal::new(Reason::KeyRevoked, saw))
    }

    /// Reads the document. It is a file of ours: unknown members are refused.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let document = strict::parse(bytes)?;
        let fields = Fields::of(&document, "")?;
        let known = [
            "_type",
            "version",
            "line",
            "expires",
            "quorum",
            "builders",
            "verifiers",
            "revoked",
            "timeStampers",
        ];
        fields.only(&known)?;
        if fields.text("_type")? != ROOT_TYPE {
            let problem = FieldProblem::Rule("is the type of another document");
            return Err(fields.error("_type", problem).into());
        }
        let missing = || fields.error("expires", FieldProblem::Missing);
        let stampers = fields.list("timeStampers")?;
        if stampers.len() > MOST_STAMPERS {
            let problem = FieldProblem::Rule("has more than 64 entries");
            return Err(fields.error("timeStampers", problem).into());
        }
        let version = fields.integer("version")?;
        Ok(Self {
            version,
            line: read_line(&fields, version)?,
            expires: fields.optional_time("expires")?.ok_or_else(missing)?,
            quorum: Quorum::read(&fields.object("quorum")?)?,
            builders: read_all(&fields, "builders", BuilderKey::read)?,
            verifiers: read_all(&fields, "verifiers", VerifierKey::read)?,
            revoked: read_all(&fields, "revoked", Revocation::read)?,
            time_stampers: stampers
                .into_iter()
                .map(|(path, value)| decode(value, &path))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl Quorum {
    /// How many of the keys have signed that envelope.
    ///
    /// Counts keys, not signatures: one key that signs twice, or under two names, is one.
    pub fn signers(&self, envelope: &Envelope) -> usize {
        self.made(envelope).len()
    }

    /// Which signature of the envelope is the last one of each key that has signed it.
    ///
    /// A signature is held against the keys that it names, and where it names none of them, against all, as the
    /// name is a hint (DSSE). Each time the whole payload is hashed, so that such trials have an end.
    pub(super) fn made(&self, envelope: &Envelope) -> BTreeMap<KeyId, usize> {
        let pae = envelope.pae();
        let mut trials = UNNAMED;
        let mut made = BTreeMap::new();
        for (place, signature) in envelope.signatures.iter().enumerate() {
            let name = signature.key_id.as_deref();
            let name = name.and_then(|name| name.parse::<KeyName>().ok());
            let is_named = |key: &&PublicKey| name.is_some_and(|name| name.names(key.id()));
            let named: Vec<&PublicKey> = self.keys.iter().filter(is_named).collect();
            let candidates = if named.is_empty() {
                let all: Vec<&PublicKey> = self.keys.iter().take(trials).collect();
                trials -= all.len();
                all
            } else {
                named
            };
            let signed = |key: &&&PublicKey| key.confirm(&pae, &signature.bytes).is_ok();
            let signers = candidates.iter().filter(signed);
            made.extend(signers.map(|key| (key.id(), place)));
        }
        made
    }

    fn to_value(&self) -> Value {
        let Self { keys, threshold } = self;
        let keys: Vec<Value> = keys.iter().map(key_value).collect();
        let threshold = i64::try_from(*threshold).unwrap_or(i64::MAX);
        Value::object([("keys", keys.into()), ("threshold", threshold.into())])
    }

    fn read(fields: &Fields<'_>) -> Result<Self, Refusal> {
        fields.only(&["keys", "threshold"])?;
        let elements = fields.list("keys")?;
        if elements.len() > MOST_KEYS {
            let saw = format!("{} keys, and {MOST_KEYS} are the most", elements.len());
            return Err(Refusal::new(Reason::RootThreshold, saw));
        }
        let elements = elements.into_iter();
        let keys: Vec<PublicKey> = elements
            .map(|(path, value)| read_key(value, &path))
            .collect::<Result<_, _>>()?;
        let threshold = fields.integer("threshold")?;
        let distinct: BTreeSet<KeyId> = keys.iter().map(PublicKey::id).collect();
        let reachable = usize::try_from(threshold)
            .ok()
            .filter(|threshold| (1..=distinct.len()).contains(threshold));
        match reachable {
            Some(threshold) if distinct.len() == keys.len() => Ok(Self { keys, threshold }),
            _ => {
                let saw = format!("{threshold} of {} different keys", distinct.len());
                Err(Refusal::new(Reason::RootThreshold, saw))
            }
        }
    }
}

impl BuilderKey {
    /// Who runs the builder, if its keepers said so: where they did not, the builder stands there itself.
    pub fn named_operator(&self) -> Option<&str> {
        let operator = self.operator.as_str();
        (operator != self.builder).then_some(operator)
    }

    fn to_value(&self) -> Value {
        let Self {
            key,
            builder,
            operator,
            level,
            from,
            until,
        } = self;
        let time = |time: &Option<Timestamp>| time.map(|time| time.to_string().into());
        present([
            ("key", Some(key_value(key))),
            ("builder", Some(builder.as_str().into())),
            ("operator", Some(operator.as_str().into())),
            ("level", Some(i64::from(u8::from(*level)).into())),
            ("from", time(from)),
            ("until", time(until)),
        ])
    }

    fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        fields.only(&["key", "builder", "operator", "level", "from", "until"])?;
        let missing = || fields.error("key", FieldProblem::Missing);
        let key = fields.value("key").ok_or_else(missing)?;
        let no_level = |()| fields.error("level", FieldProblem::Rule("is no SLSA build level"));
        let level = u8::try_from(fields.integer("level")?).map_err(drop);
        Ok(Self {
            key: read_key(key, &fields.path_of("key"))?,
            builder: fields.text("builder")?.to_owned(),
            operator: fields.text("operator")?.to_owned(),
            level: level
                .and_then(|level| level.try_into().map_err(drop))
                .map_err(no_level)?,
            from: fields.optional_time("from")?,
            until: fields.optional_time("until")?,
        })
    }
}

impl VerifierKey {
    fn to_value(&self) -> Value {
        let Self { key, verifier } = self;
        Value::object([
            ("key", key_value(key)),
            ("verifier", verifier.as_str().into()),
        ])
    }

    fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        fields.only(&["key", "verifier"])?;
        let missing = || fields.error("key", FieldProblem::Missing);
        let key = fields.value("key").ok_or_else(missing)?;
        Ok(Self {
            key: read_key(key, &fields.path_of("key"))?,
            verifier: fields.text("verifier")?.to_owned(),
        })
    }
}

impl Revocation {
    fn to_value(&self, key: KeyName) -> Value {
        let Self { from, reason } = self;
        present([
            ("key", Some(key.to_string().into())),
            ("from", from.map(|from| from.to_string().into())),
            ("reason", Some(reason.as_str().into())),
        ])
    }

    fn read(fields: &Fields<'_>) -> Result<(KeyName, Self), FieldError> {
        fields.only(&["key", "from", "reason"])?;
        let rule = FieldProblem::Rule("is no key id");
        let key = fields.text("key")?.parse();
        let revocation = Self {
            from: fields.optional_time("from")?,
            reason: fields.text("reason")?.to_owned(),
        };
        Ok((key.map_err(|_| fields.error("key", rule))?, revocation))
    }
}

fn read_line(fields: &Fields<'_>, version: i64) -> Result<Option<Digest>, FieldError> {
    let wrong = |rule| fields.error("line", FieldProblem::Rule(rule));
    match fields.optional_text("line")? {
        Some(_) if version <= 1 => Err(wrong("is what a later version has, no first one")),
        Some(first) => first.parse().map(Some).map_err(|_| wrong("is no SHA-256")),
        None => Ok(None),
    }
}

fn read_all<T>(
    fields: &Fields<'_>,
    name: &str,
    read: impl Fn(&Fields<'_>) -> Result<T, FieldError>,
) -> Result<Vec<T>, FieldError> {
    let elements = fields.list(name)?;
    if elements.len() > MOST_ENTRIES {
        let problem = FieldProblem::Rule("has more than 4096 entries");
        return Err(fields.error(name, problem));
    }
    let elements = elements.into_iter();
    elements
        .map(|(path, value)| read(&Fields::of(value, &path)?))
        .collect()
}

fn key_value(key: &PublicKey) -> Value {
    base64::encode(key.as_der()).into()
}

fn read_key(value: &Value, path: &str) -> Result<PublicKey, FieldError> {
    let problem = FieldProblem::Rule("is no public key");
    let path = path.to_owned();
    PublicKey::from_der(&decode(value, &path)?).map_err(|_| FieldError { path, problem })
}

fn decode(value: &Value, path: &str) -> Result<Vec<u8>, FieldError> {
    let text = zwieback_model::json::fields::text_of(value, path)?;
    base64::decode(text).map_err(|error| FieldError {
        path: path.to_owned(),
        problem: error.into(),
    })
}

#[cfg(test)]
#[path = "trust_root_tests.rs"]
mod tests;
