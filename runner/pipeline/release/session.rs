//! Where a command meets the gate: opening it, handing in a statement, telling the answer.

use std::path::PathBuf;

use zwieback_attest::statement::Statement;
use zwieback_host::clock;
use zwieback_host::dirs::Dirs;
use zwieback_host::fs::replace::replace;
use zwieback_model::digest::Digest;
use zwieback_model::json::canonical;
use zwieback_model::json::value::Value;
use zwieback_model::labelled::{Text, Tone};
use zwieback_model::timestamp::Timestamp;
use zwieback_trust::command::session::Reader;
use zwieback_trust::command::submit;
use zwieback_trust::screen::json;
use zwieback_trust::state::record::Line;

use crate::pipeline::context::answer::{Answer, Tell};
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::context::keyring::{self, KeyChoice};
use crate::pipeline::gate::session::{Gate, GateError, Keys, Signers};

/// A gate that a command may ask, and who is told its answers.
pub struct ReleaseSession<'a> {
    /// The gate.
    pub gate: Gate,
    /// What the clock showed when the command began: from then on it counts what it is asked to say.
    pub now: Timestamp,
    dirs: &'a Dirs,
    screen: &'a dyn Tell,
}

/// Which gate, and with which keys.
#[derive(Clone, Debug, Default)]
pub struct GateOptions {
    /// The file that says how it is set up here.
    pub file: Option<PathBuf>,
    /// The keys that this machine has.
    pub keys: Keys,
}

/// Who says something, and where it goes.
#[derive(Clone, Debug, Default)]
pub struct SayOptions {
    /// Signs it.
    pub key: KeyChoice,
    /// The file for the signed statement, in place of the log.
    pub output: Option<PathBuf>,
}

impl<'a> ReleaseSession<'a> {
    /// Opens the gate.
    pub fn open(
        options: GateOptions,
        dirs: &'a Dirs,
        screen: &'a dyn Tell,
    ) -> Result<Self, Failure> {
        let file = options.file.ok_or(GateError::Absent)?;
        Ok(Self {
            gate: Gate::open(&file, options.keys, dirs)?,
            now: clock::now(),
            dirs,
            screen,
        })
    }

    /// What is enough to look, at this moment: somebody may have been asked for a passphrase before.
    pub fn reader(&self) -> Reader<'_> {
        self.gate.reader(clock::now())
    }

    /// The keys of whoever runs the command.
    pub fn signers(&self, key: &KeyChoice) -> Result<Signers, Failure> {
        Ok(self.gate.person(key)?)
    }

    /// Signs a statement and has it recorded, or written to a file for someone who can.
    pub fn hand_in(
        &self,
        statement: &Statement,
        say: &SayOptions,
        verb: &'static str,
    ) -> Result<(), Failure> {
        let Some(file) = &say.output else {
            let signers = self.gate.person(&say.key)?;
            let line = submit::record(&signers.session(self.reader()), statement)?;
            return self.recorded(verb, &line);
        };
        let keyring = keyring::open(self.dirs, &say.key)?;
        let (bundle, said) = submit::sign(&self.reader(), statement, keyring.signer.as_ref())?;
        replace(file, &bundle.to_bytes()).with_context(|| file.display().to_string())?;
        let sentence = said.describe(describe);
        let sentence = format!("{sentence}; have it submitted: {}", file.display());
        self.tell("Signed", &sentence, &json::unrecorded(&said))
    }

    /// Tells that a statement stands in the log.
    pub fn recorded(&self, verb: &'static str, line: &Line) -> Result<(), Failure> {
        let sentence = format!("{}, entry {}", describe(line), line.index);
        self.tell(verb, &sentence, &json::line(line))
    }

    /// Tells what was done: a sentence for people, a value for programs.
    pub fn tell(&self, verb: &'static str, sentence: &str, value: &Value) -> Result<(), Failure> {
        self.answer(&Answer::done(verb, sentence, canonical::to_string(value)))
    }

    /// A sentence that only people need.
    pub fn note(&self, tone: Tone, verb: &'static str, sentence: &str) -> Result<(), Failure> {
        self.answer(&Answer::note(tone, verb, sentence))
    }

    /// Shows what was asked for.
    pub fn show(&self, text: &Text, value: &Value) -> Result<(), Failure> {
        let value = canonical::to_string(value);
        self.answer(&Answer::shown(text, vec![value]))
    }

    /// Tells an answer of any form.
    pub fn answer(&self, answer: &Answer) -> Result<(), Failure> {
        Ok(self.screen.tell(answer)?)
    }
}

fn describe(line: &Line) -> String {
    let digest = line.digest.map(Digest::short);
    let digest = digest.map_or(String::new(), |it| format!(" ({it})"));
    let outcome = line.outcome.as_deref().unwrap_or_default();
    let outcome = match outcome {
        "" => String::new(),
        some => format!(" {some}"),
    };
    format!("{}{digest}{outcome}, by {}", line.what, line.who)
}
