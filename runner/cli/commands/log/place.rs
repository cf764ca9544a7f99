//! What the commands share: the log, why it is believed, what is remembered of it, and how they tell.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;
use zwieback_core::digest::Digest;
use zwieback_core::timestamp::Timestamp;
use zwieback_host::dirs::Dirs;
use zwieback_host::fetch::settings::Settings;
use zwieback_host::fs::given_file::{self, DOCUMENT};
use zwieback_trust::log::error::LogError;
use zwieback_trust::log::monitor::Memory;
use zwieback_trust::log::place::LogDir;
use zwieback_trust::reason::{Reason, Refusal};
use zwieback_trust::tlog::note_key::NoteKey;
use zwieback_trust::tlog::view::Expectation;
use zwieback_trust::tlog::witness_policy::WitnessPolicy;

use crate::cli::args::global::{Format, Global};
use crate::cli::args::log::BeliefArgs;
use crate::cli::env;
use crate::cli::screen::paint::{Meaning, Paint};
use crate::pipeline::log_copy::{self, CopyError};

/// The log of that folder, or a copy of the one at that address, refreshed.
pub fn open(log: &str, dirs: &Dirs) -> anyhow::Result<LogDir> {
    let settings = Settings {
        proxies: env::proxies(),
        ..Settings::default()
    };
    log_copy::open(log, dirs, &settings).map_err(|error| match error {
        CopyError::Log(error) => error.into(),
        CopyError::Refused(refusal) => LogError::from(refusal).into(),
        other => other.into(),
    })
}

/// Which logs are believed, and on whose word.
pub fn belief(args: &BeliefArgs) -> anyhow::Result<WitnessPolicy> {
    match (&args.signed_by, &args.witnesses) {
        (Some(key), _) => signed_by(key),
        (None, Some(path)) => {
            let text = given_file::read_text(path, DOCUMENT);
            let text = text.with_context(|| path.display().to_string())?;
            Ok(WitnessPolicy::parse(&text).map_err(LogError::from)?)
        }
        (None, None) => anyhow::bail!("say why the log is believed: --signed-by or --witnesses"),
    }
}

/// Believes the log with that key by itself.
pub fn signed_by(key: &str) -> anyhow::Result<WitnessPolicy> {
    let key: NoteKey = key.parse().map_err(LogError::from)?;
    Ok(WitnessPolicy::unwitnessed(key))
}

/// What must be true of a log before anything in it is believed.
pub fn expectation<'a>(
    args: &BeliefArgs,
    policy: &'a WitnessPolicy,
    memory: &Memory,
    now: Timestamp,
) -> anyhow::Result<Expectation<'a>> {
    Ok(Expectation {
        policy,
        seen: memory.seen(policy)?,
        max_age: max_age(args)?,
        now,
    })
}

/// How old the witnesses' word may be, in seconds.
pub fn max_age(args: &BeliefArgs) -> anyhow::Result<Option<i64>> {
    let age = args.max_age.map(|it| i64::try_from(it.0)).transpose();
    age.context("the age is longer than time itself")
}

/// What this user remembers of a log in that role, or the file that was named.
pub fn memory(
    named: Option<&Path>,
    role: &str,
    policy: &WitnessPolicy,
    dirs: &Dirs,
) -> anyhow::Result<Memory> {
    if let Some(path) = named {
        return Ok(Memory::new(path));
    }
    let none = || Refusal::new(Reason::WitnessPolicyMalformed, "no log is named");
    let [key, ..] = policy.logs() else {
        return Err(LogError::from(none()).into());
    };
    let log = Digest::sha256(key.to_string().as_bytes()).to_hex();
    let folder: PathBuf = dirs.state.join("log-memory").join(log);
    Ok(Memory::new(folder.join(role)))
}

/// So many entries, in words.
pub fn entries(count: u64) -> String {
    match count {
        1 => "1 entry".to_owned(),
        count => format!("{count} entries"),
    }
}

/// Tells what was done: a sentence for people, a value for programs.
pub fn tell(global: &Global, verb: &str, sentence: &str, value: &Value) -> anyhow::Result<()> {
    if global.format == Format::Json {
        return Ok(writeln!(std::io::stdout().lock(), "{value}")?);
    }
    if global.quiet {
        return Ok(());
    }
    let line = Paint::for_stderr(global.color).line(Meaning::Good, verb, sentence);
    Ok(writeln!(std::io::stderr().lock(), "{line}")?)
}
