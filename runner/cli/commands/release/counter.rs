//! Where a command meets the gate: opening it, handing in a statement, telling the answer.

use std::io::Write as _;

use zwieback_attest::statement::Statement;
use zwieback_host::clock;
use zwieback_host::dirs::Dirs;
use zwieback_host::fs::replace::replace;
use zwieback_host::keys::locator::KeyLocator;
use zwieback_model::digest::Digest;
use zwieback_model::json::canonical;
use zwieback_model::json::value::Value;
use zwieback_model::timestamp::Timestamp;
use zwieback_trust::command::session::Reader;
use zwieback_trust::command::submit;
use zwieback_trust::screen::json;
use zwieback_trust::screen::text::Text;
use zwieback_trust::state::record::Line;

use crate::cli::args::global::{Format, Global};
use crate::cli::args::release::{GateArgs, SayArgs};
use crate::cli::config::Sign;
use crate::cli::screen::labelled::labelled;
use crate::cli::screen::paint::{Meaning, Paint};
use crate::cli::screen::terminal;
use crate::cli::session::load_config;
use crate::pipeline::context::failure::{About as _, Failure};
use crate::pipeline::context::keyring;
use crate::pipeline::gate::session::{Gate, GateError, Keys, Signers};

/// A gate that a command may ask, and how its answers are shown.
pub struct Counter<'a> {
    /// The gate.
    pub gate: Gate,
    /// What the clock shows; one command is one moment.
    pub now: Timestamp,
    global: &'a Global,
    dirs: Dirs,
    sign: Sign,
}

impl<'a> Counter<'a> {
    /// Opens the gate that the arguments or the configuration name.
    pub fn open(global: &'a Global, args: &GateArgs) -> Result<Self, Failure> {
        let dirs = Dirs::of_user()?;
        let config = load_config(global, &dirs)?;
        let file = args.gate.clone().or(config.release.gate);
        let file = file.ok_or(GateError::Absent)?;
        let keys = Keys {
            gate: config
                .release
                .key
                .as_ref()
                .map(|key| config.sign.choice(Some(key))),
            log: config
                .release
                .log_key
                .as_ref()
                .map(|key| config.sign.choice(Some(key))),
        };
        Ok(Self {
            gate: Gate::open(&file, keys, &dirs)?,
            now: clock::now(),
            global,
            dirs,
            sign: config.sign,
        })
    }

    /// What is enough to look.
    pub fn reader(&self) -> Reader<'_> {
        self.gate.reader(self.now)
    }

    /// The keys of whoever runs the command.
    pub fn signers(&self, named: Option<&KeyLocator>) -> Result<Signers, Failure> {
        Ok(self.gate.person(&self.sign.choice(named))?)
    }

    /// Signs a statement and has it recorded, or written to a file for someone who can.
    pub fn hand_in(
        &self,
        statement: &Statement,
        args: &SayArgs,
        verb: &str,
    ) -> Result<(), Failure> {
        let key = self.sign.choice(args.sign_key.as_ref());
        let Some(file) = &args.output else {
            let signers = self.gate.person(&key)?;
            let line = submit::record(&signers.session(self.reader()), statement)?;
            return self.recorded(verb, &line);
        };
        let keyring = keyring::open(&self.dirs, &key)?;
        let (bundle, said) = submit::sign(&self.reader(), statement, keyring.signer.as_ref())?;
        replace(file, &bundle.to_bytes()).with_context(|| file.display().to_string())?;
        let sentence = said.describe(describe);
        let sentence = format!("{sentence}; have it submitted: {}", file.display());
        self.tell("Signed", &sentence, || json::unrecorded(&said))
    }

    /// Tells that a statement stands in the log.
    pub fn recorded(&self, verb: &str, line: &Line) -> Result<(), Failure> {
        let sentence = format!("{}, entry {}", describe(line), line.index);
        self.tell(verb, &sentence, || json::line(line))
    }

    /// Tells what was done: a sentence for people, a value for programs.
    pub fn tell(
        &self,
        verb: &str,
        sentence: &str,
        value: impl FnOnce() -> Value,
    ) -> Result<(), Failure> {
        match self.global.format {
            Format::Json => print(&value()),
            Format::Human => self.note(Meaning::Good, verb, sentence),
        }
    }

    /// A sentence that only people need.
    pub fn note(&self, meaning: Meaning, verb: &str, sentence: &str) -> Result<(), Failure> {
        if self.global.quiet || self.global.format == Format::Json {
            return Ok(());
        }
        let paint = Paint::for_stderr(self.global.color);
        let line = paint.line(meaning, verb, sentence);
        Ok(writeln!(terminal::stderr(), "{line}")?)
    }

    /// Shows what was asked for, on stdout.
    pub fn show(&self, text: &Text, value: impl FnOnce() -> Value) -> Result<(), Failure> {
        if self.global.format == Format::Json {
            return print(&value());
        }
        let shown = labelled(text, Paint::for_stdout(self.global.color));
        Ok(terminal::stdout().write_all(shown.as_bytes())?)
    }
}

fn print(value: &Value) -> Result<(), Failure> {
    let line = canonical::to_string(value);
    Ok(writeln!(terminal::stdout(), "{line}")?)
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
