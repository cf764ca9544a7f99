//! What the commands share: the log, why it is believed, what is remembered of it, and who is told.

use std::path::Path;

use serde_json::Value;
use zwieback_host::clock;
use zwieback_host::dirs::Dirs;
use zwieback_host::fetch::settings::Settings;
use zwieback_trust::log::believed::BelievedLog;
use zwieback_trust::log::error::LogError;
use zwieback_trust::log::memory::Memory;
use zwieback_trust::log::place::LogDir;
use zwieback_trust::reason::{Reason, Refusal};
use zwieback_trust::tlog::note_key::NoteKey;
use zwieback_trust::tlog::view::Expectation;
use zwieback_trust::tlog::witness_policy::WitnessPolicy;

use crate::pipeline::context::answer::{Answer, Tell};
use crate::pipeline::context::failure::Failure;
use crate::pipeline::context::log_belief::LogBelief;
use crate::pipeline::gate::log_copy;
use crate::pipeline::gate::log_memory;

/// What a command about a log needs of the world.
pub struct LogSession<'a> {
    /// The user's folders.
    pub dirs: &'a Dirs,
    /// How a log at an address is fetched.
    pub fetch: Settings,
    /// Who is told.
    pub screen: &'a dyn Tell,
}

impl LogSession<'_> {
    /// The log of that folder, or a copy of the one at that address, refreshed if it is signed as it should be.
    pub fn open(&self, log: &str, policy: Option<&WitnessPolicy>) -> Result<LogDir, Failure> {
        Ok(log_copy::open(log, policy, self.dirs, &self.fetch)?)
    }

    /// The log of that folder or address, held against its signers, its witnesses and what this user
    /// remembers of it; and a file that was named besides.
    pub fn believed(
        &self,
        log: &str,
        belief: &LogBelief,
        named: Option<&Path>,
    ) -> Result<BelievedLog, Failure> {
        let policy = belief.policy()?;
        let memory = self.memory(&policy)?.beside(named.map(Path::to_owned));
        let log = self.open(log, Some(&policy))?;
        let expected = Expectation {
            policy: &policy,
            seen: None,
            max_age: belief.max_age()?,
            // After it was fetched: whoever serves it slowly does not make the witnesses' word younger.
            now: clock::now(),
        };
        Ok(log.believe(&expected, &memory)?)
    }

    /// The same for whoever names no key: it is the one that lies in the folder.
    pub fn believe_own(&self, log: &str) -> Result<BelievedLog, Failure> {
        let log = self.open(log, None)?;
        Ok(log.believe_own(&log_memory::of(self.dirs, log.key())?, clock::now())?)
    }

    /// What this user remembers of a log, whichever command looks.
    pub fn memory(&self, policy: &WitnessPolicy) -> Result<Memory, Failure> {
        Ok(log_memory::of(self.dirs, first(policy)?)?)
    }

    /// What this user did last with a log in that role, or the file that was named.
    pub fn position(
        &self,
        named: Option<&Path>,
        role: &str,
        policy: &WitnessPolicy,
    ) -> Result<Memory, Failure> {
        match named {
            Some(path) => Ok(Memory::new(path)),
            None => Ok(log_memory::position(self.dirs, first(policy)?, role)?),
        }
    }
}

/// Tells what was done: a sentence for people, a value for programs.
pub fn tell(
    screen: &dyn Tell,
    verb: &'static str,
    sentence: String,
    value: &Value,
) -> Result<(), Failure> {
    Ok(screen.tell(&Answer::done(verb, sentence, value.to_string()))?)
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
