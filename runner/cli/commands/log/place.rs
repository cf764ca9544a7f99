//! What the commands share: the log, why it is believed, what is remembered of it, and how they tell.

use std::io::Write as _;
use std::path::Path;

use serde_json::Value;
use zwieback_host::clock;
use zwieback_host::dirs::Dirs;
use zwieback_host::fetch::settings::Settings;
use zwieback_host::fs::given_file::{self, DOCUMENT};
use zwieback_trust::log::believed::BelievedLog;
use zwieback_trust::log::error::LogError;
use zwieback_trust::log::memory::Memory;
use zwieback_trust::log::place::LogDir;
use zwieback_trust::reason::{Reason, Refusal};
use zwieback_trust::tlog::note_key::NoteKey;
use zwieback_trust::tlog::view::Expectation;
use zwieback_trust::tlog::witness_policy::WitnessPolicy;

use crate::cli::args::global::{Format, Global};
use crate::cli::args::log::BeliefArgs;
use crate::cli::env;
use crate::cli::screen::paint::{Meaning, Paint};
use crate::cli::screen::terminal;
use crate::cli::session::load_config;
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::gate::log_copy;
use crate::pipeline::gate::log_memory;

/// The log of that folder, or a copy of the one at that address, refreshed if it is signed as it should be.
pub fn open(
    log: &str,
    policy: Option<&WitnessPolicy>,
    global: &Global,
    dirs: &Dirs,
) -> Result<LogDir, Failure> {
    let settings = Settings {
        proxies: env::proxies(),
        limits: load_config(global, dirs)?.fetch.limits(),
        ..Settings::default()
    };
    Ok(log_copy::open(log, policy, dirs, &settings)?)
}

/// Which logs are believed, and on whose word.
pub fn belief(args: &BeliefArgs) -> Result<WitnessPolicy, Failure> {
    match (&args.signed_by, &args.witnesses) {
        (Some(key), _) => signed_by(key),
        (None, Some(path)) => {
            let text = given_file::read_text(path, DOCUMENT);
            let text = text.with_context(|| path.display().to_string())?;
            Ok(WitnessPolicy::parse(&text).map_err(LogError::from)?)
        }
        (None, None) => Err(Failure::asked(
            "say why the log is believed: --signed-by or --witnesses",
        )),
    }
}

/// Believes the log with that key by itself.
pub fn signed_by(key: &str) -> Result<WitnessPolicy, Failure> {
    let key: NoteKey = key.parse().map_err(LogError::from)?;
    Ok(WitnessPolicy::unwitnessed(key))
}

/// The log of that folder or address, held against its signers, its witnesses and what this user
/// remembers of it; and a file that was named besides.
pub fn believe(
    log: &str,
    args: &BeliefArgs,
    named: Option<&Path>,
    global: &Global,
    dirs: &Dirs,
) -> Result<BelievedLog, Failure> {
    let policy = belief(args)?;
    let memory = memory(&policy, dirs)?.beside(named.map(Path::to_owned));
    let expected = Expectation {
        policy: &policy,
        seen: None,
        max_age: max_age(args)?,
        now: clock::now(),
    };
    Ok(open(log, Some(&policy), global, dirs)?.believe(&expected, &memory)?)
}

/// The same for whoever names no key: it is the one that lies in the folder.
pub fn believe_own(log: &str, global: &Global, dirs: &Dirs) -> Result<BelievedLog, Failure> {
    let log = open(log, None, global, dirs)?;
    Ok(log.believe_own(&log_memory::of(dirs, log.key())?, clock::now())?)
}

/// How old the witnesses' word may be, in seconds.
pub fn max_age(args: &BeliefArgs) -> Result<Option<i64>, Failure> {
    let age = args.max_age.map(|it| i64::try_from(it.0)).transpose();
    age.context("the age is longer than time itself")
}

/// What this user remembers of a log, whichever command looks.
pub fn memory(policy: &WitnessPolicy, dirs: &Dirs) -> Result<Memory, Failure> {
    Ok(log_memory::of(dirs, first(policy)?)?)
}

/// What this user did last with a log in that role, or the file that was named.
pub fn position(
    named: Option<&Path>,
    role: &str,
    policy: &WitnessPolicy,
    dirs: &Dirs,
) -> Result<Memory, Failure> {
    match named {
        Some(path) => Ok(Memory::new(path)),
        None => Ok(log_memory::position(dirs, first(policy)?, role)?),
    }
}

fn first(policy: &WitnessPolicy) -> Result<&NoteKey, LogError> {
    let none = || Refusal::new(Reason::WitnessPolicyMalformed, "no log is named");
    Ok(policy.logs().first().ok_or_else(none)?)
}

/// So many entries, in words.
pub fn entries(count: u64) -> String {
    match count {
        1 => "1 entry".to_owned(),
        count => format!("{count} entries"),
    }
}

/// Tells what was done: a sentence for people, a value for programs.
pub fn tell(global: &Global, verb: &str, sentence: &str, value: &Value) -> Result<(), Failure> {
    if global.format == Format::Json {
        return Ok(writeln!(terminal::stdout(), "{value}")?);
    }
    if global.quiet {
        return Ok(());
    }
    let line = Paint::for_stderr(global.color).line(Meaning::Good, verb, sentence);
    Ok(writeln!(terminal::stderr(), "{line}")?)
}
